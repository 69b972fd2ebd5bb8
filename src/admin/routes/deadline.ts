// Reads an end: how long from now (`30m`), or when (`2026-12-06T04:00:00-03:00`).

import { parseDuration, parseSpan } from '../../config/forms/units.ts'
import type { DrainOrder } from '../contract/operations.ts'

type End = Pick<DrainOrder, 'deadlineMs' | 'deadlineBy'>

/** What the deadline of a drain says, or one line on what is wrong. */
export function parseDeadline(text: string, nowMs: number): End | string {
  const durationMs = parseDuration(text)
  return durationMs === 0
    ? 'a deadline of 0 is no drain; ask to disable instead'
    : endOf('deadline', text, durationMs, nowMs)
}

/** A time to come, or one line on what is wrong. @param name of what it is for */
export function parseEnd(name: string, text: string, nowMs: number): End | string {
  const durationMs = parseSpan(text)
  return durationMs === 0 ? `${name} is 0: it has to be to come` : endOf(name, text, durationMs, nowMs)
}

function endOf(name: string, text: string, durationMs: number | undefined, nowMs: number): End | string {
  if (durationMs !== undefined) return { deadlineMs: nowMs + durationMs, deadlineBy: 'elapsed' }
  const atMs = parseInstant(text)
  if (atMs === undefined) {
    return `${name} ${JSON.stringify(text)} is neither a duration such as 30m nor a time such as 2026-12-06T04:00:00-03:00 (with its offset or Z)`
  }
  return atMs > nowMs ? { deadlineMs: atMs, deadlineBy: undefined } : `${name} ${text} has passed`
}

function parseInstant(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}
