// Why a response head is refused, in words for people: which rule, at which field or byte. Names and sizes of fields are told, values never:
// they may be secrets. Asked only when a head was refused, so it may take its time.

import type { FaultCode } from '../http/faults.ts'
import { FIELD, type Field, fieldOf } from '../http/field-names.ts'
import type { HeadLimits } from '../http/limits.ts'
import { badBreak } from './line-breaks.ts'

/** A name that was sent may be long. */
const NAME_CHARS = 64
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?=[\t ]*:)/
const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/
/** What a status line is made of, character by character; a reason follows. */
const STATUS_LINE = [/H/, /T/, /T/, /P/, /\//, /\d/, /\./, /\d/, / /, /[1-9]/, /\d/, /\d/, / /]
const NOT_IN_REASON = /[^\t\x20-\x7e\x80-\xff]/

/** One line of a head, as far as it came. */
interface Line {
  /** Undefined = it has no valid name. */
  readonly name: string | undefined
  /** Of its first character, in the head. */
  readonly start: number
  readonly text: string
}

/**
 * One line: the code, then what it means here. Bytes and fields are counted from 1.
 * @param head as it was refused, whole or cut off; latin1
 */
export function explainResponseFault(code: FaultCode, head: string, limits: HeadLimits): string {
  const lines = linesOf(head)
  return `${code}: ${wordsFor(code, head, lines, limits)}`
}

function wordsFor(code: FaultCode, head: string, lines: readonly Line[], limits: HeadLimits): string {
  const fields = lines.slice(1)
  switch (code) {
    case 'bad-start-line':
      return `the status line is malformed at byte ${statusFault(lines[0]!.text) + 1}`
    case 'bad-version':
      return `the status line says ${head.slice(0, 8)}, which is not HTTP/1`
    case 'head-too-large':
      return `the head has more than ${limits.headBytes} bytes (limits.head of the pool), ${largest(fields)}`
    case 'too-many-fields':
      return `the head has ${fields.length} fields, more than ${limits.headerCount} (limits.headers of the pool), ${commonest(fields)}`
    case 'bad-line-break':
      return `a line ends with a bare CR or LF, ${placeOf(badBreak(head, 0), lines)}`
    case 'bad-character':
      return `there is a control character, ${placeOf(head.search(CONTROL), lines)}`
    case 'line-folding':
      return `a field is folded over lines, ${placeOf(
        startOf(fields, ({ text }) => /^[\t ]/.test(text)),
        lines,
      )}`
    case 'bad-field':
      return `a field has no valid name, ${placeOf(
        startOf(fields, ({ name }) => name === undefined),
        lines,
      )}`
    case 'bad-content-length':
      return `Content-Length is ${repeatedOr('malformed', fields, FIELD.contentLength)}`
    case 'bad-transfer-encoding':
      return head.startsWith('HTTP/1.0')
        ? 'Transfer-Encoding in an answer of HTTP/1.0'
        : `Transfer-Encoding is ${repeatedOr('malformed', fields, FIELD.transferEncoding)}`
    case 'unknown-transfer-encoding':
      return `Transfer-Encoding names a coding other than chunked (${numbersOf(fields, FIELD.transferEncoding)})`
    case 'length-and-encoding':
      return `Content-Length (${numbersOf(fields, FIELD.contentLength)}) and Transfer-Encoding (${numbersOf(fields, FIELD.transferEncoding)}) come together`
    default:
      return 'the head is malformed'
  }
}

function linesOf(head: string): Line[] {
  const lines: Line[] = []
  for (let start = 0; start < head.length; ) {
    const end = head.indexOf('\r\n', start)
    const text = head.slice(start, end < 0 ? head.length : end)
    if (text === '' && lines.length > 0) break
    lines.push({ name: NAME.exec(text)?.[0], start, text })
    start = end < 0 ? head.length : end + 2
  }
  return lines.length === 0 ? [{ name: undefined, start: 0, text: '' }] : lines
}

/** Index of the first character of a status line that can't stand there. */
function statusFault(line: string): number {
  const at = STATUS_LINE.findIndex((part, i) => !part.test(line[i] ?? ''))
  if (at >= 0) return at
  const inReason = line.slice(STATUS_LINE.length).search(NOT_IN_REASON)
  return inReason < 0 ? line.length : STATUS_LINE.length + inReason
}

function startOf(fields: readonly Line[], is: (line: Line) => boolean): number {
  return fields.find(is)?.start ?? 0
}

/** A line without a valid name is told by the field before it: what stands in it may be a value. */
function placeOf(at: number, lines: readonly Line[]): string {
  const index = lines.findLastIndex(({ start }) => start <= at)
  const byte = `at byte ${at + 1}`
  if (index <= 0) return `${byte}, in the status line`
  const name = lines[index]!.name
  if (name !== undefined) return `${byte}, in field ${index} (${shortened(name)})`
  const before = lines[index - 1]!.name
  return `${byte}, in field ${index}${index > 1 && before !== undefined ? ` (after ${shortened(before)})` : ''}`
}

function repeatedOr(otherwise: string, fields: readonly Line[], kind: Field): string {
  const numbers = numbersOf(fields, kind)
  return `${numbers.startsWith('fields') ? 'repeated' : otherwise} (${numbers})`
}

/** `field 3`, or `fields 3 and 4`. */
function numbersOf(fields: readonly Line[], kind: Field): string {
  const numbers = fields.flatMap(({ name }, i) => (name !== undefined && fieldOf(name) === kind ? [i + 1] : []))
  return numbers.length === 1 ? `field ${numbers[0]}` : `fields ${numbers.join(' and ')}`
}

/** The field that takes most of the head. */
function largest(fields: readonly Line[]): string {
  const [name, { bytes, count }] = topOf(fields, ({ bytes }) => bytes)
  return `${bytes} of them in ${count} x ${name}`
}

function commonest(fields: readonly Line[]): string {
  const [name, { count }] = topOf(fields, ({ count }) => count)
  return `${count} of them ${name}`
}

interface Sum {
  readonly bytes: number
  readonly count: number
}

function topOf(fields: readonly Line[], by: (sum: Sum) => number): readonly [name: string, sum: Sum] {
  const sums = new Map<string, Sum>()
  for (const { name, text } of fields) {
    const key = name === undefined ? 'no name' : shortened(name)
    const { bytes, count } = sums.get(key) ?? { bytes: 0, count: 0 }
    sums.set(key, { bytes: bytes + text.length, count: count + 1 })
  }
  const [first, ...others] = sums
  if (first === undefined) return ['the status line', { bytes: 0, count: 0 }]
  return others.reduce((top, each) => (by(each[1]) > by(top[1]) ? each : top), first)
}

function shortened(name: string): string {
  return name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS)}...` : name
}
