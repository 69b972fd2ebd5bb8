// Orders of operators with a record: what each would do is found out first, then it is written together with its audit row, then carried
// out, then acknowledged. What may be ordered is decided in operations.ts; nothing is decided here.

import type { Answer, ControlOperations, OperationResult, Recording } from '../../admin/contract/control-operations.ts'
import type { Hold } from '../../policy/upstream/holds.ts'
import { withHold } from '../../policy/upstream/holds.ts'
import type { AuditEntry, InDoubtResolution, OverrideChange } from '../../store/contract.ts'
import { Serial } from '../../util/serial.ts'
import { iso } from '../../util/words.ts'
import type { InDoubtList } from '../record/in-doubt-list.ts'
import { FLOOR, HOLD, WEIGHT } from '../record/kept-overrides.ts'
import { NotRecorded, type Records } from '../record/records.ts'
import type { Entry } from '../upstreams/entry.ts'
import { createOperations, type ImmediateOperations, type OperationTarget } from './operations.ts'

/** One thing that an order does. */
interface Effect {
  readonly audit: Pick<AuditEntry, 'action' | 'subject' | 'before' | 'after'>
  readonly override?: OverrideChange | undefined
  readonly resolve?: InDoubtResolution | undefined
  readonly apply: () => void
}

type Who = Recording & { readonly by: string; readonly reason?: string | undefined; readonly note?: string }

export interface RecordedOptions {
  readonly registry: OperationTarget
  readonly inDoubt: Pick<InDoubtList, 'resolve' | 'newest'>
  readonly records: Records
}

export function recordedOperations({ registry, inDoubt, records }: RecordedOptions): ControlOperations {
  const carryOut = createOperations(registry, inDoubt)

  /** Each order is judged by what the ones before it have left. */
  const turns = new Serial()

  function order(who: Who, act: (operations: ImmediateOperations) => OperationResult): Answer {
    if (!records.enabled) return act(carryOut)
    const perform = (): Answer => {
      const effects: Effect[] = []
      const result = act(createOperations(imagined(registry, effects), imaginedList(inDoubt, effects)))
      const [first, ...rest] = effects
      return !result.ok || first === undefined ? result : record(who, [first, ...rest])
    }
    // Whoever does not insist on a record does not wait for a disk, nor behind those who do.
    if (who.unrecorded === true && records.health().state !== 'ok') return perform()
    return turns.run(perform)
  }

  async function record(who: Who, effects: readonly [Effect, ...Effect[]]): Promise<OperationResult> {
    const { by: actor, reason, note, source = 'api', unrecorded = false } = who
    const rowOf = ({ audit }: Effect): AuditEntry => ({ actor, source, reason: reason ?? note, ...audit })
    const [first, ...rest] = effects
    const change = {
      audit: [rowOf(first), ...rest.map(rowOf)] as const,
      overrides: effects.flatMap(({ override }) => override ?? []),
      resolve: effects.flatMap(({ resolve }) => resolve ?? []),
    }
    try {
      const how = await records.order(change, { unrecorded }, () => {
        for (const { apply } of effects) apply()
      })
      return how === 'later' ? { ok: true, unrecorded: true } : { ok: true }
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error
      return { ok: false, refused: 'unavailable', detail: error.message }
    }
  }

  return {
    drain: (where, how) => order(how, each => each.drain(where, how)),
    disable: (where, how) => order(how, each => each.disable(where, how)),
    enable: (where, how) => order(how, each => each.enable(where, how)),
    weight: (where, how) => order(how, each => each.weight(where, how)),
    resolveInDoubt: (id, how) => order(how, each => each.resolveInDoubt(id, how)),
    failback: (pool, how) => order(how, each => each.failback(pool, how)),
  }
}

/** Looks like the registry, and notes down what would have been done to it. */
function imagined(registry: OperationTarget, effects: Effect[]): OperationTarget {
  /** When it is carried out another configuration may be in use: the order is for a name. */
  const onEntry = (slot: number, effect: (entry: Entry) => Omit<Effect, 'apply'>, apply: (slot: number) => void) => {
    const entry = entryAt(registry, slot)
    if (entry === undefined) return
    const now = () => entryNamed(registry, entry.pool, entry.plan.name)
    effects.push({
      ...effect(entry),
      apply: () => {
        const found = now()
        if (found !== undefined) apply(found.slot)
      },
    })
  }
  return {
    pools: () => registry.pools(),
    levels: pool => registry.levels(pool),
    hold: (slot, order) =>
      onEntry(
        slot,
        entry => {
          const before = operatorHold(entry)
          const after = withHold(entry.holds, order, Date.now()).find(({ source }) => source === order.source)!
          const override = { op: 'put', ...placeOf(entry), kind: HOLD, value: after } as const
          const action = order.status === 'draining' ? 'upstream.drain' : 'upstream.disable'
          return { audit: { action, subject: subjectOf(entry), before: told(before), after: told(after) }, override }
        },
        at => registry.hold(at, order),
      ),
    release: (slot, source, cause, by) => {
      const before = operatorHold(entryAt(registry, slot))
      if (before === undefined) return
      onEntry(
        slot,
        entry => ({
          audit: { action: 'upstream.enable', subject: subjectOf(entry), before: told(before), after: null },
          override: { op: 'remove', ...placeOf(entry), kind: HOLD },
        }),
        at => registry.release(at, source, cause, by),
      )
    },
    weigh: (slot, wish, who) => {
      const before = entryAt(registry, slot)?.weightOverride
      if (wish === undefined && before === undefined) return
      onEntry(
        slot,
        entry => {
          const key = { ...placeOf(entry), kind: WEIGHT }
          const value = wish && { wish, reason: who.reason, by: who.by, sinceMs: Date.now() }
          return {
            audit: {
              action: 'upstream.weight',
              subject: subjectOf(entry),
              before: before?.value ?? { weight: entry.plan.weight },
              after: wish ?? { weight: entry.plan.weight },
            },
            override: value === undefined ? { op: 'remove', ...key } : { op: 'put', ...key, value },
          }
        },
        at => registry.weigh(at, wish, who),
      )
    },
    failback: (pool, cause) => {
      const { floor, waiting } = registry.levels(pool)
      if (waiting === undefined) return false
      const { name } = pool.plan
      effects.push({
        audit: { action: 'pool.failback', subject: name, before: { priority: floor }, after: { priority: waiting } },
        override: { op: 'put', pool: name, upstream: undefined, kind: FLOOR, value: { priority: waiting } },
        apply: () => {
          const now = registry.pools().find(each => each.plan.name === name)
          if (now !== undefined) registry.failback(now, cause)
        },
      })
      return true
    },
  }
}

function imaginedList(inDoubt: RecordedOptions['inDoubt'], effects: Effect[]): Pick<InDoubtList, 'resolve'> {
  return {
    resolve(requestId, order, nowMs) {
      const known = inDoubt.newest(Number.POSITIVE_INFINITY).find(each => each.requestId === requestId)
      if (known === undefined) return false
      const { resolution: how, note, by } = order
      effects.push({
        audit: {
          action: 'in-doubt.resolve',
          subject: `${known.pool}/${known.upstream}`,
          before: { requestId, resolution: known.resolved?.resolution ?? null },
          after: { requestId, resolution: how },
        },
        resolve: { requestId, by, how, note },
        apply: () => inDoubt.resolve(requestId, order, nowMs),
      })
      return true
    },
  }
}

function entryAt(registry: OperationTarget, slot: number): Entry | undefined {
  return registry
    .pools()
    .flatMap(pool => pool.entries)
    .find(entry => entry.slot === slot)
}

function entryNamed(registry: OperationTarget, pool: string, name: string): Entry | undefined {
  return registry
    .pools()
    .find(each => each.plan.name === pool)
    ?.entries.find(each => each.plan.name === name)
}

function operatorHold(entry: Entry | undefined): Hold | undefined {
  return entry?.holds.find(({ source }) => source === 'operator')
}

function placeOf({ pool, plan }: Entry): { readonly pool: string; readonly upstream: string } {
  return { pool, upstream: plan.name }
}

function subjectOf({ pool, plan }: Entry): string {
  return `${pool}/${plan.name}`
}

/** What an auditor reads of a hold; null = there is none. */
export function told(hold: Hold | undefined): object | null {
  if (hold === undefined) return null
  const { status, reason, by, deadlineMs } = hold
  return { status, reason, by, ...(deadlineMs === undefined ? {} : { deadline: iso(deadlineMs) }) }
}
