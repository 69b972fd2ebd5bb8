// Pools with nobody left to take new work: tells when that begins and when it ends, with what users got meanwhile. Where a first
// verdict is still to come nothing is known yet, and nothing begins.

import type { PoolOutage } from '../../admin/contract/pools.ts'
import type { StatusClasses } from '../../admin/contract/upstreams.ts'
import { TOTAL } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import { iso } from '../../util/words.ts'
import type { VigiaEvent } from '../events/event.ts'
import type { PoolEvent } from '../events/pool-event.ts'
import { outOf, type RegistryPool } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import { answersBy } from './upstream-report.ts'

export interface PoolOutagesOptions {
  readonly registry: Pick<Registry, 'pools' | 'pool'>
  readonly counters: CounterTable
  readonly tell: (event: PoolEvent) => void
}

interface Got {
  readonly answers: StatusClasses
  readonly inDoubt: number
  readonly planned: number
}

interface Outage {
  readonly sinceMs: number
  /** By slot, of the pool and of its upstreams: what was counted when it began. */
  readonly before: ReadonlyMap<number, Got>
}

export class PoolOutages {
  readonly #options: PoolOutagesOptions
  readonly #open = new Map<string, Outage>()
  /** By name of the pool: those that are over, since the start. */
  readonly #tally = new Map<string, { count: number; seconds: number }>()

  constructor(options: PoolOutagesOptions) {
    this.#options = options
  }

  /** Takes in what happens. */
  readonly see = (event: VigiaEvent): void => {
    if (event.type === 'transition') {
      const pool = this.#options.registry.pool(event.transition.pool)
      if (pool !== undefined) this.#look(pool, event.transition.atMs)
    } else if (event.type === 'reload' && event.result === 'applied') this.#lookAtAll(event.atMs)
  }

  /** The clock was set: what lasts began as long ago as before. */
  clockStepped(byMs: number): void {
    for (const [name, outage] of this.#open) this.#open.set(name, { ...outage, sinceMs: outage.sinceMs + byMs })
  }

  /** What lasts; null = somebody takes work. */
  of(pool: RegistryPool): PoolOutage | null {
    const outage = this.#open.get(pool.plan.name)
    return outage === undefined ? null : { since: iso(outage.sinceMs), ...this.#got(pool, outage) }
  }

  /** Since the start, the one that lasts included. @param nowMs epoch ms */
  totals(pool: string, nowMs: number): { readonly count: number; readonly seconds: number } {
    const { count, seconds } = this.#tally.get(pool) ?? { count: 0, seconds: 0 }
    const open = this.#open.get(pool)
    return open === undefined
      ? { count, seconds }
      : { count: count + 1, seconds: seconds + Math.max(0, nowMs - open.sinceMs) / 1000 }
  }

  #lookAtAll(atMs: number): void {
    const pools = this.#options.registry.pools()
    const names = new Set(pools.map(({ plan }) => plan.name))
    for (const name of this.#open.keys()) if (!names.has(name)) this.#open.delete(name)
    for (const pool of pools) this.#look(pool, atMs)
  }

  #look(pool: RegistryPool, atMs: number): void {
    const { name } = pool.plan
    const outage = this.#open.get(name)
    const isOut = outOf(pool)
    if (isOut === true && outage === undefined) this.#begin(pool, atMs)
    else if (isOut === false && outage !== undefined) this.#end(pool, outage, atMs)
  }

  #begin(pool: RegistryPool, atMs: number): void {
    const { name: key } = pool.plan
    this.#open.set(key, { sinceMs: atMs, before: new Map(slotsOf(pool).map(slot => [slot, this.#count(slot)])) })
    const upstreams = pool.entries.map(
      ({ plan, verdict }) => `${plan.name} is ${verdict.availability}: ${verdict.reason}`,
    )
    const isPlanned = pool.entries.every(({ holds }) => holds.length > 0)
    this.#options.tell({ type: 'pool', phase: 'begins', atMs, pool: key, upstreams, isPlanned })
  }

  #end(pool: RegistryPool, outage: Outage, atMs: number): void {
    const { name } = pool.plan
    const forMs = Math.max(0, atMs - outage.sinceMs)
    this.#open.delete(name)
    const tally = this.#tally.get(name) ?? { count: 0, seconds: 0 }
    this.#tally.set(name, { count: tally.count + 1, seconds: tally.seconds + forMs / 1000 })
    const by = pool.entries.filter(({ verdict }) => verdict.availability === 'available').map(({ plan }) => plan.name)
    const got = this.#got(pool, outage)
    this.#options.tell({ type: 'pool', phase: 'ends', atMs, pool: name, by, sinceMs: outage.sinceMs, forMs, ...got })
  }

  /** What users of the pool got since it began: of an upstream that came meanwhile nothing, it took no work. */
  #got(pool: RegistryPool, { before }: Outage): Got {
    const all = slotsOf(pool).flatMap(slot => {
      const was = before.get(slot)
      return was === undefined ? [] : [{ was, is: this.#count(slot) }]
    })
    const sum = (of: (got: Got) => number) => all.reduce((total, { was, is }) => total + of(is) - of(was), 0)
    return {
      answers: {
        '1xx': sum(({ answers }) => answers['1xx']),
        '2xx': sum(({ answers }) => answers['2xx']),
        '3xx': sum(({ answers }) => answers['3xx']),
        '4xx': sum(({ answers }) => answers['4xx']),
        '5xx': sum(({ answers }) => answers['5xx']),
      },
      inDoubt: sum(({ inDoubt }) => inDoubt),
      planned: sum(({ planned }) => planned),
    }
  }

  #count(slot: number): Got {
    const { counters } = this.#options
    const total = (index: number) => counters.total(slot, index)
    return { answers: answersBy(counters, slot), inDoubt: total(TOTAL.inDoubt), planned: total(TOTAL.planned) }
  }
}

function slotsOf({ slot, entries }: RegistryPool): number[] {
  return [slot, ...entries.map(entry => entry.slot)]
}
