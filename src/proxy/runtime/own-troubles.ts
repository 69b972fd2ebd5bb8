// Counts what vigia itself has run out of, and says it now and then.

import { type CounterRow, WORKER } from '../../shared/counters.ts'
import type { FromWorker } from '../../shared/messages.ts'

/** How often the same is said. */
const SAY_EVERY_MS = 60_000

interface Told {
  readonly row: CounterRow
  report(message: FromWorker): void
}

export class OwnTroubles {
  readonly #told: Told
  #saidMs = Number.NEGATIVE_INFINITY

  constructor(told: Told) {
    this.#told = told
  }

  /** @param what one line */
  met(what: string, nowMs: number): void {
    this.#told.row.addOwn(WORKER.ownTroubles, 1)
    if (nowMs - this.#saidMs < SAY_EVERY_MS) return
    this.#saidMs = nowMs
    const message = `vigia itself has run out of something: ${what}. Requests are answered 503; it counts against no upstream`
    this.#told.report({ type: 'log', level: 'error', message, detail: {} })
  }
}
