// Which held requests may be sent now: looks at pauses, windows and pools when they change and once a second, and says it where it is
// another. What counts is in policy/hold/gate.ts.

import { isDeepStrictEqual } from 'node:util'
import type { Gate } from '../../held/contract.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { gateOf } from '../../policy/hold/gate.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { type RegistryPool, takesWork } from '../upstreams/entry.ts'
import type { Pauses } from './pauses.ts'

export interface GatesOptions {
  readonly pools: () => readonly RegistryPool[]
  /** By windows. */
  readonly closedRoutes: () => readonly ClosedRoute[]
  readonly pauses: Pick<Pauses, 'isKnown' | 'of'>
  readonly send: (gates: ReadonlyMap<string, Gate>) => void
  /** Epoch ms. */
  readonly now?: () => number
}

/** A route that holds requests. */
interface HoldingRoute {
  readonly name: string
  readonly pool: string
  readonly afterMs: number
}

/** Of a route that holds nothing (any more). */
export const GONE: Gate = { open: false, why: 'no route of this name holds requests', untilMs: undefined }

export class Gates {
  readonly #options: GatesOptions
  readonly #now: () => number
  #routes: readonly HoldingRoute[] = []
  #gates: ReadonlyMap<string, Gate> = new Map()
  /** When each pool that has somebody who takes work got it, epoch ms. */
  #servingSince: ReadonlyMap<string, number> = new Map()

  constructor(options: GatesOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Undefined = the route holds nothing. */
  of(route: string): Gate | undefined {
    return this.#gates.get(route)
  }

  configure({ routes, pools }: Pick<Snapshot, 'routes' | 'pools'>): void {
    this.#routes = routes.flatMap(({ name, pool, hold }) =>
      hold === undefined ? [] : [{ name, pool: pools[pool]!.name, afterMs: hold.forward.afterMs }],
    )
    this.look()
  }

  look(): void {
    if (this.#routes.length === 0 && this.#gates.size === 0) return
    const { pools, closedRoutes, pauses, send } = this.#options
    const nowMs = this.#now()
    const serving = pools().filter(({ entries }) => entries.some(takesWork))
    this.#servingSince = new Map(
      serving.map(({ plan }) => [plan.name, this.#servingSince.get(plan.name) ?? nowMs] as const),
    )
    const closed = new Map(closedRoutes().map(each => [each.route, each] as const))
    const gates = new Map(
      this.#routes.map(({ name, pool, afterMs }) => {
        const now = { isPauseKnown: pauses.isKnown, pause: pauses.of(name), closed: closed.get(name), pool, afterMs }
        return [name, gateOf({ ...now, servingSinceMs: this.#servingSince.get(pool) }, nowMs)] as const
      }),
    )
    if (isDeepStrictEqual(gates, this.#gates)) return
    const gone = [...this.#gates.keys()].filter(name => !gates.has(name))
    this.#gates = gates
    send(new Map([...gone.map(name => [name, GONE] as const), ...gates]))
  }

  /** The wall clock was set by so many ms: a pool has served for as long as before. */
  clockStepped(byMs: number): void {
    this.#servingSince = new Map([...this.#servingSince].map(([pool, sinceMs]) => [pool, sinceMs + byMs] as const))
    this.look()
  }
}
