// Heads of answers with other fields, and one that waits for the length of its body.

import { FIELD } from '../../../http/field-names.ts'
import { type Fields, firstValue } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import type { Coding } from '../../../plan/compression.ts'
import { notModifiedFields, variedFields } from '../../../policy/request/compression/coded-fields.ts'

const NOT_MODIFIED = 304

/** Up to this length a body is compressed as a whole, so that its new length can be told; without an encoder on this thread. */
export const SHORT_BYTES = 8192

/** Kept until it is known how long the encoded body is. */
export interface HeldHead {
  readonly head: ResponseHead
  readonly requestId: string
  readonly cookie: string
  readonly coding: Coding
}

/** Its body is compressed as a whole. */
export function isShort({ head: { length } }: HeldHead): boolean {
  return length >= 0 && length <= SHORT_BYTES
}

/** Fields of an answer that could have been compressed. */
export function varied({ status, fields }: ResponseHead, ifNoneMatch: string | undefined): Fields {
  return status === NOT_MODIFIED ? notModifiedFields(fields, ifNoneMatch) : variedFields(fields)
}

export function withFields(head: ResponseHead, fields: Fields, length: number): ResponseHead {
  return fields === head.fields ? head : { ...head, fields, length, written: undefined, encoded: undefined }
}

export function isEventStream({ fields }: ResponseHead): boolean {
  return /^text\/event-stream\b/i.test(firstValue(fields, FIELD.contentType) ?? '')
}
