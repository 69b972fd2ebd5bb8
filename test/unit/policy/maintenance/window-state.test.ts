// What a window does at an instant, given its calendar and what people and probes have added.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { type Facts, NO_FACTS, windowState } from '../../../../src/policy/maintenance/window-state.ts'
import { amount } from '../../../support/thorough.ts'
import { at, DAY_MS, factsWith, HOUR_MS, lasting, occurrences, plan } from './plans.ts'

const WEEKLY: Partial<WindowPlan> = { recurrence: 'FREQ=WEEKLY;COUNT=3', leadMs: HOUR_MS }
const START = at('2026-12-06T02:00[America/Sao_Paulo]')
const END = START + 4 * HOUR_MS
const FIRST = 'patching@2026-12-06T02:00:00'
const SECOND = 'patching@2026-12-13T02:00:00'

const stateAt = (nowMs: number, changes: Partial<WindowPlan> = WEEKLY, facts: Facts = NO_FACTS) =>
  windowState(occurrences(changes), nowMs, facts)
const statusAt = (...args: Parameters<typeof stateAt>) => stateAt(...args).status

describe('by the calendar alone, a window', () => {
  test('goes from scheduled over its lead-in to active, and back, until it is over', () => {
    const steps = [-HOUR_MS - 1, -HOUR_MS, -1, 0, 4 * HOUR_MS - 1, 4 * HOUR_MS, 7 * DAY_MS, 14 * DAY_MS + 4 * HOUR_MS]
    expect(steps.map(step => statusAt(START + step))).toEqual([
      'scheduled',
      'lead-in',
      'lead-in',
      'active',
      'active',
      'scheduled',
      'active',
      'over',
    ])
  })

  test('says from when until when', () => {
    const facts = (nowMs: number) => {
      const { fromMs, untilMs, occurrence } = stateAt(nowMs)
      return { fromMs, untilMs, key: occurrence?.key }
    }
    expect(facts(START - DAY_MS)).toEqual({ fromMs: undefined, untilMs: START - HOUR_MS, key: FIRST })
    expect(facts(START - 1)).toEqual({ fromMs: START - HOUR_MS, untilMs: START, key: FIRST })
    expect(facts(START)).toEqual({ fromMs: START, untilMs: END, key: FIRST })
    expect(facts(END)).toEqual({ fromMs: END, untilMs: START + 7 * DAY_MS - HOUR_MS, key: SECOND })
  })

  test('is as it was when the clock steps back and forth, or the process begins anew', () => {
    const one = occurrences(WEEKLY)
    const instants = fc.array(fc.integer({ min: -2 * DAY_MS, max: 20 * DAY_MS }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(instants, steps => {
        for (const step of steps) {
          const seen = windowState(one, START + step, NO_FACTS)
          expect(seen).toEqual(stateAt(START + step))
        }
      }),
      { numRuns: 20 },
    )
  })
})

describe('ended early, a window', () => {
  const ended = factsWith({ endedEarly: new Map([[FIRST, START + HOUR_MS]]) })

  test('is over at once, and takes place again the next time', () => {
    expect(stateAt(START + 2 * HOUR_MS, WEEKLY, ended)).toMatchObject({
      status: 'scheduled',
      fromMs: START + HOUR_MS,
      occurrence: { key: SECOND },
      finished: { key: FIRST },
    })
    expect(statusAt(START + 7 * DAY_MS, WEEKLY, ended)).toBe('active')
  })

  test('stays ended though the clock steps back to before somebody ended it', () => {
    expect(statusAt(START + 1, WEEKLY, ended)).toBe('scheduled')
  })

  test('needs no confirmation, but still the probes', () => {
    const careful = { ...WEEKLY, overrun: 'confirm', onlyWhenHealthy: true } as const
    expect(statusAt(START + 2 * HOUR_MS, careful, ended)).toBe('scheduled')
    const failing = factsWith({ ...ended, unhealthy: new Set(['patching']) })
    expect(stateAt(START + 2 * HOUR_MS, careful, failing)).toMatchObject({
      status: 'overrun',
      waitingFor: 'probes',
      fromMs: START + HOUR_MS,
    })
  })

  test('before its start never takes place, and closes nothing afterwards', () => {
    const careful = { ...WEEKLY, overrun: 'confirm', onlyWhenHealthy: true } as const
    const cancelled = factsWith({ endedEarly: new Map([[FIRST, START - 1]]), unhealthy: new Set(['patching']) })
    for (const nowMs of [START - 1, START, END - 1, END, END + DAY_MS]) {
      expect(stateAt(nowMs, careful, cancelled)).toMatchObject({ status: 'scheduled', occurrence: { key: SECOND } })
    }
  })
})

describe('at its end, a window', () => {
  test('that is to be confirmed stays closed until somebody does', () => {
    const confirm = { ...WEEKLY, overrun: 'confirm' } as const
    expect(stateAt(END, confirm)).toMatchObject({
      status: 'overrun',
      waitingFor: 'confirmation',
      fromMs: END,
      untilMs: undefined,
      occurrence: { key: FIRST },
    })
    const confirmed = factsWith({ confirmed: new Set([FIRST]) })
    expect(stateAt(END, confirm, confirmed)).toMatchObject({ status: 'scheduled', finished: { key: FIRST } })
    expect(statusAt(END - 1, confirm, confirmed)).toBe('active')
  })

  test('that reopens only when healthy waits for the probes, and is not closed again by a later one', () => {
    const healthy = { ...WEEKLY, onlyWhenHealthy: true } as const
    const failing = factsWith({ unhealthy: new Set(['patching']) })
    expect(stateAt(END, healthy, failing)).toMatchObject({ status: 'overrun', waitingFor: 'probes' })
    expect(stateAt(END + 1, healthy)).toMatchObject({ status: 'scheduled', finished: { key: FIRST } })
    const reopened = factsWith({ ...failing, reopened: new Map([[FIRST, END]]) })
    expect(statusAt(END + HOUR_MS, healthy, reopened)).toBe('scheduled')
  })

  test('stays closed through the next lead-in, until the next start', () => {
    const confirm = { ...WEEKLY, overrun: 'confirm' } as const
    const week = START + 7 * DAY_MS
    expect([week - 1, week].map(nowMs => statusAt(nowMs, confirm))).toEqual(['overrun', 'active'])
    // One that is cancelled or held back does not free what the one before holds.
    const cancelled = factsWith({ endedEarly: new Map([[SECOND, week - DAY_MS]]) })
    expect(stateAt(week + 1, confirm, cancelled)).toMatchObject({ status: 'overrun', occurrence: { key: FIRST } })
    const postponed = factsWith({ postponed: new Map([[SECOND, week]]) })
    expect(stateAt(week + 1, confirm, postponed)).toMatchObject({ status: 'overrun', occurrence: { key: FIRST } })
  })

  test('that ended before vigia knew of it needs no confirmation', () => {
    const confirm = { ...WEEKLY, overrun: 'confirm' } as const
    const known = (sinceMs: number) => factsWith({ knownSinceMs: new Map([['patching', sinceMs]]) })
    expect(statusAt(END + DAY_MS, confirm, known(END))).toBe('scheduled')
    expect(statusAt(END + DAY_MS, confirm, known(END - 1))).toBe('overrun')
  })

  test('never overruns where it is a freeze', () => {
    const freeze = { ...WEEKLY, kind: 'freeze', leadMs: 0 } as const
    expect(statusAt(END, freeze, factsWith({ unhealthy: new Set(['patching']) }))).toBe('scheduled')
  })
})

describe('held back by the guard, a window', () => {
  const held = factsWith({ postponed: new Map([[FIRST, 0]]) })

  test('is postponed from its lead-in to its end, and then simply over', () => {
    const confirm = { ...WEEKLY, overrun: 'confirm' } as const
    const steps = [-HOUR_MS - 1, -HOUR_MS, 0, 4 * HOUR_MS - 1, 4 * HOUR_MS]
    expect(steps.map(step => statusAt(START + step, confirm, held))).toEqual([
      'scheduled',
      'postponed',
      'postponed',
      'postponed',
      'scheduled',
    ])
    expect(stateAt(END, confirm, held).finished).toBeUndefined()
  })

  test('begins late once it is let go', () => {
    expect(stateAt(START + HOUR_MS)).toMatchObject({ status: 'active', untilMs: END })
  })
})

test('whatever the facts, the state names what it is about', () => {
  const keys = fc.subarray([FIRST, SECOND])
  const facts = fc.record({
    endedEarly: fc.subarray([FIRST, SECOND]).map(list => new Map(list.map(key => [key, START]))),
    extended: fc.constant(new Map()),
    confirmed: keys.map(list => new Set(list)),
    reopened: keys.map(list => new Map(list.map(key => [key, END]))),
    postponed: keys.map(list => new Map(list.map(key => [key, START]))),
    unhealthy: fc.subarray(['patching']).map(list => new Set(list)),
    knownSinceMs: fc.constant(new Map()),
  })
  const policy = fc.record({ overrun: fc.constantFrom('reopen', 'confirm'), onlyWhenHealthy: fc.boolean() })
  fc.assert(
    fc.property(facts, policy, fc.integer({ min: -DAY_MS, max: 30 * DAY_MS }), (known, changes, step) => {
      const nowMs = START + step
      const seen = stateAt(nowMs, { ...WEEKLY, ...changes, length: lasting(4) }, known)
      const { status, occurrence } = seen
      if (status !== 'over') expect(occurrence).toBeDefined()
      expect(seen.waitingFor !== undefined).toBe(status === 'overrun')
      if (status === 'active') expect([occurrence!.startMs <= nowMs, nowMs < occurrence!.endMs]).toEqual([true, true])
      if (status === 'lead-in')
        expect([occurrence!.leadFromMs <= nowMs, nowMs < occurrence!.startMs]).toEqual([true, true])
      if (status === 'overrun' && plan(changes).overrun === 'reopen') expect(changes.onlyWhenHealthy).toBe(true)
      if (seen.fromMs !== undefined) expect(seen.fromMs).toBeLessThanOrEqual(nowMs)
      if (seen.untilMs !== undefined) expect(seen.untilMs).toBeGreaterThan(nowMs)
      if (seen.fromMs !== undefined && seen.untilMs !== undefined) expect(seen.fromMs).toBeLessThan(seen.untilMs)
    }),
    { numRuns: amount(200) },
  )
})
