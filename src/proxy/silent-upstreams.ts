// The upstreams that have gone silent, as this worker sees them: looks now and then at what still waits on each, and has it go on
// elsewhere or end. When that is due decides policy/upstream/silence.ts.

import { judgeSilence } from '../policy/upstream/silence.ts'
import { GAUGE, TOTAL } from '../shared/counter-cells.ts'
import { AVAILABILITY } from '../shared/upstream-table.ts'
import type { ClientEvents } from './exchange/client-events.ts'
import type { ExchangeContext } from './exchange/context.ts'
import type { Pool } from './pool/pool.ts'

interface Watch {
  /** Monotonic, ms. */
  sinceMs: number
  /** Requests that it had answered by then, over all workers. */
  answers: number
  sessionsEnded: boolean
}

/** Its tunnels are ended within this time: their clients must not all come back at once. */
const END_SPREAD_MS = 2000

export class SilentUpstreams {
  readonly #context: ExchangeContext
  readonly #exchanges: () => Iterable<ClientEvents>
  /** By slot. */
  readonly #watches = new Map<number, Watch>()

  /** @param exchanges all that this worker has now */
  constructor(context: ExchangeContext, exchanges: () => Iterable<ClientEvents>) {
    this.#context = context
    this.#exchanges = exchanges
  }

  begin(slot: number, nowMs: number): void {
    const watch = { sinceMs: nowMs, answers: this.#answers(slot), sessionsEnded: false }
    this.#watches.set(slot, watch)
    this.#look(slot, watch, nowMs)
  }

  end(slot: number): void {
    this.#watches.delete(slot)
  }

  /** To be called a few times a second. */
  look(nowMs: number): void {
    for (const [slot, watch] of this.#watches) this.#look(slot, watch, nowMs)
  }

  #look(slot: number, watch: Watch, nowMs: number): void {
    const answers = this.#answers(slot)
    // It is only slow: whoever gets an answer shows that the others may.
    if (answers !== watch.answers) Object.assign(watch, { sinceMs: nowMs, answers })
    const { row, tunnels } = this.#context
    if (row.gauge(slot, GAUGE.inFlight) + row.gauge(slot, GAUGE.longPolls) + row.gauge(slot, GAUGE.tunnels) === 0)
      return
    const pool = this.#context.active.pools.find(each => each.endpoints.some(endpoint => endpoint.slot === slot))
    if (pool?.plan.onDown === undefined) return
    const silence = { forMs: nowMs - watch.sinceMs, hasWitness: this.#hasWitness(pool, slot) }
    const verdict = judgeSilence(silence, pool.plan.onDown)
    if (!verdict.move) return
    const endBeforeMs = verdict.endRequests ? nowMs - pool.plan.onDown.requestsMs! : -Infinity
    for (const exchange of [...this.#exchanges()]) exchange.upstreamIsSilent(slot, endBeforeMs)
    if (!verdict.endSessions || watch.sessionsEnded) return
    watch.sessionsEnded = true
    tunnels.endUpstream(slot, END_SPREAD_MS, 'upstream-silent')
    for (const exchange of [...this.#exchanges()]) exchange.endPoll(slot)
  }

  #answers(slot: number): number {
    return this.#context.counters.total(slot, TOTAL.answers)
  }

  #hasWitness({ endpoints }: Pool, slot: number): boolean {
    const { table } = this.#context
    return endpoints.some(each => each.slot !== slot && table.availability(each.slot) === AVAILABILITY.available)
  }
}
