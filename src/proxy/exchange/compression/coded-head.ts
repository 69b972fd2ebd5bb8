// Heads of answers with other fields.

import { FIELD } from '../../../http/field-names.ts'
import { type Fields, firstValue } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { notModifiedFields, variedFields } from '../../../policy/request/compression/coded-fields.ts'

const NOT_MODIFIED = 304

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
