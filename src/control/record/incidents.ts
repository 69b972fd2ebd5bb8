// Stretches without availability: of an upstream that is out, of a pool in which nothing takes work. Each is recorded when it begins and
// when it ends, and goes on over a restart of vigia. Planned absence (drained, disabled) of an upstream is none; of a whole pool it is.

import type { IncidentEntry } from '../../store/contract.ts'
import { iso, poolUpstream } from '../../util/words.ts'
import type { RegistryPool } from '../upstreams/entry.ts'
import type { Transition } from '../upstreams/upstream-event.ts'

export interface IncidentOptions {
  readonly pools: () => readonly RegistryPool[]
  readonly pool: (name: string) => RegistryPool | undefined
  readonly record: (incident: IncidentEntry) => void
}

export const UPSTREAM_OUT = 'upstream-out'
export const POOL_OUT = 'pool-unavailable'

export class Incidents {
  readonly #options: IncidentOptions
  /** By pool and upstream: those that last. */
  readonly #open = new Map<string, IncidentEntry>()
  /** Keys of those that began before the start. */
  readonly #restored = new Set<string>()

  constructor(options: IncidentOptions) {
    this.#options = options
  }

  /** Those that lasted when vigia ended: they go on, or end now. */
  restore(incidents: readonly IncidentEntry[], nowMs: number): void {
    for (const incident of incidents) {
      const key = keyOf(incident)
      // It has begun again since vigia started: that is the same one.
      const since = this.#open.get(key)
      if (since !== undefined)
        this.#options.record({ ...since, endMs: since.atMs, cause: `${since.cause} (see ${incident.key})` })
      this.#open.set(key, incident)
      this.#restored.add(key)
    }
    this.look(nowMs)
  }

  transition({ pool, upstream, to, cause, atMs }: Transition): void {
    const key = keyOf({ pool, upstream })
    if (to === 'out') this.#begin(key, { pool, upstream, kind: UPSTREAM_OUT, cause, atMs })
    else if (to !== 'unknown') this.#end(key, atMs)
    const now = this.#options.pool(pool)
    if (now !== undefined) this.#lookAt(now, atMs, cause)
  }

  /** The clock was set: those that began since the start began as long ago as before. */
  clockStepped(byMs: number): void {
    for (const [key, incident] of this.#open) {
      if (this.#restored.has(key)) continue
      const moved = { ...incident, atMs: incident.atMs + byMs }
      this.#open.set(key, moved)
      this.#options.record(moved)
    }
  }

  /** How pools are now; a configuration may have taken away what an incident was about. @param cause of the latest change */
  look(nowMs: number, cause = ''): void {
    for (const pool of this.#options.pools()) this.#lookAt(pool, nowMs, cause)
    for (const [key, { pool, upstream }] of this.#open) {
      const entries = this.#options.pool(pool)?.entries
      const entry = entries?.find(({ plan }) => plan.name === upstream)
      const isGone = upstream === undefined ? entries === undefined : entry === undefined
      const isOver = entry !== undefined && !['out', 'unknown'].includes(entry.verdict.availability)
      if (isGone || isOver) this.#end(key, nowMs)
    }
  }

  #lookAt({ plan, entries }: RegistryPool, nowMs: number, cause: string): void {
    const key = keyOf({ pool: plan.name, upstream: undefined })
    const states = entries.map(entry => entry.verdict.availability)
    if (states.includes('available')) this.#end(key, nowMs)
    // Where a first verdict is still to come nothing is known yet.
    else if (!states.includes('unknown') && entries.length > 0) {
      this.#begin(key, { pool: plan.name, upstream: undefined, kind: POOL_OUT, cause, atMs: nowMs })
    }
  }

  #begin(key: string, incident: Omit<IncidentEntry, 'key' | 'endMs'>): void {
    if (this.#open.has(key)) return
    const begun = { ...incident, key: `${key} ${iso(incident.atMs)}`, endMs: undefined }
    this.#open.set(key, begun)
    this.#options.record(begun)
  }

  #end(key: string, atMs: number): void {
    const incident = this.#open.get(key)
    if (incident === undefined) return
    this.#open.delete(key)
    this.#restored.delete(key)
    this.#options.record({ ...incident, endMs: Math.max(atMs, incident.atMs) })
  }
}

function keyOf({ pool, upstream }: { readonly pool: string; readonly upstream: string | undefined }): string {
  return poolUpstream(pool, upstream)
}
