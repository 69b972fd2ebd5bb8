// What single fields of a request mean, whatever protocol carries it.

import type { BodyLength } from './body.ts'
import { FIELD, type Field } from './field-names.ts'
import { type Fields, firstValue } from './fields.ts'

/** Longest method: the longest that is registered has 17. */
export const METHOD_CHARS = 64
/** Largest Max-Forwards that is passed on (RFC 9110 7.6.2 lets each proxy have one). */
const MAX_HOPS = 1000
const DIGITS = /^[0-9]+$/
const LENGTH = /^[0-9]{1,16}$/

export function isRepeated({ kinds }: Fields, kind: Field): boolean {
  return kinds.indexOf(kind) !== kinds.lastIndexOf(kind)
}

/** @returns undefined where the text is not a length */
export function contentLength(value: string): BodyLength | undefined {
  if (!LENGTH.test(value)) return undefined
  const length = Number(value)
  return length <= Number.MAX_SAFE_INTEGER ? length : undefined
}

/** @returns undefined = there is an expectation other than 100-continue (RFC 9110 10.1.1) */
export function expectsContinue(fields: Fields): boolean | undefined {
  const expect = firstValue(fields, FIELD.expect)
  if (expect === undefined) return false
  return !isRepeated(fields, FIELD.expect) && expect.toLowerCase() === '100-continue' ? true : undefined
}

/** @returns undefined = there is none, NaN = it is malformed or repeated */
export function maxForwards(fields: Fields): number | undefined {
  const value = firstValue(fields, FIELD.maxForwards)
  if (value === undefined) return undefined
  return DIGITS.test(value) && !isRepeated(fields, FIELD.maxForwards) ? Math.min(Number(value), MAX_HOPS) : Number.NaN
}

/** In any case: an upstream that does not tell the cases apart would begin a tunnel that nobody here knows of. */
export function isConnect(method: string): boolean {
  return method.length === 7 && method.toUpperCase() === 'CONNECT'
}
