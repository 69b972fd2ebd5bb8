// Windows that would leave a pool with too few upstreams.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { guard, mayStart } from '../../../../src/policy/maintenance/guard.ts'
import { amount } from '../../../support/thorough.ts'
import { at, DAY_MS, HOUR_MS, lasting, occurrences, plan } from './plans.ts'

const START = at('2026-12-06T02:00[America/Sao_Paulo]')
const HORIZON = { fromMs: START - DAY_MS, toMs: START + 90 * DAY_MS }
const POOL = { name: 'odoo', upstreams: ['odoo-1', 'odoo-2', 'odoo-3'], minimum: 2 }
const one = (name: string, changes: Partial<WindowPlan> = {}): Partial<WindowPlan> => ({
  name: `patch ${name}`,
  scope: { kind: 'upstream', pool: 'odoo', upstream: name },
  behaviour: 'drain',
  ...changes,
})
const found = (plans: readonly Partial<WindowPlan>[], pool = POOL) =>
  guard(
    plans.map(changes => occurrences(changes)),
    [pool],
    HORIZON,
  )

describe('the guard finds', () => {
  test('nothing where enough stay', () => {
    expect(found([one('odoo-1')])).toEqual([])
    expect(found([one('odoo-1'), one('odoo-2', { start: '2026-12-06T06:00' })])).toEqual([])
    // The same upstream twice is one upstream.
    expect(found([one('odoo-1'), one('odoo-1', { name: 'again' })])).toEqual([])
  })

  test('two windows that only together take too many, and says when', () => {
    const [finding, ...more] = found([one('odoo-1'), one('odoo-2', { start: '2026-12-06T05:00' })])
    expect(more).toEqual([])
    expect(finding).toEqual({
      pool: 'odoo',
      windows: ['patch odoo-1', 'patch odoo-2'],
      fromMs: START + 3 * HOUR_MS,
      untilMs: START + 4 * HOUR_MS,
      left: 1,
      minimum: 2,
      times: 1,
      message:
        'windows patch odoo-1, patch odoo-2 together would leave pool odoo with 1 of 3 upstreams, its minimum is 2: ' +
        '2026-12-06 05:00 to 2026-12-06 06:00 (America/Sao_Paulo); move one of them, or answer for the whole pool',
    })
  })

  test('an overlap of a lead-in, which drains already', () => {
    const late = one('odoo-2', { start: '2026-12-06T06:00', leadMs: HOUR_MS })
    expect(found([one('odoo-1'), late])).toMatchObject([{ fromMs: START + 3 * HOUR_MS, untilMs: START + 4 * HOUR_MS }])
  })

  test('a recurring pair once, with the number of times', () => {
    const weekly = { recurrence: 'FREQ=WEEKLY;COUNT=4' }
    expect(found([one('odoo-1', weekly), one('odoo-2', weekly)])).toMatchObject([{ times: 4, fromMs: START }])
  })

  test('a single window where the pool can spare none, and not its combinations besides', () => {
    const strict = { ...POOL, minimum: 3 }
    const findings = found([one('odoo-1'), one('odoo-2')], strict)
    expect(findings.map(({ windows }) => windows)).toEqual([['patch odoo-1', 'patch odoo-2']])
    const apart = found([one('odoo-1'), one('odoo-2', { start: '2026-12-06T05:00' })], strict)
    expect(apart.map(({ windows }) => windows)).toEqual([['patch odoo-1'], ['patch odoo-2']])
  })

  test('a whole pool that is drained, but not one that is closed and says so', () => {
    const pool = { scope: { kind: 'pool', pool: 'odoo' } } as const
    expect(found([{ ...pool, behaviour: 'drain' }])).toMatchObject([{ left: 0, windows: ['patching'] }])
    expect(found([{ ...pool, behaviour: 'answer' }, one('odoo-1'), one('odoo-2')])).toEqual([])
    expect(found([{ scope: { kind: 'everything' }, behaviour: 'drain' }])).toMatchObject([{ left: 0 }])
  })

  test('nothing in freezes, routes and other pools', () => {
    expect(
      found([
        { kind: 'freeze', scope: { kind: 'everything' } },
        { scope: { kind: 'route', route: 'api' } },
        { scope: { kind: 'pool', pool: 'other' }, behaviour: 'drain' },
      ]),
    ).toEqual([])
  })

  test('exactly the hours that a count hour by hour finds', () => {
    const window = fc.record({
      upstream: fc.integer({ min: 1, max: 3 }),
      start: fc.integer({ min: 0, max: 20 }),
      hours: fc.integer({ min: 1, max: 8 }),
    })
    fc.assert(
      fc.property(fc.array(window, { maxLength: 6 }), windows => {
        const plans = windows.map(({ upstream, start, hours }, index) =>
          one(`odoo-${upstream}`, {
            name: `w${index}`,
            start: `2026-12-07T${String(start).padStart(2, '0')}:00`,
            length: lasting(hours),
          }),
        )
        const dayMs = at('2026-12-07T00:00[America/Sao_Paulo]')
        const short = Array.from({ length: 30 }, (_, hour) => hour).filter(hour => {
          const out = windows.filter(({ start, hours }) => start <= hour && hour < start + hours)
          return 3 - new Set(out.map(({ upstream }) => upstream)).size < 2
        })
        const findings = found(plans)
        expect(findings.length > 0).toBe(short.length > 0)
        const first = Math.min(...findings.map(({ fromMs }) => fromMs))
        if (short.length > 0) expect((first - dayMs) / HOUR_MS).toBe(short[0])
        for (const { fromMs, untilMs } of findings) {
          for (let at = fromMs; at < untilMs; at += HOUR_MS) expect(short).toContain((at - dayMs) / HOUR_MS)
        }
      }),
      { numRuns: amount(50) },
    )
  })
})

describe('a window may start', () => {
  const now = (available: readonly string[], minimum = 1) => [{ name: 'odoo', available, minimum }]

  test('where enough stay', () => {
    expect(mayStart(plan(one('odoo-1')), now(['odoo-1', 'odoo-2']))).toEqual({ verdict: 'ok' })
  })

  test('not where it would take the last, and says so', () => {
    expect(mayStart(plan(one('odoo-1')), now(['odoo-1', 'odoo-3'], 2))).toEqual({
      verdict: 'postponed',
      pool: 'odoo',
      message:
        'window patch odoo-1 is postponed: it would leave pool odoo with 1 available upstream (odoo-3), its minimum is 2; ' +
        'it begins as soon as more are available, unless its end comes first',
    })
  })

  test('where its upstream is out already: that leaves no fewer', () => {
    expect(mayStart(plan(one('odoo-1')), now(['odoo-2'], 2))).toEqual({ verdict: 'ok' })
  })

  test('not where it drains a whole pool that serves', () => {
    const drain = plan({ behaviour: 'drain' })
    expect(mayStart(drain, now(['odoo-1', 'odoo-2']))).toMatchObject({ verdict: 'postponed' })
    expect(mayStart(drain, now(['odoo-1'], 0))).toEqual({ verdict: 'ok' })
    expect(mayStart(drain, [{ name: 'other', available: ['x'], minimum: 1 }])).toEqual({ verdict: 'ok' })
  })

  test('where it answers for what it closes, or closes nothing', () => {
    for (const changes of [{}, { scope: { kind: 'everything' } }, { kind: 'freeze' }] as const) {
      expect(mayStart(plan(changes), now(['odoo-1']))).toEqual({ verdict: 'ok' })
    }
  })
})
