// Encodes fields without a memory of them (RFC 7541 6.2.2): the same field gives the same bytes for every client, so what is encoded once
// may be sent to all. Why so: docs/decisions/0057. Header blocks are text, one character a byte.

import { STATIC_NAMES } from './static-table.ts'

/** Says that the table of the encoder has size 0, and stays so (RFC 7541 6.3). To be sent before the first field of a connection. */
export const NO_TABLE = '\x20'
const WITHOUT_INDEXING = 0x00
const NEVER_INDEXED = 0x10
/** Answers have few names; what makes up many more is not remembered. */
const MOST_NAMES = 1000
/** How each name is encoded, by its spelling. */
const names = new Map<string, string>()
const STATUSES = new Map(
  [200, 204, 206, 304, 400, 404, 500].map((status, i) => [status, String.fromCharCode(0x88 + i)]),
)
const STATUS_NAME = '\x08\x03'

/** @param name in any case; @param value latin1 */
export function encodeField(name: string, value: string): string {
  const { length } = value
  const start = names.get(name) ?? encodeName(name)
  return length < 0x7f ? start + String.fromCharCode(length) + value : start + encodeInteger(0, 0x7f, length) + value
}

/** @param status 100 to 999 */
export function encodeStatus(status: number): string {
  return STATUSES.get(status) ?? STATUS_NAME + status
}

function encodeName(spelled: string): string {
  const name = spelled.toLowerCase()
  const form = name === 'set-cookie' ? NEVER_INDEXED : WITHOUT_INDEXING
  const index = STATIC_NAMES.get(name)
  const encoded =
    index === undefined
      ? String.fromCharCode(form) + encodeInteger(0, 0x7f, name.length) + name
      : encodeInteger(form, 0x0f, index)
  // A copy: a part of the upstream's head would keep all of it.
  if (names.size < MOST_NAMES) names.set(Buffer.from(spelled, 'latin1').toString('latin1'), encoded)
  return encoded
}

/** @param first bits of the first byte that don't belong to the integer; @param prefix all that do (RFC 7541 5.1) */
function encodeInteger(first: number, prefix: number, value: number): string {
  if (value < prefix) return String.fromCharCode(first | value)
  let text = String.fromCharCode(first | prefix)
  let rest = value - prefix
  for (; rest > 0x7f; rest >>>= 7) text += String.fromCharCode((rest & 0x7f) | 0x80)
  return text + String.fromCharCode(rest)
}
