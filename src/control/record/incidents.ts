// Stretches without availability: of an upstream that is out, of a pool in which nothing takes work. Each is recorded when it begins and
// when it ends, and goes on over a restart of vigia. Planned absence (drained, disabled) of an upstream is none; of a whole pool it is.

import type { IncidentEntry } from '../../store/contract.ts'
import { iso, poolUpstream } from '../../util/words.ts'
import { outOf, type RegistryPool } from '../upstreams/entry.ts'
import type { Transition } from '../upstreams/upstream-event.ts'

export interface IncidentOptions {
  readonly pools: () => readonly RegistryPool[]
  readonly pool: (name: string) => RegistryPool | undefined
  readonly record: (incident: IncidentEntry) => void
  /** Requests that have failed so far on an upstream, or for users of a pool. */
  readonly failed: (pool: RegistryPool, upstream: string | undefined) => number
}

interface OpenIncident {
  readonly incident: IncidentEntry
  /** What had failed when it began; of one that goes on over a restart: what had failed then, which is nothing. */
  readonly before: number
  /** It began before the start. */
  readonly isRestored: boolean
}

export const UPSTREAM_OUT = 'upstream-out'
export const POOL_OUT = 'pool-unavailable'
/** Vigia itself did not run. */
export const VIGIA_DOWN = 'vigia-down'

export class Incidents {
  readonly #options: IncidentOptions
  /** By pool and upstream: those that last. */
  readonly #open = new Map<string, OpenIncident>()

  constructor(options: IncidentOptions) {
    this.#options = options
  }

  /** Those that lasted when vigia ended: they go on, or end now. */
  restore(incidents: readonly IncidentEntry[], nowMs: number): void {
    for (const incident of incidents) {
      const key = keyOf(incident)
      const since = this.#open.get(key)?.incident
      // It began since the start, and was written before the store was asked.
      if (since?.key === incident.key) continue
      // It has begun again since vigia started: that is the same one.
      if (since !== undefined)
        this.#options.record({ ...since, endMs: since.atMs, cause: `${since.cause} (see ${incident.key})` })
      this.#open.set(key, { incident, before: 0, isRestored: true })
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
    for (const [key, open] of this.#open) {
      if (open.isRestored) continue
      const incident = { ...open.incident, atMs: open.incident.atMs + byMs }
      this.#open.set(key, { ...open, incident })
      this.#options.record(incident)
    }
  }

  /** How pools are now; a configuration may have taken away what an incident was about. @param cause of the latest change */
  look(nowMs: number, cause = ''): void {
    for (const pool of this.#options.pools()) this.#lookAt(pool, nowMs, cause)
    for (const [key, { incident }] of this.#open) {
      const { pool, upstream } = incident
      const entries = this.#options.pool(pool)?.entries
      const entry = entries?.find(({ plan }) => plan.name === upstream)
      const isGone = upstream === undefined ? entries === undefined : entry === undefined
      const isOver = entry !== undefined && !['out', 'unknown'].includes(entry.verdict.availability)
      if (isGone || isOver) this.#end(key, nowMs)
    }
  }

  #lookAt(pool: RegistryPool, nowMs: number, cause: string): void {
    const { name } = pool.plan
    const key = keyOf({ pool: name, upstream: undefined })
    const isOut = outOf(pool)
    if (isOut === false) this.#end(key, nowMs)
    else if (isOut) this.#begin(key, { pool: name, upstream: undefined, kind: POOL_OUT, cause, atMs: nowMs })
  }

  #begin(key: string, incident: Omit<IncidentEntry, 'key' | 'endMs'>): void {
    if (this.#open.has(key)) return
    const begun = { ...incident, key: `${key} ${iso(incident.atMs)}`, endMs: undefined }
    this.#open.set(key, { incident: begun, before: this.#failed(incident) ?? 0, isRestored: false })
    this.#options.record(begun)
  }

  #end(key: string, atMs: number): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#open.delete(key)
    const { incident, before } = open
    const now = this.#failed(incident)
    const detail = now === undefined ? {} : { detail: { failed: Math.max(0, now - before) } }
    this.#options.record({ ...incident, endMs: Math.max(atMs, incident.atMs), ...detail })
  }

  /** Undefined = the configuration does not name the pool any more. */
  #failed({ pool, upstream }: Pick<IncidentEntry, 'pool' | 'upstream'>): number | undefined {
    const found = this.#options.pool(pool)
    return found && this.#options.failed(found, upstream)
  }
}

function keyOf({ pool, upstream }: { readonly pool: string; readonly upstream: string | undefined }): string {
  return poolUpstream(pool, upstream)
}
