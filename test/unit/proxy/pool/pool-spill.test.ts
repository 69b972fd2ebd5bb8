// What a second site gets: nothing while the first serves (`spill: none`), or what finds no place there (`spill: capacity`).

import { describe, expect, test } from 'vitest'
import type { PoolPlan } from '../../../../src/plan/pool.ts'
import type { RoutePlan } from '../../../../src/plan/route.ts'
import { Pool } from '../../../../src/proxy/pool/pool.ts'
import { Queue } from '../../../../src/proxy/pool/queue.ts'
import { NEWCOMER } from '../../../../src/proxy/pool/waiter.ts'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import type { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { allocatePermits, Permits } from '../../../../src/shared/permits.ts'
import { SessionTable } from '../../../../src/shared/sessions.ts'
import { AVAILABILITY, UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { poolPlan, upstreamPlan } from '../../control/fixtures/snapshot.ts'

const KEYS = [Buffer.alloc(32)]

/** Upstreams 0 and 1 are the first site, 2 is the second. */
function stage(more: Partial<PoolPlan>, limit = 0) {
  const upstreams = [0, 0, 1].map((priority, at) => upstreamPlan(`erp-${at}`, 8101 + at, { priority }))
  const plan = poolPlan('erp', upstreams, { balance: { kind: 'round-robin' }, ...more })
  const table = new UpstreamTable()
  const counters = new CounterTable(allocateCounters(1), 1)
  const permits = new Permits(allocatePermits(1), 1, 0)
  const sessions = new SessionTable()
  const endpoints = upstreams.map((each, at) => ({ slot: at + 2, plan: each, readmit() {} }) as unknown as Endpoint)
  const set = (at: number, state: keyof typeof AVAILABILITY) => table.set(at + 2, AVAILABILITY[state], 100, limit)
  for (const at of endpoints.keys()) set(at, 'available')
  const row = counters.rows[0]!
  const runtime = { row, permits, table, counters, sessions, random: () => 0.9 } as unknown as Runtime
  const pool = new Pool(plan, 1, endpoints, new Queue(1, runtime), runtime)
  /** Index of the upstream that one more request gets, or why none. @param of the client, by its cookie */
  const choose = (of?: number) => {
    const endpoint = of === undefined ? undefined : endpoints[of]
    const stickiness = { endpoint, renew: false, key: undefined, session: undefined }
    const placement = { route: {} as RoutePlan, key: 0, stickiness: plan.affinity && stickiness }
    const chosen = pool.choose({ placement, tried: undefined, login: undefined, rank: NEWCOMER }, 0)
    return typeof chosen === 'string' ? chosen : chosen.endpoint.slot - 2
  }
  return { set, choose, ask: (count: number) => new Set(Array.from({ length: count }, () => choose())) }
}

const cookie = (gone: 'redistribute' | 'fail') =>
  ({
    kind: 'cookie',
    name: 'v',
    ttlMs: 0,
    keys: KEYS,
    sameSite: 'lax',
    path: '/',
    gone,
  }) as unknown as PoolPlan['affinity']

describe('without spill', () => {
  test('a second site gets nothing while one of the first serves, and all when none does', () => {
    const { set, ask } = stage({})
    set(0, 'out')
    expect(ask(20)).toEqual(new Set([1]))
    set(1, 'out')
    expect(ask(20)).toEqual(new Set([2]))
    set(0, 'available')
    expect(ask(20)).toEqual(new Set([0]))
  })

  test('nor does it get what finds the first site full', () => {
    const { choose } = stage({}, 1)
    expect(new Set([choose(), choose()])).toEqual(new Set([0, 1]))
    expect(choose()).toBe('full')
  })

  test('a client that was sent there goes home when the first site serves again', () => {
    const { set, choose } = stage({ affinity: cookie('redistribute') })
    set(0, 'out')
    set(1, 'out')
    expect(choose(2)).toBe(2)
    set(1, 'available')
    expect(choose(2)).toBe(1)
  })

  test('but one whose session can not move stays with its upstream', () => {
    const { set, choose } = stage({ affinity: cookie('fail') })
    expect(choose(2)).toBe(2)
    set(2, 'out')
    expect(choose(2)).toBe('none')
  })
})

describe('with spill: capacity', () => {
  test('what finds the first site full goes on to the second, until that is full as well', () => {
    const { choose } = stage({ spill: 'capacity' }, 1)
    expect(new Set([choose(), choose()])).toEqual(new Set([0, 1]))
    expect([choose(), choose()]).toEqual([2, 'full'])
  })

  test('a factor says which share of the load the rest of the first site can carry', () => {
    const { set, ask } = stage({ spill: 'capacity', overprovisioning: 1.4 })
    expect(ask(20)).toEqual(new Set([0, 1]))
    set(0, 'out')
    expect(ask(20)).toEqual(new Set([2]))
  })
})
