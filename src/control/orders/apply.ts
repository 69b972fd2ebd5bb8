// Applies what an order does to what is in use now, and tells of the order. An upstream or pool that the configuration no longer names
// is left alone. What an order does was decided before.

import type { CacheSelection } from '../../policy/cache/selection.ts'
import type { Acme } from '../certificates/acme/acme.ts'
import type { OrderEffect, OrderEvent, Orderer } from '../events/order-event.ts'
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
  readonly windows: {
    learn(fact: WindowFact): void
    /** Looks at what is known now. */
    tick(): void
  }
  /** Undefined = vigia was started without a file. */
  readonly use: UseConfiguration | undefined
  readonly tell: (event: OrderEvent | WindowEvent) => void
}

/** Returns what becomes of a configuration; undefined = the order is for something else. */
export function applyTo(targets: OrderTargets) {
  return (effects: readonly OrderEffect[], who: Orderer): Promise<Used> | undefined => {
    const { windows, use, tell } = targets
    let used: Promise<Used> | undefined
    for (const effect of effects) {
      if (effect.kind === 'configuration') used = use?.(effect, who)
      else applyOne(effect, who, targets)
    }
    tell({ type: 'order', who, effects })
    for (const effect of effects) if (effect.kind === 'freeze-override') tell(effect.event)
    if (effects.some(({ kind }) => kind === 'window')) windows.tick()
    return used
  }
}

function applyOne(
  effect: OrderEffect,
  { by }: Orderer,
  { registry, inDoubt, acme, windows, purge }: OrderTargets,
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
