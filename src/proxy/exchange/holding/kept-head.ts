// A held request as it is carried out: its head is read again as strictly as one that comes over a connection, by the configuration of now.

import type { FaultCode } from '../../../http/faults.ts'
import { FIELD, type Field } from '../../../http/field-names.ts'
import { fieldValue } from '../../../http/fields.ts'
import type { ForwardedRequest } from '../../../http/forwarded-request.ts'
import type { RequestHead } from '../../../http/heads.ts'
import { parseRequestHead } from '../../../http1/request-head.ts'
import type { Snapshot } from '../../../plan/snapshot.ts'
import type { ForwardRequest, KeptRequest } from '../../../shared/held/messages.ts'
import { iso } from '../../../util/words.ts'
import type { ActiveSnapshot } from '../active-snapshot.ts'
import type { ClientSide } from '../downstream.ts'
import { forwardedRequest } from '../request-fields.ts'

const BREAK = /[\r\n\0]/

/** Undefined = its listener is gone. */
export function keptSide({ snapshot, isTrusted }: ActiveSnapshot, kept: KeptRequest): ClientSide | undefined {
  const listener = snapshot.listeners.find(({ name }) => name === kept.listener)
  if (listener === undefined) return undefined
  const { peer, scheme } = kept
  const tls = listener.tls && { serverName: undefined, alpn: undefined, certificate: undefined }
  return { peer, trusted: isTrusted(peer), scheme, http2: false, listener, tls, refused: undefined }
}

/** With a key where the client gave none: whatever becomes of it, its upstream can know it again. */
export function keptHead({ id, request }: ForwardRequest, { limits }: Snapshot): RequestHead | FaultCode {
  const { method, target, host = '', fields, body } = request
  const lines = [`Host: ${host}`]
  let hasKey = false
  // What would end a line could not have come so.
  if (BREAK.test(target) || BREAK.test(host) || fields.some(each => BREAK.test(each))) return 'bad-field'
  for (let i = 0; i < fields.length; i += 2) {
    lines.push(`${fields[i]}: ${fields[i + 1]}`)
    hasKey ||= fields[i]!.toLowerCase() === 'idempotency-key'
  }
  if (!hasKey) lines.push(`Idempotency-Key: "${id}"`)
  if (body.length > 0 || method !== 'DELETE') lines.push(`Content-Length: ${body.length}`)
  // What vigia adds does not count against a client's limits.
  const most = { ...limits, headerCount: limits.headerCount + 3 }
  return parseRequestHead(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, most, {
    section: '',
    meaning: undefined,
  })
}

/** What goes up: as from its client, and that it was held. */
export function keptForwarded(
  { id, sinceMs }: ForwardRequest,
  head: RequestHead,
  side: ClientSide,
  { snapshot, isTrusted, certificateFields }: ActiveSnapshot,
): ForwardedRequest {
  const forwarded = forwardedRequest(head, side, snapshot.headers.via, isTrusted, certificateFields)
  const { names, values, kinds } = forwarded.fields
  const own: readonly Field[] = [FIELD.held]
  return {
    ...forwarded,
    fields: {
      names: [...names, 'X-Vigia-Held'],
      values: [...values, `${id}; since=${iso(sinceMs)}`],
      kinds: [...kinds, ...own],
    },
  }
}

/** The key under which its upstream may know it. */
export function keyOf(head: RequestHead): string | undefined {
  return fieldValue(head.meaning.fields, 'idempotency-key')
}
