// Carries out what operators ask for: finds the upstreams meant, refuses what would leave a pool without any, and tells the registry.

import type {
  ControlOperations,
  DrainOrder,
  OperationResult,
  TakeOutOrder,
  Where,
} from '../../admin/contract/control-operations.ts'
import type { Hold } from '../../policy/upstream/holds.ts'
import { baseWeight } from '../../policy/upstream/weight-override.ts'
import { didYouMean } from '../../util/nearest.ts'
import type { InDoubtList } from '../record/in-doubt-list.ts'
import { type Entry, type RegistryPool, takesWork } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'

/** What orders act on. Whoever wants to know what one would do gives something else than the registry itself. */
export type OperationTarget = Pick<Registry, 'pools' | 'levels' | 'hold' | 'release' | 'weigh' | 'failback'>

/** Carried out when they return. */
export type ImmediateOperations = {
  readonly [K in keyof ControlOperations]: (...order: Parameters<ControlOperations[K]>) => OperationResult
}

type Found = { readonly pool: RegistryPool; readonly entries: readonly Entry[] }
type Refusal = OperationResult & { ok: false }

const DONE: OperationResult = { ok: true }

export function createOperations(
  registry: OperationTarget,
  inDoubt: Pick<InDoubtList, 'resolve'>,
): ImmediateOperations {
  function takeOut(where: Where, status: Hold['status'], order: TakeOutOrder & Partial<DrainOrder>): OperationResult {
    const found = find(registry, where)
    if ('refused' in found) return found
    const refusal = order.force ? undefined : leavesNothing(found)
    if (refusal !== undefined) return refusal
    const { reason, by, deadlineMs } = order
    for (const { slot } of found.entries) {
      registry.hold(slot, { source: 'operator', status, reason, by, deadlineMs })
    }
    return DONE
  }

  return {
    drain: (where, order) => takeOut(where, 'draining', order),
    disable: (where, order) => takeOut(where, 'disabled', order),
    enable(where, { reason, by }) {
      const found = find(registry, where)
      if ('refused' in found) return found
      const cause = `enabled by ${by}${reason === undefined ? '' : `: ${reason}`}`
      for (const { slot } of found.entries) registry.release(slot, 'operator', cause, by)
      return DONE
    },
    weight(where, { wish, force, reason, by }) {
      const found = find(registry, where)
      if ('refused' in found) return found
      const takesAll = found.entries.every(
        ({ plan }) => wish !== undefined && baseWeight(plan.weight, { value: wish }) === 0,
      )
      const refusal = force || !takesAll ? undefined : leavesNothing(found)
      if (refusal !== undefined) return refusal
      for (const { slot } of found.entries) registry.weigh(slot, wish, { reason, by })
      return DONE
    },
    resolveInDoubt(requestId, order) {
      if (inDoubt.resolve(requestId, order, Date.now())) return DONE
      return unknown(`no request ${JSON.stringify(requestId)} in doubt is kept here; GET /in-doubt lists them`)
    },
    failback(name, { reason, by }) {
      const found = find(registry, { pool: name })
      if ('refused' in found) return found
      const { pool } = found
      if (pool.plan.failback !== 'manual')
        return conflict(`pool ${name} fails back by itself (failback: automatic); there is nothing to ask for`)
      if (registry.failback(pool, `failback by ${by}: ${reason}`)) return DONE
      const { floor } = registry.levels(pool)
      const before = pool.entries.filter(entry => entry.plan.priority < floor)
      if (before.length === 0) return conflict(`pool ${name} is on its first priority already`)
      return conflict(`nothing before priority ${floor} of pool ${name} takes work: ${describe(before)}`)
    },
  }
}

function find(registry: Pick<Registry, 'pools'>, { pool: name, upstream }: Where): Found | Refusal {
  const pools = registry.pools()
  const pool = pools.find(each => each.plan.name === name)
  const quoted = JSON.stringify(name)
  if (pool === undefined) {
    const names = pools.map(each => each.plan.name)
    return unknown(`there is no pool ${quoted}${didYouMean(name, names) || `; there is ${names.join(', ')}`}`)
  }
  if (upstream === undefined) return { pool, entries: pool.entries }
  const entry = pool.entries.find(each => each.plan.name === upstream)
  if (entry !== undefined) return { pool, entries: [entry] }
  const names = pool.entries.map(each => each.plan.name)
  const hint = didYouMean(upstream, names) || `; there is ${names.join(', ')}`
  return unknown(`pool ${name} has no upstream ${JSON.stringify(upstream)}${hint}`)
}

/** Where nothing would be taken away that is not gone already, nothing is refused. */
function leavesNothing({ pool, entries }: Found): Refusal | undefined {
  // Disabling what is draining already takes no new work away.
  const taken = entries.filter(entry => entry.state.hold.status === 'enabled')
  const left = pool.entries.filter(entry => !entries.includes(entry))
  if (taken.length === 0 || left.some(takesWork)) return undefined
  const rest = left.length === 0 ? 'it has no other' : describe(left)
  return conflict(
    `pool ${pool.plan.name} would be left without an available upstream (${rest}); ask with force if that is meant`,
  )
}

function describe(entries: readonly Entry[]): string {
  return entries.map(({ plan, verdict }) => `${plan.name} is ${verdict.availability}: ${verdict.reason}`).join('; ')
}

function unknown(detail: string): Refusal {
  return { ok: false, refused: 'unknown', detail }
}

function conflict(detail: string): Refusal {
  return { ok: false, refused: 'conflict', detail }
}
