// Held requests as CSV (RFC 4180), for people who compare them with their books. Senders choose keys and paths: what a spreadsheet would take
// for a formula stands behind an apostrophe.

import type { HeldRowReport } from '../../contract/held.ts'

const COLUMNS: readonly (keyof HeldRowReport)[] = [
  ...(['id', 'route', 'key', 'state', 'method', 'path', 'client', 'requestId', 'bodyBytes'] as const),
  ...(['receivedAt', 'expiresAt', 'attempts', 'nextAt', 'status', 'upstream', 'endedAt', 'note'] as const),
]
const FORMULA = /^[=+\-@\t\r]/

export function csvHeader(): string {
  return `${COLUMNS.join(',')}\r\n`
}

export function csvLine(row: HeldRowReport): string {
  return `${COLUMNS.map(column => cell(row[column])).join(',')}\r\n`
}

function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
