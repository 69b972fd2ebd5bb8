// Applies what an order does to what is in use now, and tells of the order. An upstream or pool that the configuration no longer names
// is left alone. What an order does was decided before.

import type { HeldOrderDone } from '../../held/contract.ts'
import type { CacheSelection } from '../../policy/cache/selection.ts'
import type { Refusal } from '../../util/refusal.ts'
import type { Acme } from '../certificates/acme/acme.ts'
import type { OrderEffect, OrderEvent, Orderer } from '../events/order-event.ts'
import type { Held } from '../held/held.ts'
import type { Pauses } from '../held/pauses.ts'
import type { Registry } from '../upstreams/registry.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import type { WindowFact } from '../windows/window-facts.ts'
import type { InDoubtList } from '../workers/in-doubt-list.ts'
import type { UseConfiguration, Used } from './use-configuration.ts'

/** What orders change. */
export interface OrderTargets {
  readonly registry: Pick<Registry, 'pools' | 'hold' | 'release' | 'weigh' | 'failback'>
  readonly inDoubt: Pick<InDoubtList, 'resolve'>
  readonly purge: (selection: CacheSelection) => void
  readonly acme: Pick<Acme, 'renew'>
  readonly held: Pick<Held, 'carryOut'>
  readonly pauses: Pick<Pauses, 'pause' | 'resume'>
  readonly windows: {
    learn(fact: WindowFact): void
    /** Looks at what is known now. */
    tick(): void
  }
  /** Undefined = vigia was started without a file. */
  readonly use: UseConfiguration | undefined
  readonly tell: (event: OrderEvent | WindowEvent) => void
}

/** What comes of effects that take long, of those that the order has. */
export interface Applied {
  readonly used?: Promise<Used> | undefined
  readonly held?: Promise<HeldOrderDone | Refusal>
}

export function applyTo(targets: OrderTargets) {
  return (effects: readonly OrderEffect[], who: Orderer): Applied => {
    const { windows, held, use, tell } = targets
    let applied: Applied = {}
    for (const effect of effects) {
      if (effect.kind === 'configuration') applied = { used: use?.(effect, who) }
      else if (effect.kind === 'held') applied = { held: held.carryOut(effect.order, who.by, who.reason ?? '') }
      else applyOne(effect, who, targets)
    }
    tell({ type: 'order', who, effects })
    for (const effect of effects) if (effect.kind === 'freeze-override') tell(effect.event)
    if (effects.some(({ kind }) => kind === 'window')) windows.tick()
    return applied
  }
}

function applyOne(
  effect: OrderEffect,
  { by, reason = '' }: Orderer,
  { registry, inDoubt, acme, windows, pauses, purge }: OrderTargets,
): void {
  switch (effect.kind) {
    case 'hold': {
      const slot = slotOf(registry, effect)
      if (slot !== undefined) registry.hold(slot, effect.after)
      return
    }
    case 'release': {
      const slot = slotOf(registry, effect)
      if (slot !== undefined) registry.release(slot, 'operator', effect.cause, by)
      return
    }
    case 'weight': {
      const slot = slotOf(registry, effect)
      if (slot !== undefined) registry.weigh(slot, effect.after?.value, { reason: effect.reason, by })
      return
    }
    case 'failback': {
      const pool = poolOf(registry, effect.pool)
      if (pool !== undefined) registry.failback(pool, effect.cause)
      return
    }
    case 'purge':
      purge(effect.selection)
      return
    case 'resolution':
      inDoubt.resolve(effect.requestId, effect.order, effect.atMs)
      return
    case 'pause':
      pauses.pause(effect.after)
      return
    case 'resume':
      pauses.resume(effect.before.route, by, reason)
      return
    case 'renewal':
      acme.renew(effect.name)
      return
    case 'window':
      for (const fact of effect.facts) windows.learn(fact)
  }
}

function poolOf(registry: Pick<Registry, 'pools'>, name: string) {
  return registry.pools().find(({ plan }) => plan.name === name)
}

function slotOf(
  registry: Pick<Registry, 'pools'>,
  { pool, upstream }: { readonly pool: string; readonly upstream: string },
): number | undefined {
  return poolOf(registry, pool)?.entries.find(({ plan }) => plan.name === upstream)?.slot
}
