// Who is still on the upstreams that are being drained, and when each will be free: looks once per tick, remembers what it saw since
// the drain began, reports. It decides nothing about the drain.

import type { DrainReport } from '../../admin/contract/control-view.ts'
import { type DrainSample, forecastFree } from '../../policy/upstream/drain-forecast.ts'
import { type Hold, strictest } from '../../policy/upstream/holds.ts'
import { type CounterTable, GAUGE } from '../../shared/counters.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import { iso } from '../../util/words.ts'
import type { Entry } from './entry.ts'

interface Watched {
  readonly sinceMs: number
  samples: DrainSample[]
  /** Ticks for each sample: doubled whenever there are too many, so that they span the whole drain. */
  stride: number
  ticks: number
}

const MOST_SAMPLES = 240

export class DrainWatch {
  readonly #counters: CounterTable
  readonly #sessions: SessionTable
  /** By slot. */
  readonly #watched = new Map<number, Watched>()

  constructor(counters: CounterTable, sessions: SessionTable) {
    this.#counters = counters
    this.#sessions = sessions
  }

  /** About a second has passed. @param entries all there are */
  tick(entries: readonly Entry[], nowMs: number): void {
    const slots = new Set<number>()
    for (const entry of entries) {
      const hold = drainOf(entry)
      if (hold === undefined) continue
      slots.add(entry.slot)
      this.#sample(this.#watch(entry.slot, hold.drainSinceMs), entry, nowMs)
    }
    for (const slot of this.#watched.keys()) if (!slots.has(slot)) this.#watched.delete(slot)
  }

  /** Null where it is not being drained. */
  report(entry: Entry, nowMs: number): DrainReport | null {
    const hold = drainOf(entry)
    if (hold === undefined) return null
    const remaining = this.#remaining(entry)
    const watched = this.#watched.get(entry.slot)
    const seen = watched?.sinceMs === hold.drainSinceMs ? watched.samples : []
    const samples = [...seen, { atMs: nowMs, remaining: sum(remaining) }]
    const freeMs = forecastFree(samples, nowMs, hold.deadlineMs)
    return {
      since: iso(hold.drainSinceMs),
      by: hold.by,
      reason: hold.reason,
      deadline: hold.deadlineMs === undefined ? null : iso(hold.deadlineMs),
      remaining,
      freeAt: freeMs === undefined ? null : iso(freeMs),
    }
  }

  #watch(slot: number, sinceMs: number): Watched {
    const known = this.#watched.get(slot)
    if (known?.sinceMs === sinceMs) return known
    const fresh: Watched = { sinceMs, samples: [], stride: 1, ticks: 0 }
    this.#watched.set(slot, fresh)
    return fresh
  }

  #sample(watched: Watched, entry: Entry, nowMs: number): void {
    watched.ticks += 1
    if (watched.ticks % watched.stride !== 0) return
    watched.samples.push({ atMs: nowMs, remaining: sum(this.#remaining(entry)) })
    if (watched.samples.length < MOST_SAMPLES) return
    watched.samples = watched.samples.filter((_, at) => at % 2 === 0)
    watched.stride *= 2
  }

  #remaining({ slot, holds }: Entry): DrainReport['remaining'] {
    return {
      inFlight: this.#counters.gauge(slot, GAUGE.inFlight),
      longPolls: this.#counters.gauge(slot, GAUGE.longPolls),
      tunnels: this.#counters.gauge(slot, GAUGE.tunnels),
      // Sessions are those seen lately; a disabled upstream serves none any more, whatever was seen.
      sessions: strictest(holds)?.status === 'draining' ? this.#sessions.sessions(slot) : 0,
    }
  }
}

function drainOf({ holds }: Entry): (Hold & { readonly drainSinceMs: number }) | undefined {
  const hold = strictest(holds)
  return hold?.drainSinceMs === undefined ? undefined : { ...hold, drainSinceMs: hold.drainSinceMs }
}

function sum({ inFlight, longPolls, tunnels, sessions }: DrainReport['remaining']): number {
  return inFlight + longPolls + tunnels + sessions
}
