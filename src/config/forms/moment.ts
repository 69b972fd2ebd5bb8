// A moment of the past as people write it in a query: a time, or how long ago.

import { parseDuration } from './units.ts'

export const WHAT_MOMENTS_ARE =
  'neither a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z) nor how long ago, such as 24h'

/** @param nowMs epoch ms @returns epoch ms; undefined = it is neither */
export function momentOf(text: string, nowMs: number): number | undefined {
  const agoMs = parseDuration(text) ?? daysMs(text)
  if (agoMs !== undefined) return nowMs - agoMs
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}

/** Durations of the configuration end below 500 h; what is kept goes back for years. */
function daysMs(text: string): number | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  return days === undefined ? undefined : Number(days) * 86_400_000
}
