// What a change freeze forbids: changes of the configuration, and orders that take work from the upstreams of its pools. Whoever gives
// a reason for it may override a freeze; then that is told. Bringing an upstream back is never forbidden.

import type { Answer, ControlOperations, Order, Where } from '../../admin/contract/control-operations.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import { whenWords } from '../windows/window-words.ts'
import { StartError } from '../workers/start-error.ts'

type Freezes = Pick<MaintenanceWindows, 'freezeOn' | 'tell'>

/** The configuration can't be changed now. The message is one line. */
export class FrozenError extends StartError {}

/** Who changes the configuration in a freeze all the same, and why. */
export interface FreezeOverride {
  readonly by: string
  readonly reason: string
}

/** Throws FrozenError. @param override undefined = nobody has asked for that */
export function checkConfigurationFreeze(freezes: Freezes, override: FreezeOverride | undefined): void {
  const refusal = refusalOf(freezes, undefined)
  if (refusal === undefined) return
  if (override === undefined) throw new FrozenError(refusal, undefined)
  tellOverride(freezes, undefined, override, 'the configuration is changed')
}

export function withFreezes(operations: ControlOperations, freezes: Freezes): ControlOperations {
  async function guarded(where: Where, order: Order, verb: string, act: () => Answer) {
    const refusal = refusalOf(freezes, where.pool)
    if (refusal === undefined) return act()
    if (order.override !== true) return { ok: false, refused: 'conflict', detail: refusal } as const
    const result = await act()
    const { pool, upstream } = where
    if (result.ok)
      tellOverride(freezes, pool, order, `${verb} of ${upstream === undefined ? pool : `${pool}/${upstream}`}`)
    return result
  }
  return {
    ...operations,
    drain: (where, order) => guarded(where, order, 'drain', () => operations.drain(where, order)),
    disable: (where, order) => guarded(where, order, 'disabling', () => operations.disable(where, order)),
    weight: (where, order) => guarded(where, order, 'weight', () => operations.weight(where, order)),
    failback: (pool, order) => guarded({ pool }, order, 'failback', () => operations.failback(pool, order)),
  }
}

function refusalOf(freezes: Freezes, pool: string | undefined): string | undefined {
  const freeze = freezes.freezeOn(pool)
  if (freeze === undefined) return undefined
  const { window, reason, untilMs, timeZone } = freeze
  const until = untilMs === undefined ? '' : ` until ${whenWords(untilMs, timeZone)}`
  const what = pool === undefined ? 'the configuration' : `pool ${pool}`
  const why = reason === window ? '' : ` (${reason})`
  return `change freeze ${window}${why} protects ${what}${until}; if it has to be, ask with override and a reason`
}

function tellOverride(freezes: Freezes, pool: string | undefined, { by, reason }: FreezeOverride, what: string): void {
  const { window, occurrenceKey: occurrence } = freezes.freezeOn(pool)!
  freezes.tell({ window, kind: 'overridden', occurrence, by, reason, cause: `overridden by ${by}: ${what}: ${reason}` })
}
