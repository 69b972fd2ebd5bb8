// What control has of held requests, put together: the part itself, pauses, gates, and what they do when something happens elsewhere.

import type { HeldOptions, HeldRequests } from '../../held/contract.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import { Gates } from './gates.ts'
import { Held } from './held.ts'
import type { HoldingEvent } from './held-event.ts'
import type { PauseEvent } from './pause-event.ts'
import { Pauses } from './pauses.ts'

export interface HeldPartsOptions {
  readonly open: (options: HeldOptions) => HeldRequests
  readonly table: SharedArrayBuffer
  /** What people had paused before the start comes later. */
  readonly restores: boolean
  readonly pools: () => readonly RegistryPool[]
  /** By windows. */
  readonly closedRoutes: () => readonly ClosedRoute[]
  readonly tell: (event: HoldingEvent | PauseEvent) => void
}

export interface HeldParts {
  readonly held: Held
  readonly pauses: Pauses
  readonly gates: Gates
  /** Routes that windows answer, and that are paused. */
  closedRoutes(): readonly ClosedRoute[]
  apply(snapshot: Snapshot): void
  /** To be called about once a second. */
  tick(): void
  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void
}

export function createHeld({ restores, pools, closedRoutes, tell, ...opening }: HeldPartsOptions): HeldParts {
  const held: Held = new Held({
    ...opening,
    tell,
    why: route => {
      const gate = gates.of(route)
      return gate === undefined || gate.open ? 'its pool had no place for them' : gate.why
    },
  })
  const pauses = new Pauses({ restores, tally: route => held.totals(route), tell })
  const gates = new Gates({ pools, closedRoutes, pauses, send: all => held.gate(all) })
  return {
    held,
    pauses,
    gates,
    closedRoutes: () => pauses.over(closedRoutes()),
    apply(snapshot) {
      gates.configure(snapshot)
      held.apply(snapshot)
    },
    tick() {
      pauses.tick()
      gates.look()
      held.tick()
    },
    clockStepped(byMs) {
      pauses.clockStepped(byMs)
      gates.clockStepped(byMs)
    },
  }
}
