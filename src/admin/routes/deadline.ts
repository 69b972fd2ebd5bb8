// Reads the deadline of a drain: how long from now (`30m`), or when (`2026-12-06T04:00:00-03:00`).

import { parseDuration } from '../../config/forms/units.ts'
import type { DrainOrder } from '../contract/operations.ts'

/** What it says, or one line on what is wrong. */
export function parseDeadline(text: string, nowMs: number): Pick<DrainOrder, 'deadlineMs' | 'deadlineBy'> | string {
  const durationMs = parseDuration(text)
  if (durationMs === 0) return 'a deadline of 0 is no drain; ask to disable instead'
  if (durationMs !== undefined) return { deadlineMs: nowMs + durationMs, deadlineBy: 'elapsed' }
  const atMs = parseInstant(text)
  if (atMs === undefined) {
    return `deadline ${JSON.stringify(text)} is neither a duration such as 30m nor a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z)`
  }
  return atMs > nowMs ? { deadlineMs: atMs, deadlineBy: undefined } : `deadline ${text} has passed`
}

function parseInstant(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}
