// What an order for upstreams and pools does, or why it is refused: names that nobody knows, freezes, what would leave a pool without an
// available upstream. Pure: it looks at what there is, and changes nothing.

import type {
  DrainOrder,
  InDoubtOrder,
  Order,
  Recording,
  TakeOutOrder,
  WeightOrder,
  Where,
} from '../../admin/contract/operations.ts'
import { type Hold, withHold } from '../../policy/upstream/holds.ts'
import { baseWeight } from '../../policy/upstream/weight-override.ts'
import { didYouMean } from '../../util/nearest.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import { poolUpstream } from '../../util/words.ts'
import type { FreezeOverrideEffect } from '../events/order-event.ts'
import { type Entry, type RegistryPool, takesWork } from '../upstreams/entry.ts'
import type { Registry } from '../upstreams/registry.ts'
import { freezeOverridden, freezeRefusal } from '../windows/freeze.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { KnownInDoubt } from '../workers/in-doubt-list.ts'
import type { Decision } from './decision.ts'

/** What such an order is judged by. */
export interface UpstreamsState {
  readonly registry: Pick<Registry, 'pools' | 'levels'>
  readonly windows: Pick<MaintenanceWindows, 'freezeOn'>
}

export function decideDrain(state: UpstreamsState, where: Where, order: DrainOrder, nowMs: number): Decision {
  return unlessFrozen(state, where, order, 'drain', nowMs, () => takeOut(state, where, 'draining', order, nowMs))
}

export function decideDisable(state: UpstreamsState, where: Where, order: TakeOutOrder, nowMs: number): Decision {
  return unlessFrozen(state, where, order, 'disabling', nowMs, () => takeOut(state, where, 'disabled', order, nowMs))
}

/** No freeze forbids it: it brings upstreams back. */
export function decideEnable(
  state: UpstreamsState,
  where: Where,
  { reason, by }: Recording & { readonly reason: string | undefined; readonly by: string },
): Decision {
  const found = find(state, where)
  if ('code' in found) return found
  const cause = `enabled by ${by}${reason === undefined ? '' : `: ${reason}`}`
  return found.entries.flatMap(entry => {
    const before = operatorHold(entry)
    return before === undefined ? [] : { kind: 'release', ...nameOf(entry), before, cause }
  })
}

export function decideWeight(state: UpstreamsState, where: Where, order: WeightOrder, nowMs: number): Decision {
  return unlessFrozen(state, where, order, 'weight', nowMs, () => {
    const { value, force, reason, by } = order
    const found = find(state, where)
    if ('code' in found) return found
    const after = value && { value, reason, by, sinceMs: nowMs }
    const takesAll = found.entries.every(({ plan }) => after !== undefined && baseWeight(plan.weight, after) === 0)
    const refusal = force || !takesAll ? undefined : leavesNothing(found)
    if (refusal !== undefined) return refusal
    return found.entries.flatMap(entry => {
      const { plan, weightOverride: before } = entry
      if (before === undefined && after === undefined) return []
      return { kind: 'weight', ...nameOf(entry), configured: plan.weight, before, after, reason }
    })
  })
}

export function decideFailback(state: UpstreamsState, name: string, order: Order, nowMs: number): Decision {
  return unlessFrozen(state, { pool: name }, order, 'failback', nowMs, () => {
    const found = find(state, { pool: name })
    if ('code' in found) return found
    const { pool } = found
    if (pool.plan.failback !== 'manual')
      return refuse(
        'conflict',
        `pool ${name} fails back by itself (failback: automatic)`,
        'there is nothing to ask for',
      )
    const { floor, waiting } = state.registry.levels(pool)
    if (waiting !== undefined) {
      const cause = `failback by ${order.by}: ${order.reason}`
      return [{ kind: 'failback', pool: name, before: floor, after: waiting, cause }]
    }
    const before = pool.entries.filter(entry => entry.plan.priority < floor)
    return before.length === 0
      ? refuse('conflict', `pool ${name} is on its first priority already`)
      : refuse('conflict', `nothing before priority ${floor} of pool ${name} takes work: ${describe(before)}`)
  })
}

/** @param known undefined = no request of that id is kept */
export function decideResolution(
  known: KnownInDoubt | undefined,
  requestId: string,
  order: InDoubtOrder,
  atMs: number,
): Decision {
  if (known === undefined)
    return refuse(
      'unknown',
      `no request ${JSON.stringify(requestId)} in doubt is kept here`,
      'GET /in-doubt lists them',
    )
  const { pool, upstream, resolved } = known
  const before = resolved?.resolution ?? null
  return [{ kind: 'resolution', pool, upstream, requestId, before, order, atMs }]
}

/** In a change freeze nobody decides without a reason for it, which is told. */
function unlessFrozen(
  state: UpstreamsState,
  where: Where,
  order: Order,
  verb: string,
  nowMs: number,
  decide: () => Decision,
): Decision {
  const freeze = state.windows.freezeOn(where.pool)
  if (freeze === undefined) return decide()
  if (order.override !== true) return freezeRefusal(freeze, where.pool)
  const decision = decide()
  if ('code' in decision) return decision
  const event = freezeOverridden(freeze, order, `${verb} of ${poolUpstream(where.pool, where.upstream)}`, nowMs)
  return [...decision, { kind: 'freeze-override', event } satisfies FreezeOverrideEffect]
}

function takeOut(
  state: UpstreamsState,
  where: Where,
  status: Hold['status'],
  { reason, by, force, deadlineMs, deadlineBy }: TakeOutOrder & Partial<DrainOrder>,
  nowMs: number,
): Decision {
  const found = find(state, where)
  if ('code' in found) return found
  const refusal = force ? undefined : leavesNothing(found)
  if (refusal !== undefined) return refusal
  return found.entries.map(entry => {
    const holds = withHold(entry.holds, { source: 'operator', status, reason, by, deadlineMs, deadlineBy }, nowMs)
    return { kind: 'hold', ...nameOf(entry), before: operatorHold(entry), after: operatorHold({ holds })! }
  })
}

interface Found {
  readonly pool: RegistryPool
  readonly entries: readonly Entry[]
}

function find(state: UpstreamsState, { pool: name, upstream }: Where): Found | Refusal {
  const all = state.registry.pools()
  const pool = all.find(each => each.plan.name === name)
  if (pool === undefined) return nothingOf(`there is no pool ${JSON.stringify(name)}`, name, all.map(nameOfPlan))
  if (upstream === undefined) return { pool, entries: pool.entries }
  const entry = pool.entries.find(each => each.plan.name === upstream)
  if (entry !== undefined) return { pool, entries: [entry] }
  const wrong = `pool ${name} has no upstream ${JSON.stringify(upstream)}`
  return nothingOf(wrong, upstream, pool.entries.map(nameOfPlan))
}

function nothingOf(wrong: string, name: string, names: readonly string[]): Refusal {
  return refuse('unknown', `${wrong}${didYouMean(name, names) || `; there is ${names.join(', ')}`}`)
}

function nameOfPlan({ plan }: { readonly plan: { readonly name: string } }): string {
  return plan.name
}

/** Where nothing would be taken away that is not gone already, nothing is refused. */
function leavesNothing({ pool, entries }: Found): Refusal | undefined {
  // Disabling what is draining already takes no new work away.
  const taken = entries.filter(entry => entry.state.hold.status === 'enabled')
  const left = pool.entries.filter(entry => !entries.includes(entry))
  if (taken.length === 0 || left.some(takesWork)) return undefined
  const rest = left.length === 0 ? 'it has no other' : describe(left)
  const wrong = `pool ${pool.plan.name} would be left without an available upstream (${rest})`
  return refuse('conflict', wrong, 'ask with force if that is meant')
}

function describe(entries: readonly Entry[]): string {
  return entries.map(({ plan, verdict }) => `${plan.name} is ${verdict.availability}: ${verdict.reason}`).join('; ')
}

function operatorHold({ holds }: Pick<Entry, 'holds'>): Hold | undefined {
  return holds.find(({ source }) => source === 'operator')
}

function nameOf({ pool, plan }: Entry): { readonly pool: string; readonly upstream: string } {
  return { pool, upstream: plan.name }
}
