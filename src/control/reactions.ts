// What the parts of the control plane do when something happens elsewhere: workers end what may not go on, probes are made at once, what
// a worker leaves behind is taken up.

import type { Tell } from './events/event.ts'
import type { HeldParts } from './held/create.ts'
import type { Prober } from './upstreams/prober.ts'
import type { Registry } from './upstreams/registry.ts'
import type { InDoubtList } from './workers/in-doubt-list.ts'
import type { SharedMemory } from './workers/shared-memory.ts'
import type { Supervisor } from './workers/supervisor.ts'

export interface ReactingParts {
  readonly supervisor: Pick<Supervisor, 'tell'>
  readonly registry: Pick<Registry, 'sawTransportFailure' | 'sawHolding' | 'named'>
  readonly prober: Pick<Prober, 'probeNow' | 'begin'>
  readonly inDoubt: Pick<InDoubtList, 'add'>
  readonly shared: Pick<SharedMemory, 'forget' | 'permits'>
  readonly holding: Pick<HeldParts, 'closedRoutes' | 'gates'>
}

/** The tunnels of an upstream whose drain has ended are closed within this time: their clients must not all come back at once. */
const END_SPREAD_MS = 5000

export function reacting({ supervisor, registry, prober, inDoubt, shared, holding }: ReactingParts): Tell {
  return event => {
    switch (event.type) {
      case 'name':
        return prober.begin(registry.named(event.host))
      case 'disabled':
        return supervisor.tell({ type: 'end-upstream', slot: event.slot, spreadMs: END_SPREAD_MS })
      case 'silent':
        return supervisor.tell({ type: 'upstream-silent', slot: event.slot, silent: event.silent })
      case 'bypass-only':
        return supervisor.tell({ type: 'end-tunnels', slot: event.slot, spreadMs: END_SPREAD_MS })
      case 'closed-routes':
      case 'pause':
        supervisor.tell({ type: 'closed-routes', closedRoutes: holding.closedRoutes() })
        return holding.gates.look()
      case 'transition':
        return holding.gates.look()
      case 'transport-failure':
        registry.sawTransportFailure(event.slot, event.failure)
        return prober.probeNow(event.slot)
      case 'idle-in-the-way':
        return supervisor.tell({ type: 'close-idle', slot: event.slot })
      case 'starved':
        return registry.sawHolding(event.slot, 'starved')
      case 'holds-workers':
        return registry.sawHolding(event.slot, event.sign)
      case 'in-doubt':
        return inDoubt.add(event.record)
      case 'worker-stalled':
        return shared.permits.passOver(event.worker, event.phase !== 'ends')
      case 'worker-lost':
        return shared.forget(event.worker)
    }
  }
}

/** Whoever keeps instants of the wall clock. */
interface KeepsTime {
  /** It was set by so many ms; negative = back. */
  clockStepped(byMs: number): void
}

/** Comes last: that the clock was set is said before what follows from it. */
export function followingClock(keepers: readonly KeepsTime[]): Tell {
  return event => {
    if (event.type === 'clock-step') for (const keeper of keepers) keeper.clockStepped(event.byMs)
  }
}
