// Times, sizes and rates as other products write them, and as vigia does.

import { formatDuration, formatSize } from '../../config/forms/units.ts'

/** The longest that vigia's configuration takes: below 500 h. */
const LONGEST_MS = 499 * 3_600_000

const MS_OF: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
}

/**
 * `1h30m`, `250ms`, `1d 2h`, `10` ...
 * @param bare what a number without a unit counts, ms
 * @returns ms, undefined = it is no time
 */
export function timeMs(text: string, bare: number): number | undefined {
  const plain = text.replace(/\s+/g, '')
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain) * bare
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d|w|M|y))+$/.test(plain)) return undefined
  let sum = 0
  for (const [, count, unit] of plain.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|M|y)/g))
    sum += Number(count) * MS_OF[unit!]!
  return sum
}

/** As vigia writes it; longer than it takes is the longest that it takes. */
export function duration(ms: number): string {
  return formatDuration(Math.min(LONGEST_MS, ms > 0 ? Math.max(1, Math.round(ms)) : 0))
}

/** `10m`, `512k`, `1g`, `1048576`; `10MB` is 10 * 1000^2, `10MiB` is 10 * 1024^2. @returns bytes */
export function sizeBytes(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)$/i.exec(text.trim()) ?? []
  if (count === undefined) return undefined
  const step = /^[kmgt]b$/i.test(unit) ? 1000 : 1024
  const power = 'kmgt'.indexOf(unit.charAt(0).toLowerCase()) + 1
  return Math.round(Number(count) * (unit === '' || /^b$/i.test(unit) ? 1 : step ** power))
}

export function size(bytes: number): string {
  return formatSize(bytes)
}

/** @param count requests @param perMs in so long @returns `10/s`, `600/m`, `1000/h`, rounded; undefined = less than one an hour */
export function rate(count: number, perMs: number): string | undefined {
  for (const [unit, ms] of [
    ['s', 1_000],
    ['m', 60_000],
    ['h', 3_600_000],
  ] as const) {
    const per = (count * ms) / perMs
    if (per >= 1 && (Number.isInteger(per) || unit === 'h' || per >= 1000)) return `${Math.round(per)}/${unit}`
  }
  return undefined
}
