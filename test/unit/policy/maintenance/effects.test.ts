// What windows together do to the traffic.

import { describe, expect, test } from 'vitest'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { effectOnRoute, effectOnUpstream, effectsAt, freezeOn } from '../../../../src/policy/maintenance/effects.ts'
import { type Facts, NO_FACTS } from '../../../../src/policy/maintenance/window-state.ts'
import { at, factsWith, HOUR_MS, lasting, occurrences } from './plans.ts'

const START = at('2026-12-06T02:00[America/Sao_Paulo]')
const ODOO_1 = { kind: 'upstream', pool: 'odoo', upstream: 'odoo-1' } as const
const POOL = { kind: 'pool', pool: 'odoo' } as const
const EVERYTHING = { kind: 'everything' } as const
const ROUTE = { kind: 'route', route: 'api' } as const

const effects = (nowMs: number, plans: readonly Partial<WindowPlan>[], facts: Facts = NO_FACTS) =>
  effectsAt(
    plans.map(changes => occurrences(changes)),
    nowMs,
    facts,
  )

describe('one window', () => {
  test('drains its upstream in the lead-in, disables it while in force, and leaves the others alone', () => {
    const plans = [{ scope: ODOO_1, leadMs: HOUR_MS }]
    const levels = [-HOUR_MS - 1, -1, 0, 4 * HOUR_MS].map(step => {
      const found = effects(START + step, plans)
      return [effectOnUpstream(found, 'odoo', 'odoo-1')?.level, effectOnUpstream(found, 'odoo', 'odoo-2')?.level]
    })
    expect(levels).toEqual([
      [undefined, undefined],
      ['drain', undefined],
      ['disabled', undefined],
      [undefined, undefined],
    ])
    expect(effectOnRoute(effects(START, plans), 'web', 'odoo')).toBeUndefined()
  })

  test.each([
    [POOL, 'answer', 'answer'],
    [POOL, 'drain', 'disabled'],
    [EVERYTHING, 'answer', 'answer'],
    [EVERYTHING, 'drain', 'disabled'],
    // One upstream can't answer for its pool: the others do.
    [ODOO_1, 'answer', 'disabled'],
    [ROUTE, 'answer', 'answer'],
  ] as const)('of scope %j that is to %s gives %s', (scope, behaviour, level) => {
    const found = effects(START, [{ scope, behaviour }])
    const seen = effectOnUpstream(found, 'odoo', 'odoo-1') ?? effectOnRoute(found, 'api', 'odoo')
    expect(seen?.level).toBe(level)
  })

  test('leaves its route alone in the lead-in, and other routes always', () => {
    const plans = [{ scope: ROUTE, leadMs: HOUR_MS }]
    expect(effectOnRoute(effects(START - 1, plans), 'api', 'odoo')).toBeUndefined()
    expect(effectOnRoute(effects(START, plans), 'web', 'odoo')).toBeUndefined()
  })

  test('says why, until when and in which zone; its name where there is no reason', () => {
    const bypass = { addresses: ['10.0.0.0/8'], header: { name: 'x-release', sha256: '0a'.repeat(32) } }
    expect(effects(START, [{ reason: 'Year-end release', bypass }]).pools.get('odoo')).toEqual({
      level: 'answer',
      window: 'patching',
      occurrenceKey: 'patching@2026-12-06T02:00:00',
      reason: 'Year-end release',
      timeZone: 'America/Sao_Paulo',
      untilMs: START + 4 * HOUR_MS,
      bypasses: [bypass],
    })
    expect(effects(START, [{}]).pools.get('odoo')?.reason).toBe('patching')
  })

  test('has no known end while it overruns, and no effect while it is postponed', () => {
    const plans = [{ overrun: 'confirm' }] as const
    expect(effects(START + 5 * HOUR_MS, plans).pools.get('odoo')).toMatchObject({ level: 'answer', untilMs: undefined })
    const held = factsWith({ postponed: new Map([['patching@2026-12-06T02:00:00', 0]]) })
    expect(effects(START, plans, held).pools.size).toBe(0)
  })
})

describe('windows that overlap', () => {
  const short = { name: 'short', length: lasting(1), scope: POOL, behaviour: 'answer' } as const
  const long = { name: 'long', length: lasting(6), scope: POOL, behaviour: 'drain' } as const

  test('act as the strictest, to the later end', () => {
    for (const plans of [
      [short, long],
      [long, short],
    ]) {
      expect(effects(START, plans).pools.get('odoo')).toMatchObject({
        level: 'answer',
        window: 'short',
        untilMs: START + 6 * HOUR_MS,
      })
    }
    expect(effects(START + 2 * HOUR_MS, [short, long]).pools.get('odoo')).toMatchObject({
      level: 'disabled',
      window: 'long',
    })
  })

  test('of one strictness speak with the words of the one that ends last, whatever their order', () => {
    const both = [short, { ...long, behaviour: 'answer' as const }]
    for (const plans of [both, both.toReversed()]) expect(effects(START, plans).pools.get('odoo')?.window).toBe('long')
    const tied = [short, { ...short, name: 'also short' }]
    for (const plans of [tied, tied.toReversed()]) {
      expect(effects(START, plans).pools.get('odoo')).toMatchObject({ window: 'also short', level: 'answer' })
    }
  })

  test('of different scopes meet in what they share', () => {
    const found = effects(START, [
      long,
      { ...short, scope: ROUTE },
      { name: 'all', scope: EVERYTHING, behaviour: 'drain', length: lasting(8) },
    ])
    expect(effectOnRoute(found, 'api', 'odoo')).toMatchObject({ level: 'answer', untilMs: START + 8 * HOUR_MS })
    expect(effectOnRoute(found, 'web', 'other')).toMatchObject({ level: 'disabled', window: 'all' })
    expect(effectOnUpstream(found, 'odoo', 'odoo-2')).toMatchObject({ level: 'disabled', window: 'all' })
  })

  test('with one that has no known end have none', () => {
    const overdue = { ...short, overrun: 'confirm' } as const
    expect(effects(START + 2 * HOUR_MS, [overdue, long]).pools.get('odoo')).toMatchObject({
      untilMs: undefined,
      window: 'short',
    })
  })

  test('each keep their own bypass: who passes has to pass all', () => {
    const bypass = { addresses: ['10.0.0.1'], header: undefined }
    expect(effects(START, [{ ...short, bypass }, long]).pools.get('odoo')?.bypasses).toEqual([
      bypass,
      { addresses: [], header: undefined },
    ])
  })
})

describe('a freeze', () => {
  const quarter = { name: 'quarter close', kind: 'freeze', scope: POOL, reason: 'Q4' } as const

  test('leaves the traffic alone and forbids changes and drains in its scope, until it ends', () => {
    const found = effects(START, [quarter])
    expect([found.everything, found.pools.size, found.upstreams.size, found.routes.size]).toEqual([undefined, 0, 0, 0])
    expect(freezeOn(found, 'odoo')).toMatchObject({
      window: 'quarter close',
      reason: 'Q4',
      untilMs: START + 4 * HOUR_MS,
    })
    expect(freezeOn(found, 'other')).toBeUndefined()
    expect(freezeOn(found)?.window).toBe('quarter close')
    expect(freezeOn(effects(START + 4 * HOUR_MS, [quarter]), 'odoo')).toBeUndefined()
  })

  test('of everything protects each pool', () => {
    expect(freezeOn(effects(START, [{ ...quarter, scope: EVERYTHING }]), 'other')?.window).toBe('quarter close')
  })
})
