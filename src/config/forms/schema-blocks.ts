// The building blocks of the schema: sections without stray keys, durations, sizes, names.
// `title` says in people's words what a value must be, `whyRequired` what a missing key is good for; error messages are made of them.

import Type, { type TObjectOptions, type TProperties, type TSchema } from 'typebox'
import { DURATION_PATTERN, SHARE_PATTERN, SIZE_PATTERN, SPAN_PATTERN } from './units.ts'

export const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_. -]{0,62}$'
export const NAME_WORDS = 'a name: letters, digits, space, . _ -, at most 63 characters, first a letter or digit'

/** A mapping in which an unknown key is an error. */
export function section<P extends TProperties>(properties: P, description: string, options: TObjectOptions = {}) {
  return Type.Object(properties, { title: 'a mapping', description, additionalProperties: false, ...options })
}

/** A mapping from free names (checked by the cross-checks) to `item`. */
export function byName<S extends TSchema>(item: S, title: string, description: string) {
  return Type.Record(Type.String(), item, { title, description })
}

export function name(description: string) {
  return Type.String({ pattern: NAME_PATTERN, title: NAME_WORDS, description })
}

export function text(title: string, description: string, fallback?: string) {
  return Type.String({ minLength: 1, title, ...described(description, fallback) })
}

/** A duration; 0 means what `zero` says, and is refused where there is no `zero`. */
export function duration(effect: string, fallback: string | undefined, zero?: string) {
  const title = `a duration (below 500h) such as 250ms, 2s, 5m or 8h${zero === undefined ? '' : `, or 0 (${zero})`}`
  const pattern = zero === undefined ? nonZero(DURATION_PATTERN) : DURATION_PATTERN
  return numberOrUnit(title, pattern, zero !== undefined, described(withZero(effect, zero), fallback))
}

/** For how long something is kept; 0 means what `zero` says, and is refused where there is no `zero`. */
export function span(effect: string, fallback: string, zero?: string) {
  const title = `a length of time such as 30m, 8h or 7d${zero === undefined ? '' : `, or 0s (${zero})`}`
  const pattern = zero === undefined ? nonZero(SPAN_PATTERN) : SPAN_PATTERN
  return Type.String({ pattern, title, ...described(effect, fallback) })
}

/** A size in bytes; 0 means what `zero` says. */
export function size(effect: string, fallback: string | undefined, zero?: string, whyRequired?: string) {
  const title = `a size such as 512B, 64KiB, 8MiB or 1GiB${zero === undefined ? '' : `, or 0 (${zero})`}`
  const pattern = zero === undefined ? nonZero(SIZE_PATTERN) : SIZE_PATTERN
  const notes = {
    ...described(withZero(effect, zero), fallback),
    ...(whyRequired === undefined ? {} : { whyRequired }),
  }
  return numberOrUnit(title, pattern, zero !== undefined, notes)
}

/** A share in percent; 0 is refused unless `zero` says what it means. */
export function share(effect: string, fallback: string | undefined, zero?: string) {
  const title = `a share such as 20%${zero === undefined ? '' : `, or 0 (${zero})`}`
  const pattern = zero === undefined ? SHARE_PATTERN.replace('^', '^(?=.*[1-9])') : SHARE_PATTERN
  return numberOrUnit(title, pattern, zero !== undefined, described(withZero(effect, zero), fallback))
}

export function boolean(effect: string, fallback: boolean) {
  return Type.Boolean({ title: 'true or false', ...described(effect, fallback) })
}

export function integer(minimum: number, maximum: number, effect: string, fallback?: number) {
  const title = `a whole number from ${minimum} to ${maximum}`
  return Type.Integer({ minimum, maximum, title, ...described(effect, fallback) })
}

export function number(minimum: number, maximum: number, effect: string, fallback?: number) {
  const title = `a number from ${minimum} to ${maximum}`
  return Type.Number({ minimum, maximum, title, ...described(effect, fallback) })
}

/** One `item` or a list of them. */
export function oneOrMore<S extends TSchema>(item: S, title: string, description: string, fallback?: string) {
  return Type.Union([item, Type.Array(item, { minItems: 1, title: 'a list with at least one entry' })], {
    title,
    ...described(description, fallback),
  })
}

export function described(effect: string, fallback: unknown): { description: string; default?: unknown } {
  if (fallback === undefined) return { description: effect }
  return { description: `${effect} Default: ${String(fallback)}.`, default: fallback }
}

/** The same pattern, but some digit is not 0. */
function nonZero(pattern: string): string {
  return pattern.replace('^(?:0|', '^(?=.*[1-9])(?:')
}

function withZero(effect: string, zero: string | undefined): string {
  return zero === undefined ? effect : `${effect} 0 = ${zero}.`
}

function numberOrUnit(
  title: string,
  pattern: string,
  zero: boolean,
  notes: { description: string; default?: unknown },
) {
  const withUnit = Type.String({ pattern })
  // A bare 0 is a number in YAML. Refusing it where it means nothing is the pattern's and this literal's work.
  return zero ? Type.Union([withUnit, Type.Literal(0)], { title, ...notes }) : Type.String({ pattern, title, ...notes })
}
