// When control tells that a second site carries load: by what its levels can carry, and by the requests that were sent there.

import { expect, test } from 'vitest'
import type { RegistryPool } from '../../../../../src/control/upstreams/entry.ts'
import { Standbys } from '../../../../../src/control/upstreams/priorities/standby.ts'
import type { PoolPlan } from '../../../../../src/plan/pool.ts'

type State = 'available' | 'out' | 'unknown' | 'draining'

function setUp(plan: Partial<PoolPlan> = {}) {
  const sent = new Map<number, number>()
  const standbys = new Standbys(slot => sent.get(slot) ?? 0)
  /** Of the first site's two nodes, and of the second site. */
  const look = (states: readonly [State, State, State], nowMs: number, priorities = [0, 0, 1], floor = 0) => {
    const entries = states.map((availability, at) => ({
      slot: at + 2,
      plan: { name: `erp-${at}`, priority: priorities[at] },
      verdict: { availability },
      weight: 100,
    }))
    const pool = { plan: { name: 'erp', ...plan }, slot: 1, entries } as unknown as RegistryPool
    const told = standbys.look(pool, floor, nowMs)
    return [told.map(event => (event.carries ? event.why : [event.forMs, event.requests])), standbys.of(pool)]
  }
  return { sent, look }
}

test('it is told at once where no earlier one can serve, but not while one has no verdict yet', () => {
  const { look } = setUp()
  expect(look(['unknown', 'out', 'available'], 0)[0]).toEqual([])
  expect(look(['out', 'available', 'available'], 1)[0]).toEqual([])
  expect(look(['out', 'out', 'available'], 2)[0]).toEqual(['no earlier one can serve'])
  expect(look(['out', 'out', 'available'], 5_002)[0]).toEqual([])
  expect(look(['available', 'out', 'available'], 14_000)[0]).toEqual([])
  expect(look(['available', 'out', 'available'], 15_002)[0]).toEqual([[5_000, 0]])
})

test('requests that got there are told whatever the levels say, and counted by what they were sent to then', () => {
  const { sent, look } = setUp()
  sent.set(2, 1_000)
  const well = ['available', 'available', 'available'] as const
  look(well, 0)
  sent.set(2, 1_500).set(4, 7)
  expect(look(well, 1)).toEqual([
    ['requests found no earlier one that took them'],
    [{ priority: 1, sinceMs: 1, requests: 7 }],
  ])
  // A node that a reload moves to the second site brings none of its requests along.
  expect(look(well, 2, [1, 0, 1])[1]).toMatchObject([{ requests: 7 }])
  sent.set(2, 1_600)
  expect(look(well, 2, [1, 0, 1])[1]).toMatchObject([{ requests: 107 }])
  // With one priority there is no second site.
  expect(look(well, 3, [0, 0, 0])).toEqual([[], []])
})

test('a share by overprovisioning, and load that waits for a failback, say why', () => {
  const share = setUp({ spill: 'capacity', overprovisioning: 1.4 })
  expect(share.look(['available', 'out', 'available'], 0)[0]).toEqual([
    'earlier ones can serve only a part (overprovisioning)',
  ])
  expect(setUp().look(['available', 'out', 'available'], 0, [0, 0, 1], 1)[0]).toEqual(['it waits for a failback'])
})
