// What the tests of windows share: a plan with defaults, instants from local times, occurrences as a person writes them.

import type { WindowPlan } from '../../../../src/plan/window.ts'
import { type Occurrence, type Occurrences, occurrencesOf } from '../../../../src/policy/maintenance/occurrences.ts'
import { type Facts, NO_FACTS } from '../../../../src/policy/maintenance/window-state.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

export function plan(changes: Partial<WindowPlan> = {}): WindowPlan {
  return {
    name: 'patching',
    kind: 'maintenance',
    reason: '',
    timeZone: 'America/Sao_Paulo',
    start: '2026-12-06T02:00',
    length: { by: 'elapsed', ms: 4 * HOUR_MS },
    recurrence: undefined,
    exceptDates: [],
    scope: { kind: 'pool', pool: 'odoo' },
    behaviour: 'answer',
    leadMs: 0,
    overrun: 'reopen',
    onlyWhenHealthy: false,
    bypass: { addresses: [], header: undefined },
    ...changes,
  }
}

export const occurrences = (changes: Partial<WindowPlan> = {}): Occurrences => occurrencesOf(plan(changes))

/** Wall-clock length. */
export const till = (end: string): WindowPlan['length'] => ({ by: 'wall-clock', end })
export const lasting = (hours: number): WindowPlan['length'] => ({ by: 'elapsed', ms: hours * HOUR_MS })

/** Epoch ms of `2026-12-06T02:00[America/Sao_Paulo]`, or of one with an offset besides. */
export const at = (text: string): number => Temporal.ZonedDateTime.from(text).epochMilliseconds

/** `2026-12-06T02:00-03:00 +4h` */
export function written({ startMs, endMs }: Occurrence, timeZone: string): string {
  const start = Temporal.Instant.fromEpochMilliseconds(startMs).toZonedDateTimeISO(timeZone)
  const text = start.toString({ smallestUnit: 'minute', timeZoneName: 'never' })
  return `${text} +${(endMs - startMs) / HOUR_MS}h`
}

export const factsWith = (changes: Partial<Facts>): Facts => ({ ...NO_FACTS, ...changes })
