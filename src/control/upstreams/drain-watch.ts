// Who is still on the upstreams that are being drained, and when each will be free: looks once per tick and remembers what it saw since
// the drain began. It decides nothing about the drain.

import { type DrainSample, forecastFree } from '../../policy/upstream/drain-forecast.ts'
import { type Hold, strictest } from '../../policy/upstream/holds.ts'
import { GAUGE } from '../../shared/counter-cells.ts'
import type { CounterTable } from '../../shared/counters.ts'
import type { SessionTable } from '../../shared/sessions.ts'
import type { Entry } from './entry.ts'

/** How a drain stands. */
export interface Drain extends Pick<Hold, 'by' | 'reason' | 'deadlineMs'> {
  /** When it began, epoch ms. */
  readonly sinceMs: number
  readonly remaining: Remaining
  /** Since when nothing is left, or when that will probably be, epoch ms; undefined = what is left does not fall. */
  readonly freeMs: number | undefined
}

export interface Remaining {
  readonly inFlight: number
  readonly longPolls: number
  readonly tunnels: number
  /** Sessions with affinity seen in the last minutes: an estimate. */
  readonly sessions: number
}

interface Watched {
  readonly sinceMs: number
  readonly samples: readonly DrainSample[]
  /** Ticks for each sample: doubled whenever there are too many, so that they span the whole drain. */
  readonly stride: number
  readonly ticks: number
}

const MOST_SAMPLES = 240

export class DrainWatch {
  readonly #counters: CounterTable
  readonly #sessions: SessionTable
  /** By slot: the upstreams that are being drained. */
  #watched: ReadonlyMap<number, Watched> = new Map()

  constructor(counters: CounterTable, sessions: SessionTable) {
    this.#counters = counters
    this.#sessions = sessions
  }

  /** About a second has passed. @param entries all there are */
  tick(entries: readonly Entry[], nowMs: number): void {
    const watched = new Map<number, Watched>()
    for (const entry of entries) {
      const hold = drainOf(entry)
      if (hold === undefined) continue
      const sample = { atMs: nowMs, remaining: sum(this.#remaining(entry)) }
      watched.set(entry.slot, afterTick(this.#watchedSince(entry, hold.drainSinceMs), sample))
    }
    this.#watched = watched
  }

  /** Undefined where it is not being drained. */
  of(entry: Entry, nowMs: number): Drain | undefined {
    const hold = drainOf(entry)
    if (hold === undefined) return undefined
    const { drainSinceMs: sinceMs, by, reason, deadlineMs } = hold
    const remaining = this.#remaining(entry)
    const samples = [...this.#watchedSince(entry, sinceMs).samples, { atMs: nowMs, remaining: sum(remaining) }]
    return { sinceMs, by, reason, deadlineMs, remaining, freeMs: forecastFree(samples, nowMs, deadlineMs) }
  }

  /** What was seen of an earlier drain says nothing of this one. */
  #watchedSince({ slot }: Entry, sinceMs: number): Watched {
    const known = this.#watched.get(slot)
    return known?.sinceMs === sinceMs ? known : { sinceMs, samples: [], stride: 1, ticks: 0 }
  }

  #remaining({ slot, holds }: Entry): Remaining {
    return {
      inFlight: this.#counters.gauge(slot, GAUGE.inFlight),
      longPolls: this.#counters.gauge(slot, GAUGE.longPolls),
      tunnels: this.#counters.gauge(slot, GAUGE.tunnels),
      // Sessions are those seen lately; a disabled upstream serves none any more, whatever was seen.
      sessions: strictest(holds)?.status === 'draining' ? this.#sessions.sessions(slot) : 0,
    }
  }
}

function afterTick(watched: Watched, sample: DrainSample): Watched {
  const ticks = watched.ticks + 1
  if (ticks % watched.stride !== 0) return { ...watched, ticks }
  const samples = [...watched.samples, sample]
  if (samples.length < MOST_SAMPLES) return { ...watched, ticks, samples }
  return { ...watched, ticks, samples: samples.filter((_, at) => at % 2 === 0), stride: watched.stride * 2 }
}

function drainOf({ holds }: Entry): (Hold & { readonly drainSinceMs: number }) | undefined {
  const hold = strictest(holds)
  return hold?.drainSinceMs === undefined ? undefined : { ...hold, drainSinceMs: hold.drainSinceMs }
}

function sum({ inFlight, longPolls, tunnels, sessions }: Remaining): number {
  return inFlight + longPolls + tunnels + sessions
}
