// The queue of a pool over several workers, each with its own Pool, on the same shared memory, in one thread: whatever comes in
// whatever order, no limit is exceeded, and no place is left free that somebody waits for.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PoolPlan } from '../../../../src/plan/pool.ts'
import type { RoutePlan } from '../../../../src/plan/route.ts'
import type { RoutedRequest, Seeker } from '../../../../src/proxy/pool/choice.ts'
import type { Permit } from '../../../../src/proxy/pool/permits.ts'
import { Pool } from '../../../../src/proxy/pool/pool.ts'
import { Queue } from '../../../../src/proxy/pool/queue.ts'
import { Waiter, type Waiting } from '../../../../src/proxy/pool/waiter.ts'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import type { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { allocatePermits, PERMIT, Permits } from '../../../../src/shared/permits.ts'
import { AVAILABILITY, UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { amount } from '../../../support/thorough.ts'
import { sleep } from '../../../support/until.ts'
import { poolPlan, upstreamPlan } from '../../control/fixtures/snapshot.ts'

const POOL_SLOT = 1
const WORKERS = 3
const UPSTREAMS = [2, 3, 4]

class Stage {
  readonly table = new UpstreamTable()
  readonly permits: Permits
  readonly pools: readonly Pool[]
  readonly counters: CounterTable
  readonly clients: Client[] = []
  /** In the order in which they got their place. */
  readonly served: Client[] = []

  constructor(balance: PoolPlan['balance']['kind'] = 'least-connections') {
    const upstreams = UPSTREAMS.map(slot => upstreamPlan(`erp-${slot}`, slot))
    const queue = { max: 1000, timeoutMs: 60_000 }
    const plan = poolPlan('erp', upstreams, { queue, balance: { kind: balance } as PoolPlan['balance'] })
    const buffer = allocatePermits(WORKERS)
    this.counters = new CounterTable(allocateCounters(WORKERS), WORKERS)
    this.permits = new Permits(buffer, WORKERS, undefined)
    const endpoints = UPSTREAMS.map((slot, at) => ({ slot, plan: upstreams[at]!, readmit() {} }) as unknown as Endpoint)
    this.pools = Array.from({ length: WORKERS }, (_, worker) => {
      const row = this.counters.rows[worker]!
      const permits = new Permits(buffer, WORKERS, worker)
      const runtime = {
        row,
        permits,
        table: this.table,
        counters: this.counters,
        random: Math.random,
      } as unknown as Runtime
      return new Pool(plan, POOL_SLOT, endpoints, new Queue(POOL_SLOT, runtime), runtime)
    })
  }

  set(at: number, limit: number, up = true): void {
    this.table.set(UPSTREAMS[at]!, up ? AVAILABILITY.available : AVAILABILITY.out, 100, limit)
  }

  drain(at: number, limit: number): void {
    this.table.set(UPSTREAMS[at]!, AVAILABILITY.draining, 100, limit)
  }

  arrive(worker: number, need: Need, priority = 0): Client {
    const client = new Client(this, this.pools[worker]!, need, priority)
    this.clients.push(client)
    client.onTurn()
    return client
  }

  get waiting(): Client[] {
    return this.clients.filter(client => client.state === 'waits')
  }

  get holding(): Client[] {
    return this.clients.filter(client => client.state === 'holds')
  }

  limitOf(slot: number): number {
    return this.table.availability(slot) === AVAILABILITY.available ? this.table.limit(slot) : 0
  }

  /** A place is free that one of those that wait could take. */
  get idle(): boolean {
    return UPSTREAMS.some(
      slot =>
        this.permits.count(slot, PERMIT.taken) < this.limitOf(slot) && this.waiting.some(client => client.wants(slot)),
    )
  }
}

/** Any upstream, the one that a cookie names, or any but one that was tried. */
type Need = { readonly kind: 'any' } | { readonly kind: 'own' | 'tried'; readonly at: number }

/** What an exchange does with its pool. */
class Client implements Waiting, Seeker {
  state: 'new' | 'waits' | 'holds' | 'over' = 'new'
  slot = 0
  readonly need: Need
  readonly #stage: Stage
  readonly #pool: Pool
  readonly placement: RoutedRequest
  readonly #waiter = new Waiter(this)
  readonly tried: readonly Endpoint[]
  readonly login = undefined
  #permit: Permit | undefined
  readonly #priority: number

  constructor(stage: Stage, pool: Pool, need: Need, priority: number) {
    this.need = need
    this.#stage = stage
    this.#pool = pool
    this.#priority = priority
    const endpoint = need.kind === 'own' ? pool.endpoints[need.at] : undefined
    this.placement = {
      route: {} as RoutePlan,
      key: 0,
      stickiness: { endpoint, renew: false, key: undefined } as never,
    }
    this.tried = need.kind === 'tried' ? [pool.endpoints[need.at]!] : []
  }

  get rank(): number {
    return this.#waiter.rank
  }

  wants(slot: number): boolean {
    const { need } = this
    if (need.kind === 'any') return true
    const own = UPSTREAMS[need.at]!
    if (need.kind === 'tried') return slot !== own
    // Whose upstream is out goes to any.
    return slot === own || this.#stage.limitOf(own) === 0
  }

  onTurn(): void {
    if (this.state !== 'new' && this.state !== 'waits') return
    const choice = this.#pool.choose(this, performance.now())
    if (typeof choice !== 'string') {
      expect(choice.permit).toBeDefined()
      this.#permit = choice.permit
      this.#pool.stopWaiting(this.#waiter)
      this.state = 'holds'
      this.slot = choice.endpoint.slot
      this.#stage.served.push(this)
    } else if (choice === 'full') {
      this.state = 'waits'
      if (this.#pool.wait(this.#waiter, choice, this.#priority) !== undefined) this.onTurn()
    } else this.leave()
  }

  leave(): void {
    this.#pool.stopWaiting(this.#waiter)
    if (this.state === 'holds') this.#permit!.giveBack()
    this.state = 'over'
  }
}

const need = fc.oneof(
  fc.constant<Need>({ kind: 'any' }),
  fc.record({ kind: fc.constantFrom('own' as const, 'tried' as const), at: fc.nat({ max: 2 }) }),
)
const op = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('arrive' as const), worker: fc.nat({ max: 2 }), need }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('release' as const), pick: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('give up' as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('change' as const),
      at: fc.nat({ max: 2 }),
      limit: fc.integer({ min: 1, max: 3 }),
      up: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ op: 'settle' as const }) },
)

/** Turns of the event loop, a millisecond each at least: sooner than by looking once a second, also where the machine has others to serve. */
const SOON_TURNS = 600

async function soon(what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn += 1) {
    if (turn === SOON_TURNS) throw new Error(`not soon: ${what}`)
    await sleep(1)
  }
}

test('nobody waits for a place that is free, limits hold, and nothing is left at the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 40 }), async ops => {
      const stage = new Stage()
      for (const at of [0, 1, 2]) stage.set(at, 1)
      let lowered = false
      const settle = () => soon('no place is free that somebody waits for', () => !stage.idle)
      for (const each of ops) {
        if (each.op === 'arrive') stage.arrive(each.worker, each.need)
        else if (each.op === 'release') stage.holding[each.pick % Math.max(1, stage.holding.length)]?.leave()
        else if (each.op === 'give up') stage.waiting[each.pick % Math.max(1, stage.waiting.length)]?.leave()
        else if (each.op === 'settle') await settle()
        else {
          lowered = true
          // One is always up: else everybody would be sent away.
          stage.set(each.at, each.limit, each.up || each.at === 0)
        }
        for (const slot of UPSTREAMS) {
          if (!lowered) expect(stage.permits.count(slot, PERMIT.taken)).toBeLessThanOrEqual(1)
          expect(stage.permits.count(slot, PERMIT.taken)).toBe(stage.holding.filter(each => each.slot === slot).length)
        }
        expect(stage.permits.count(POOL_SLOT, PERMIT.queued)).toBe(stage.waiting.length)
        expect(stage.counters.gauge(POOL_SLOT, GAUGE.waiting)).toBe(stage.waiting.length)
      }
      for (const at of [0, 1, 2]) stage.set(at, 1)
      while (stage.waiting.length > 0) {
        await settle()
        for (const client of stage.holding) client.leave()
      }
      for (const client of stage.holding) client.leave()
      for (const slot of [POOL_SLOT, ...UPSTREAMS]) {
        expect(stage.permits.count(slot, PERMIT.taken) + stage.permits.count(slot, PERMIT.queued)).toBe(0)
        expect(stage.permits.firstRank(slot)).toBe(Number.POSITIVE_INFINITY)
      }
    }),
    { numRuns: amount(60) },
  )
})

test('those that wait for any upstream are served in the order of priority and arrival, whatever worker they are in', async () => {
  const arrival = fc.record({ worker: fc.nat({ max: 2 }), priority: fc.integer({ min: -2, max: 2 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 12 }), async arrivals => {
      const stage = new Stage('round-robin')
      stage.set(0, 1)
      for (const at of [1, 2]) stage.set(at, 1, false)
      stage.arrive(0, { kind: 'any' })
      const clients = arrivals.map(({ worker, priority }) => stage.arrive(worker, { kind: 'any' }, priority))
      for (let left = clients.length; left > 0; left -= 1) {
        stage.holding[0]!.leave()
        // A newcomer never passes those that wait, although the place is free at this moment.
        const newcomer = stage.arrive(left % WORKERS, { kind: 'any' }, 9)
        expect(newcomer.state).toBe('waits')
        newcomer.leave()
        await soon('the next has it', () => stage.holding.length === 1)
      }
      const order = [...clients.keys()].sort((a, b) => arrivals[a]!.priority - arrivals[b]!.priority || a - b)
      expect(stage.served.slice(1)).toEqual(order.map(at => clients[at]))
    }),
    { numRuns: 30 },
  )
})

test('a place of a worker that dies goes to who waits in another', async () => {
  const stage = new Stage()
  stage.set(0, 1)
  for (const at of [1, 2]) stage.set(at, 1, false)
  stage.arrive(0, { kind: 'any' })
  const first = stage.arrive(0, { kind: 'any' })
  const second = stage.arrive(1, { kind: 'any' })
  expect([first.state, second.state]).toEqual(['waits', 'waits'])
  // Worker 0 is gone, with what it held and who waited there: it can't do anything for them any more.
  first.onTurn = () => {}
  stage.permits.forget(0)
  await soon('the other has it', () => second.state === 'holds')
})

test('a retry that waits does not stand in the way of the sessions of an upstream that drains', () => {
  const stage = new Stage()
  stage.drain(0, 1)
  for (const at of [1, 2]) stage.set(at, 1)
  const holders = [stage.arrive(0, { kind: 'any' }), stage.arrive(0, { kind: 'any' })]
  expect(holders.map(each => each.state)).toEqual(['holds', 'holds'])
  const retry = stage.arrive(1, { kind: 'tried', at: 2 })
  expect(retry.state).toBe('waits')
  expect(stage.arrive(2, { kind: 'own', at: 0 }).state).toBe('holds')
  for (const client of stage.clients) client.leave()
})
