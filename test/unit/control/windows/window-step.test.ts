// One step of the windows by itself: what is to be done, in which order, and when to look again; and that it changes nothing that it is given.

import { expect, test } from 'vitest'
import { newEntry, type RegistryPool } from '../../../../src/control/upstreams/entry.ts'
import { NOTHING_YET, step } from '../../../../src/control/windows/window-step.ts'
import type { WindowAction, WindowsNow, WindowsState } from '../../../../src/control/windows/windows-now.ts'
import type { WindowPlan } from '../../../../src/plan/window.ts'
import { occurrencesOf } from '../../../../src/policy/maintenance/occurrences.ts'
import { NO_FACTS } from '../../../../src/policy/maintenance/window-state.ts'
import { at, HOUR_MS, MINUTE_MS, plan } from '../../policy/maintenance/plans.ts'
import { poolPlan, upstreamPlan } from '../fixtures/snapshot.ts'

const TWO = at('2026-12-06T02:00[America/Sao_Paulo]')
const TOTALS = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }
const ERP1 = { kind: 'upstream', pool: 'odoo', upstream: 'odoo-1' } as const
const KEY = 'night@2026-12-06T02:00:00'

/** Its upstreams have not been probed, so none takes work. */
function pools(): RegistryPool[] {
  const odoo = poolPlan('odoo', [upstreamPlan('odoo-1', 8101), upstreamPlan('odoo-2', 8102)])
  const entries = odoo.upstreams.map((each, i) => newEntry(odoo, each, 10 + i, TOTALS, 0))
  return [{ plan: odoo, slot: 1, entries }]
}

function nowWith(plans: readonly Partial<WindowPlan>[], more: Partial<WindowsNow> = {}): WindowsNow {
  const windows = plans.map(changes => {
    const occurrences = occurrencesOf(plan({ name: 'night', ...changes }))
    return { plan: occurrences.plan, occurrences, source: 'file' as const, by: undefined }
  })
  const facts = { ...NO_FACTS, knownSinceMs: new Map(windows.map(each => [each.plan.name, 0])) }
  const routes = [{ route: 'web', pool: 'odoo' }]
  return { windows, facts, pools: pools(), routes, nowMs: TWO, resumes: false, certainSinceMs: 0, ...more }
}

const short = (actions: readonly WindowAction[]): string[] =>
  actions.map(action => {
    if (action.type === 'learn') return `learn ${action.fact.kind}`
    if (action.type !== 'tell') return `${action.type} ${action.slot}`
    return action.event.type === 'window' ? `tell ${action.event.kind}` : `tell ${action.event.type}`
  })

test('holds come before closed routes, and these before what is told in words; what is done already is not asked for again', () => {
  const now = nowWith([{}])
  const first = step(NOTHING_YET, now)
  expect(short(first.actions)).toEqual(['hold 10', 'hold 11', 'tell closed-routes', 'tell started'])
  // As far as upstreams are concerned nobody has carried it out yet.
  expect(short(step(first.state, now).actions)).toEqual(['hold 10', 'hold 11'])
  expect(step(NOTHING_YET, now)).toEqual(first)
})

test('what the guard postpones is learned and told first; nothing that was given is changed', () => {
  const two = upstreamPlan('odoo-2', 8102)
  const odoo = poolPlan('odoo', [upstreamPlan('odoo-1', 8101), two], { health: { kind: 'none' } })
  const entries = odoo.upstreams.map((each, i) => newEntry(odoo, each, 10 + i, TOTALS, 0))
  const scopes = [ERP1, { ...ERP1, upstream: 'odoo-2' }]
  const plans = scopes.map((scope, i) => ({ name: `w${i}`, scope, behaviour: 'drain' as const }))
  const facts = NO_FACTS
  const now = nowWith(plans, { pools: [{ plan: odoo, slot: 1, entries }], facts })
  const { actions, state } = step(NOTHING_YET, now)
  expect(short(actions)).toEqual([
    'learn known',
    'learn known',
    'learn postponed',
    'tell postponed',
    'hold 10',
    'tell started',
  ])
  expect([...state.running]).toEqual(['w0@2026-12-06T02:00:00'])
  expect([facts.postponed.size, facts.knownSinceMs.size, NOTHING_YET.running.size]).toEqual([0, 0, 0])
})

test('an occurrence that ran is over for good, but not before it is certain that nobody knows more', () => {
  const after = { nowMs: TWO + 5 * HOUR_MS }
  const endMs = TWO + 4 * HOUR_MS
  expect(short(step(NOTHING_YET, nowWith([{}], after)).actions)).toEqual(['learn reopened'])
  expect(step(NOTHING_YET, nowWith([{}], { ...after, certainSinceMs: endMs })).actions).toEqual([])
  const known = { ...NO_FACTS, knownSinceMs: new Map([['night', 0]]), reopened: new Map([[KEY, endMs]]) }
  expect(step(NOTHING_YET, nowWith([{}], { ...after, facts: known })).actions).toEqual([])
})

test('it is looked again at the next transition, in ten seconds at the latest', () => {
  const nextOf = (nowMs: number, former: WindowsState = NOTHING_YET) =>
    step(former, nowWith([{ leadMs: 15 * MINUTE_MS }], { nowMs })).nextMs
  expect(nextOf(TWO - HOUR_MS)).toBe(TWO - HOUR_MS + 10_000)
  expect(nextOf(TWO - 15 * MINUTE_MS - 300)).toBe(TWO - 15 * MINUTE_MS)
  expect(nextOf(TWO - 300)).toBe(TWO)
  expect(nextOf(TWO)).toBe(TWO + 10_000)
  expect(nextOf(TWO + 4 * HOUR_MS - 1)).toBe(TWO + 4 * HOUR_MS)
})
