// Overrides as the store gives them back: what another version or another hand may have written is looked at before it counts.

import type { Hold } from '../../policy/upstream/holds.ts'
import type { WeightOverride } from '../../policy/upstream/weight-override.ts'
import type { Override } from '../../store/contract.ts'
import type { Pause } from '../held/pause-event.ts'
import type { Overrides } from '../upstreams/pending-overrides.ts'

/** Kinds of overrides. */
export const HOLD = 'hold'
export const WEIGHT = 'weight'
/** The priority that carries the load of a pool with `failback: manual`. */
export const FLOOR = 'floor'

/** A paused route, whose name stands in the place of the pool's. */
export const PAUSE = 'pause'

export interface KeptOverrides {
  readonly orders: readonly {
    readonly pool: string
    readonly upstream: string
    readonly kind: string
    readonly order: Overrides
  }[]
  readonly floors: readonly { readonly pool: string; readonly priority: number }[]
  readonly pauses: readonly Pause[]
  /** In words, one for each. */
  readonly unreadable: readonly string[]
}

export function readOverrides(overrides: readonly Override[]): KeptOverrides {
  const orders: KeptOverrides['orders'][number][] = []
  const floors: KeptOverrides['floors'][number][] = []
  const pauses: Pause[] = []
  const unreadable: string[] = []
  for (const { pool, upstream, kind, value } of overrides) {
    const tree = typeof value === 'object' && value !== null ? (value as Fields) : {}
    if (kind === FLOOR && upstream === undefined && Number.isInteger(tree.priority)) {
      floors.push({ pool, priority: tree.priority as number })
      continue
    }
    const pause = kind === PAUSE && upstream === undefined ? pauseOf(pool, tree) : undefined
    if (pause !== undefined) {
      pauses.push(pause)
      continue
    }
    const order = upstream === undefined ? undefined : orderOf(kind, tree)
    if (order === undefined || upstream === undefined) {
      unreadable.push(`the override ${kind} of ${upstream === undefined ? pool : `${pool}/${upstream}`}`)
    } else orders.push({ pool, upstream, kind, order })
  }
  return { orders, floors, pauses, unreadable }
}

type Fields = Readonly<Record<string, unknown>>

function orderOf(kind: string, tree: Fields): Overrides | undefined {
  switch (kind) {
    case HOLD: {
      const hold = holdOf(tree)
      return hold && { hold }
    }
    case WEIGHT: {
      const weight = weightOf(tree)
      return weight && { weight }
    }
    default:
      return undefined
  }
}

function holdOf({ status, reason, by, sinceMs, drainSinceMs, deadlineMs, deadlineBy }: Fields): Hold | undefined {
  if (status !== 'draining' && status !== 'disabled') return undefined
  if (typeof reason !== 'string' || typeof by !== 'string' || typeof sinceMs !== 'number') return undefined
  return {
    source: 'operator',
    status,
    reason,
    by,
    sinceMs,
    drainSinceMs: ms(drainSinceMs),
    deadlineMs: ms(deadlineMs),
    deadlineBy: deadlineBy === 'elapsed' ? deadlineBy : undefined,
  }
}

function pauseOf(route: string, { reason, by, sinceMs, untilMs, untilBy }: Fields): Pause | undefined {
  if (typeof reason !== 'string' || typeof by !== 'string' || typeof sinceMs !== 'number') return undefined
  return { route, reason, by, sinceMs, untilMs: ms(untilMs), untilBy: untilBy === 'elapsed' ? untilBy : undefined }
}

/** As the store has it, since before the word changed. */
export function keptWeight({ value, ...rest }: WeightOverride): object {
  return { wish: value, ...rest }
}

function weightOf({ wish, reason, by, sinceMs }: Fields): WeightOverride | undefined {
  if (typeof reason !== 'string' || typeof by !== 'string' || typeof sinceMs !== 'number') return undefined
  const { weight, percent } = (wish ?? {}) as Fields
  if (isShare(weight)) return { value: { weight }, reason, by, sinceMs }
  return isShare(percent) ? { value: { percent }, reason, by, sinceMs } : undefined
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1000
}

function ms(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
