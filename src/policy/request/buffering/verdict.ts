// Whether the body of a request is gathered before an upstream is chosen, and whether an answer is taken off its upstream although the
// client does not take it yet. Neither for streams: who is to see each piece of one is to be waited for.

import { FIELD } from '../../../http/field-names.ts'
import { type Fields, fieldValue, firstValue } from '../../../http/fields.ts'
import type { BufferMode } from '../../../plan/buffering.ts'

export interface BufferedRoute {
  readonly mode: BufferMode
  /** Its answers are held open on purpose. */
  readonly longPoll: boolean
  /** The upstream, or one that may be chosen, is known to hold a worker for each connection. */
  readonly holdsWorkers: boolean
}

/** Media types that are streams, whatever else is said of them. */
const STREAMS = /^(?:text\/event-stream|multipart\/x-mixed-replace|application\/grpc)/i
const SAID = 'x-accel-buffering'

/** @param fields of the request @param upgrade it asks for another protocol */
export function buffersRequest(
  { mode, longPoll, holdsWorkers }: BufferedRoute,
  fields: Fields,
  upgrade: boolean,
): boolean {
  if (mode === 'off' || longPoll || upgrade || (mode === 'auto' && !holdsWorkers)) return false
  return !STREAMS.test(firstValue(fields, FIELD.contentType) ?? '')
}

/** @param fields of the answer: X-Accel-Buffering (nginx) has the last word where the route leaves it to vigia, and `no` always */
export function buffersResponse({ mode, longPoll, holdsWorkers }: BufferedRoute, fields: Fields): boolean {
  if (mode === 'off' || longPoll) return false
  const said = fieldValue(fields, SAID)?.trim().toLowerCase()
  if (said === 'no' || STREAMS.test(firstValue(fields, FIELD.contentType) ?? '')) return false
  return mode === 'on' || holdsWorkers || said === 'yes'
}
