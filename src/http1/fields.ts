// Header fields: from text to parallel arrays, with the syntax of RFC 9110 5 and RFC 9112 5 enforced.
// What the fields mean (framing, connection options) is decided elsewhere.

import type { FaultCode } from './faults.ts'
import { FIELD, type Field, fieldOf } from './field-names.ts'

/** Fields in the order of arrival; the three arrays are parallel. Values have no surrounding white space. */
export interface Fields {
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly kinds: readonly Field[]
}

export const NO_FIELDS: Fields = { names: [], values: [], kinds: [] }

/** A whole field section with its final empty line; every class is disjoint from what follows it, so matching is linear. */
const SECTION = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/
const LINE_BREAK = /[\r\n]/
const NAME_AND_COLON = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/

/**
 * Parses a field section that ends with its empty line.
 * @returns the fields, or the first fault in the order of the bytes
 */
export function parseFields(section: string, maxCount: number): Fields | FaultCode {
  if (!SECTION.test(section)) return diagnoseFields(section, maxCount) ?? 'bad-field'
  const names: string[] = []
  const values: string[] = []
  const kinds: Field[] = []
  const end = section.length - 2
  let at = 0
  while (at < end) {
    if (names.length === maxCount) return 'too-many-fields'
    const colon = section.indexOf(':', at)
    const lineEnd = section.indexOf('\r\n', colon)
    const name = section.slice(at, colon)
    names.push(name)
    values.push(trimmed(section, colon + 1, lineEnd))
    kinds.push(fieldOf(name))
    at = lineEnd + 2
  }
  return { names, values, kinds }
}

/** Value of the first field called `name` (lower case), or undefined. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.names.length; i += 1) {
    const candidate = fields.names[i]!
    if (candidate.length === name.length && candidate.toLowerCase() === name) return fields.values[i]
  }
  return undefined
}

/** All values of fields called `name` (lower case) as one list (RFC 9110 5.3), or undefined. */
export function fieldValues(fields: Fields, name: string): string | undefined {
  let list: string | undefined
  for (let i = 0; i < fields.names.length; i += 1) {
    const candidate = fields.names[i]!
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    list = list === undefined ? fields.values[i]! : `${list}, ${fields.values[i]!}`
  }
  return list
}

/** Value of the first field of `kind`, or undefined. */
export function firstValue(fields: Fields, kind: Field): string | undefined {
  const at = fields.kinds.indexOf(kind)
  return at < 0 ? undefined : fields.values[at]
}

/** All values of `kind` joined as one list (RFC 9110 5.3), or undefined. */
export function listOf(fields: Fields, kind: Field): string | undefined {
  let list: string | undefined
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] === kind) list = list === undefined ? fields.values[i]! : `${list}, ${fields.values[i]!}`
  }
  return list
}

/** The first fault in a section that may have been cut off; undefined = nothing wrong in its complete lines. */
export function diagnoseFields(section: string, maxCount: number): FaultCode | undefined {
  let at = 0
  for (let count = 0; at < section.length; count += 1) {
    const lineEnd = section.indexOf('\r\n', at)
    const line = section.slice(at, lineEnd < 0 ? section.length : lineEnd)
    if (line === '') return undefined
    const control = CONTROL.exec(line)
    // A CR at the very end of a cut-off section may yet get its LF.
    if (control && !(lineEnd < 0 && control[0] === '\r' && control.index === line.length - 1)) {
      return LINE_BREAK.test(control[0]) ? 'bad-line-break' : 'bad-character'
    }
    if (lineEnd < 0) return undefined
    if (count === maxCount) return 'too-many-fields'
    if (line[0] === ' ' || line[0] === '\t') return 'line-folding'
    if (!NAME_AND_COLON.test(line)) return 'bad-field'
    at = lineEnd + 2
  }
  return undefined
}

/** Fields that a trailer section must not carry (RFC 9110 6.5.1): framing, routing, connection control, credentials. */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  ...[
    'authorization',
    'set-cookie',
    'content-encoding',
    'content-type',
    'content-range',
    'cache-control',
    'max-forwards',
  ],
  ...['www-authenticate', 'proxy-authenticate', 'proxy-authorization', 'authentication-info', 'range', 'age', 'date'],
  ...[
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'if-range',
    'expires',
    'location',
    'retry-after',
  ],
  ...['vary', 'warning', 'pragma'],
])

/** The trailers that may be passed on, serialised; every forbidden one is dropped. */
export function serialiseTrailers(trailers: Fields): string {
  let text = ''
  for (let i = 0; i < trailers.names.length; i += 1) {
    if (trailers.kinds[i] !== FIELD.other || NOT_IN_TRAILERS.has(trailers.names[i]!.toLowerCase())) continue
    text += `${trailers.names[i]}: ${trailers.values[i]}\r\n`
  }
  return text
}

const SPACE = 32
const TAB = 9

function trimmed(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from += 1
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}
