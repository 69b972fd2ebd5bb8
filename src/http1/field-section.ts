// Reads a section of header fields, with the syntax of RFC 9110 5 and RFC 9112 5 enforced. What the fields mean (framing, connection
// options) is decided elsewhere.

import type { FaultCode } from '../http/faults.ts'
import { type Field, fieldOf } from '../http/field-names.ts'
import type { Fields } from '../http/fields.ts'

/** A whole field section with its final empty line; every class is disjoint from what follows it, so matching is linear. */
const SECTION = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
/** The same, with blanks between name and colon. */
const LOOSE_SECTION = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+[\t ]*:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/
const BLANK_BEFORE_COLON = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[\t ]+:/gm
const CONTROL = /[\0-\x08\x0a-\x1f\x7f]/
const LINE_BREAK = /[\r\n]/
const NAME_AND_COLON = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:/
const NAME_AND_LOOSE_COLON = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+[\t ]*:/

/**
 * Whose fields they are. A blank between name and colon is a fault of a request, for servers differ in what they make of it; in a
 * response it is dropped (RFC 9112 5.1).
 */
export type Kind = 'request' | 'response'

/**
 * Parses a field section that ends with its empty line.
 * @returns the fields, or the first fault in the order of the bytes
 */
export function parseFields(whole: string, maxCount: number, kind: Kind): Fields | FaultCode {
  let section = whole
  if (!SECTION.test(section)) {
    if (kind === 'request' || !LOOSE_SECTION.test(section))
      return diagnoseFields(section, maxCount, kind) ?? 'bad-field'
    section = section.replace(BLANK_BEFORE_COLON, '$1:')
  }
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

/** The first fault in a section that may have been cut off; undefined = nothing wrong in its complete lines. */
export function diagnoseFields(section: string, maxCount: number, kind: Kind): FaultCode | undefined {
  const nameAndColon = kind === 'request' ? NAME_AND_COLON : NAME_AND_LOOSE_COLON
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
    if (!nameAndColon.test(line)) return 'bad-field'
    at = lineEnd + 2
  }
  return undefined
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
