// The outer form of RFC 5545 text: content lines, folding, escaping, date-times and offsets. Knows nothing of calendars.

import { localText } from './wall-clock.ts'

/** Lines folded at 75 octets (3.1), never inside a character, each ended by CRLF. */
export function contentLines(lines: readonly string[]): string {
  return lines.map(line => `${fold(line)}\r\n`).join('')
}

/** A TEXT value (3.3.11). What no calendar can show is left out. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .replace(/[\\;,]/g, '\\$&')
    .replace(/\n/g, '\\n')
}

/** `20261206T020000` */
export function basicLocal(wallMs: number): string {
  return localText(wallMs).replace(/[-:]/g, '')
}

/** `20261206T050000Z` */
export function basicUtc(epochMs: number): string {
  return `${basicLocal(epochMs)}Z`
}

/** `+0200`, with seconds only where there are any. */
export function utcOffset(offsetMs: number): string {
  const seconds = Math.abs(Math.round(offsetMs / 1000))
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (parts[2] === 0) parts.pop()
  return `${offsetMs < 0 ? '-' : '+'}${parts.map(part => String(part).padStart(2, '0')).join('')}`
}

/** Exact time: never in days, which a calendar would make 23 or 25 hours long. */
export function exactDuration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), 'H'],
    [Math.floor(seconds / 60) % 60, 'M'],
    [seconds % 60, 'S'],
  ]
  // The grammar (3.3.6) allows no hours and seconds without the minutes between them.
  const first = parts.findIndex(([amount]) => amount > 0)
  const last = parts.findLastIndex(([amount]) => amount > 0)
  return `PT${parts
    .slice(first, last + 1)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join('')}`
}

const MOST_OCTETS = 75

function fold(line: string): string {
  let folded = ''
  let octets = 0
  for (const character of line) {
    const width = octetsOf(character.codePointAt(0)!)
    if (octets + width > MOST_OCTETS) {
      folded += '\r\n '
      octets = 1
    }
    folded += character
    octets += width
  }
  return folded
}

function octetsOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}
