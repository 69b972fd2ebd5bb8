// Gates follow pauses, windows and pools, and are said once.

import { expect, test } from 'vitest'
import { Gates } from '../../../../src/control/held/gates.ts'
import { newEntry, type RegistryPool } from '../../../../src/control/upstreams/entry.ts'
import type { Gate } from '../../../../src/held/contract.ts'
import type { HoldPlan } from '../../../../src/plan/hold.ts'
import type { RoutePlan } from '../../../../src/plan/route.ts'
import type { ClosedRoute } from '../../../../src/shared/messages.ts'
import { poolPlan, upstreamPlan } from '../fixtures/snapshot.ts'

function setUp() {
  const clock = { ms: 1_000_000 }
  const sent: Record<string, Gate>[] = []
  const plan = poolPlan('erp', [upstreamPlan('erp-1', 1)])
  const totals = { requests: 0, failures: 0, inFlight: 0 } as never
  const entry = newEntry(plan, plan.upstreams[0]!, 2, totals, 0)
  let pools: RegistryPool[] = []
  const serve = (availability: 'available' | 'out') => {
    pools = [{ plan, slot: 1, entries: [{ ...entry, verdict: { ...entry.verdict, availability } }] }]
  }
  serve('out')
  const closed: ClosedRoute[] = []
  const gates = new Gates({
    pools: () => pools,
    closedRoutes: () => closed,
    pauses: { isKnown: true, of: () => undefined },
    send: all => sent.push(Object.fromEntries(all)),
    now: () => clock.ms,
  })
  const hold = { forward: { afterMs: 5_000 } } as HoldPlan
  const routes = [
    { name: 'shop', pool: 0, hold },
    { name: 'web', pool: 0 },
  ] as unknown as RoutePlan[]
  return { clock, sent, serve, closed, gates, configure: () => gates.configure({ routes, pools: [plan] }) }
}

test('a gate opens once the pool has served for long enough, and closes with it; each is said once', () => {
  const { clock, sent, serve, gates, configure } = setUp()
  configure()
  gates.look()
  expect(sent).toEqual([{ shop: { open: false, why: 'nobody of pool erp takes work', untilMs: undefined } }])
  serve('available')
  gates.look()
  clock.ms += 4_999
  gates.look()
  expect(sent).toHaveLength(2)
  expect(sent[1]).toMatchObject({ shop: { open: false, untilMs: 1_005_000 } })
  clock.ms += 1
  gates.look()
  expect(sent[2]).toEqual({ shop: { open: true } })
  serve('out')
  gates.look()
  serve('available')
  gates.look()
  expect(gates.of('shop')).toMatchObject({ open: false, untilMs: clock.ms + 5_000 })
  expect(gates.of('web')).toBeUndefined()
})

test('a route that holds no more is closed: what was held for it waits until it is there again', () => {
  const { sent, serve, gates, configure } = setUp()
  serve('available')
  configure()
  gates.configure({ routes: [], pools: [] })
  expect(sent.at(-1)).toMatchObject({ shop: { open: false } })
  expect(gates.of('shop')).toBeUndefined()
})

test('a clock that is set keeps nobody waiting longer, and lets nobody go earlier', () => {
  const { clock, serve, gates, configure } = setUp()
  serve('available')
  configure()
  clock.ms += 3_000 - 3_600_000
  gates.clockStepped(-3_600_000)
  expect(gates.of('shop')).toMatchObject({ open: false, untilMs: clock.ms + 2_000 })
  clock.ms += 2_000
  gates.look()
  expect(gates.of('shop')).toEqual({ open: true })
})

test('a window that closes the route closes its gate', () => {
  const { clock, closed, serve, gates, configure } = setUp()
  serve('available')
  configure()
  clock.ms += 10_000
  closed.push({ route: 'shop', window: 'patch', reason: '', timeZone: 'UTC', untilMs: undefined, bypasses: [] })
  gates.look()
  expect(gates.of('shop')).toEqual({ open: false, why: 'window patch', untilMs: undefined })
  closed.length = 0
  gates.look()
  expect(gates.of('shop')).toEqual({ open: true })
})
