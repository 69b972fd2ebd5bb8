// Occurrences against an oracle that walks minute by minute over years of time-zone data (oracle.ts).

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  nextOccurrence,
  occurrenceAt,
  occurrencesBetween,
  occurrencesOf,
} from '../../../../src/policy/maintenance/occurrences.ts'
import { NO_FACTS, windowState } from '../../../../src/policy/maintenance/window-state.ts'
import { amount } from '../../../support/thorough.ts'
import { firstWallFrom, type OracleRule, type OracleWindow, ruleText, takenIn, type Walk, walkZone } from './oracle.ts'
import { DAY_MS, MINUTE_MS, plan } from './plans.ts'

const ZONES = [
  ['America/Sao_Paulo', 2017, 2019],
  ['America/Mexico_City', 2021, 2023],
  ['Europe/Berlin', 2025, 2027],
  ['Europe/Rome', 2023, 2025],
] as const

const DAY = 1440
const MARGIN = 4 * DAY

const some = <T>(items: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant<T[]>([]) }, fc.uniqueArray(items, { minLength: 1, maxLength }))
const weekday = fc.oneof({ weight: 3, arbitrary: fc.constant(6) }, fc.integer({ min: 0, max: 6 }))
const interval = fc.constantFrom(1, 1, 1, 2, 3)
/** The hours at which clocks change, more often than others. */
const hour = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0, 1, 2, 3, 22, 23) }, fc.integer({ min: 0, max: 23 }))
const hours = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.uniqueArray(hour, { minLength: 1, maxLength: 3 }))
const month = fc.constantFrom(1, 2, 3, 4, 6, 10, 11, 12)
const monthDay = fc.constantFrom(1, 15, 28, 29, 30, 31, -1, -2)
const each = weekday.map(day => [0, day] as const)
const nth = fc.tuple(fc.constantFrom(1, 2, 3, 4, 5, -1, -2), weekday)
const none = fc.constant([])

const rule: fc.Arbitrary<OracleRule> = fc.oneof(
  fc.record({
    frequency: fc.constant('DAILY' as const),
    interval,
    months: some(month, 3),
    monthDays: none,
    weekdays: some(each, 3),
    hours,
  }),
  fc.record({
    frequency: fc.constant('WEEKLY' as const),
    interval,
    months: some(month, 3),
    monthDays: none,
    weekdays: some(each, 3),
    hours,
  }),
  fc.record({
    frequency: fc.constant('MONTHLY' as const),
    interval,
    months: some(month, 4),
    monthDays: none,
    weekdays: some(nth, 2),
    hours,
  }),
  fc.record({
    frequency: fc.constant('MONTHLY' as const),
    interval,
    months: some(month, 4),
    monthDays: some(monthDay, 2),
    weekdays: none,
    hours,
  }),
  fc.record({
    frequency: fc.constant('YEARLY' as const),
    interval,
    months: some(month, 2),
    monthDays: some(monthDay, 2),
    weekdays: none,
    hours,
  }),
  fc.record({
    frequency: fc.constant('YEARLY' as const),
    interval: fc.constant(1),
    months: some(month, 2),
    monthDays: none,
    weekdays: some(nth, 2),
    hours,
  }),
)

const scenario = fc.record({
  rule,
  /** Days from the begin of the walk; below 0 = the rule began years before. */
  startDay: fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 3, max: 500 }) }, fc.integer({ min: -4000, max: 0 })),
  startHour: hour,
  startMinute: fc.constantFrom(0, 15, 30, 59),
  lengthMinutes: fc.constantFrom(15, 60, 61, 90, 240, 480, 1800, 3 * DAY),
  elapsed: fc.boolean(),
  count: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
  untilDays: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined }),
  exceptIndexes: some(fc.nat(20), 3),
  instants: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 8 }),
})

const local = (wall: number): string => new Date(wall * MINUTE_MS).toISOString().slice(0, 16)
const basic = (wall: number): string => `${local(wall).replace(/[-:]/g, '')}00`

describe.each(ZONES)('windows in %s from %i to %i', (timeZone, fromYear, toYear) => {
  const walk: Walk = walkZone(timeZone, fromYear, toYear)

  test('the walk met gaps and overlaps, or it would prove nothing', () => {
    expect(walk.skipped.some(skipped => skipped === 1)).toBe(true)
    expect(walk.shownAt.some((at, index) => index > 0 && at - walk.shownAt[index - 1]! > 1)).toBe(true)
  })

  test('take place when the walk says, whatever is asked in whatever order', () => {
    fc.assert(
      fc.property(scenario, scene => {
        const { rule, lengthMinutes, elapsed } = scene
        const ownMinute = rule.hours.length > 0 ? scene.startMinute : scene.startHour * 60 + scene.startMinute
        const startWall = firstWallFrom(rule, Math.floor(walk.firstWall / DAY) + scene.startDay, ownMinute)
        if (startWall === undefined) return
        // The oracle counts within its walk only, and RFC 5545 lets a rule have one of the two.
        const count = scene.startDay > 0 ? scene.count : undefined
        const untilWall =
          count === undefined && scene.untilDays !== undefined ? startWall + scene.untilDays * DAY : undefined
        const bare: OracleWindow = { rule, startWall, lengthMinutes, elapsed, count, untilWall, exceptWalls: [] }
        const all = takenIn(walk, bare, MARGIN)
        const exceptWalls = scene.exceptIndexes.map(index => all[index]?.wall).filter(wall => wall !== undefined)
        const expected = takenIn(walk, { ...bare, exceptWalls }, MARGIN)
        const bound = count === undefined ? '' : `;COUNT=${count}`
        const until = untilWall === undefined ? '' : `;UNTIL=${basic(untilWall)}`
        const occurrences = occurrencesOf(
          plan({
            timeZone,
            start: local(startWall),
            length: elapsed
              ? { by: 'elapsed', ms: lengthMinutes * MINUTE_MS }
              : { by: 'wall-clock', end: local(startWall + lengthMinutes) },
            recurrence: `${ruleText(rule)}${bound}${until}`,
            exceptDates: exceptWalls.map(local),
          }),
        )
        const strip = (found: readonly { startMs: number; endMs: number }[]) =>
          found.map(({ startMs, endMs }) => ({ startMs, endMs }))
        const firstMs = Date.UTC(fromYear, 0, 6)
        const lastMs = Date.UTC(toYear, 11, 20)
        const within = (fromMs: number, toMs: number) =>
          expected.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs)
        const found = occurrencesBetween(occurrences, firstMs, lastMs, 10_000)
        expect(strip(found)).toEqual(strip(within(firstMs, lastMs)))
        expect(found.map(({ localStart }) => localStart.slice(0, 16))).toEqual(
          within(firstMs, lastMs).map(({ wall }) => local(wall)),
        )
        // Forward and back in time: the answer depends on the instant only.
        for (const share of scene.instants) {
          const edge = expected[Math.floor(share * expected.length)]
          const anywhere = firstMs + Math.floor(share * (lastMs - firstMs))
          const instants = [anywhere, ...(edge ? [edge.startMs - 1, edge.startMs, edge.endMs - 1, edge.endMs] : [])]
          for (const nowMs of instants.filter(ms => ms > firstMs + 5 * DAY_MS && ms < lastMs)) {
            const latest = expected.findLast(({ startMs }) => startMs <= nowMs)
            const inForce = latest !== undefined && nowMs < latest.endMs
            const next = expected.find(({ startMs }) => startMs > nowMs)
            expect(occurrenceAt(occurrences, nowMs)?.startMs).toBe(inForce ? latest.startMs : undefined)
            expect(windowState(occurrences, nowMs, NO_FACTS).status === 'active').toBe(inForce)
            if (next !== undefined) expect(nextOccurrence(occurrences, nowMs)?.startMs).toBe(next.startMs)
          }
        }
      }),
      { numRuns: amount(40) },
    )
  })
})
