// Decisions of a request: which route, which upstream. Their cost must not grow with the number of routes and upstreams.
import type { BalancePlan } from '../../src/plan/balance.ts'
import type { RouteMatch } from '../../src/plan/route.ts'
import type { BalanceView } from '../../src/policy/balance/balancer.ts'
import { createBalancer } from '../../src/policy/balance/create.ts'
import { compileRoutes, matchRoute, normalisePath } from '../../src/policy/request/routing.ts'
import { GAUGE } from '../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../src/shared/counters.ts'
import { type MicroCase, ring } from './case.ts'

const inFlight = 64

function routeCase(count: number): MicroCase {
  const everywhere = { listeners: [], hosts: [], methods: [] } as const
  const routes: RouteMatch[] = Array.from({ length: count - 1 }, (_, i) => ({ ...everywhere, path: `/r/${i}` }))
  const table = compileRoutes([...routes, { ...everywhere, path: '/' }], 'web')
  const targetAt = ring(['/api/orders/48213', '/web/login?next=%2F', '/r/5/x', '/jsonrpc'])
  return {
    name: `route: ${count} of them`,
    run: times => {
      let sum = 0
      for (let i = 0; i < times; i++)
        sum += matchRoute(table, 'erp.example.com', normalisePath(targetAt(i)) ?? '', 'GET')
      return sum
    },
  }
}

/** As a worker chooses: in-flight counts are read from the shared rows, and 64 exchanges are under way. */
function balanceCase(plan: BalancePlan, size: number): MicroCase {
  return {
    name: `balance: ${plan.kind}, ${size} upstreams`,
    run: times => {
      const table = new CounterTable(allocateCounters(1), 1)
      const row = table.rows[0]!
      const names = Array.from({ length: size }, (_, i) => `erp-${i}`)
      const balancer = createBalancer(plan, names)
      const view: BalanceView = {
        size,
        weights: new Float64Array(size).fill(100),
        uniform: true,
        inFlight: index => table.gauge(index + 1, GAUGE.inFlight),
      }
      const random = seeded()
      const busy: number[] = []
      let sum = 0
      for (let i = 0; i < times; i++) {
        const index = balancer.pick(view, Math.floor(random() * 2 ** 32), i, random)
        row.move(index + 1, GAUGE.inFlight, 1)
        const ended = busy[i % inFlight]
        if (ended !== undefined) row.move(ended, GAUGE.inFlight, -1)
        busy[i % inFlight] = index + 1
        sum += index
      }
      return sum
    },
  }
}

/** The same numbers in every run (Lehmer, modulus 2^31 - 1). */
function seeded(): () => number {
  let state = 48213
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}

const sizes = [3, 30, 300]
const plans: readonly BalancePlan[] = [
  ...(['round-robin', 'least-connections', 'random-two', 'peak-ewma'] as const).map(kind => ({ kind })),
  { kind: 'hash', key: { from: 'address' }, boundedLoad: 1.25 },
]

export const decisionCases: readonly MicroCase[] = [
  ...[1, 100, 1000].map(routeCase),
  ...plans.flatMap(plan => sizes.map(size => balanceCase(plan, size))),
]
