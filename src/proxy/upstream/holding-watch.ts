// Watches what one upstream says and does, in this worker, until it is known whether it holds a worker for each connection. What it means
// decides policy/upstream/worker-holding.ts; control tells all workers.

import type { Fields } from '../../http/fields.ts'
import { fieldValue } from '../../http/fields.ts'
import { losesChunks } from '../../policy/request/buffering/body-length.ts'
import {
  type HoldingSign,
  holdingByEndings,
  holdingByServer,
  type WorkerHolding,
} from '../../policy/upstream/worker-holding.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** So many answers are looked at, and one more for each connection: servers don't change their names. */
const MOST_LOOKS = 4

export class HoldingWatch {
  readonly #slot: number
  readonly #runtime: Runtime
  #known: WorkerHolding = 'unknown'
  #looks = MOST_LOOKS
  #endings = 0
  /** Its applications find nothing of a body that says no length. */
  losesChunks = false

  constructor(slot: number, runtime: Runtime) {
    this.#slot = slot
    this.#runtime = runtime
  }

  get holdsWorkers(): boolean {
    return this.#known === 'yes' || this.#runtime.table.holdsWorkers(this.#slot)
  }

  opened(): void {
    if (this.#looks < MOST_LOOKS) this.#looks += 1
  }

  sawAnswer(fields: Fields): void {
    if (this.#known !== 'unknown' || this.#looks === 0) return
    this.#looks -= 1
    const server = fieldValue(fields, 'server')
    this.losesChunks ||= losesChunks(server)
    this.#learn(holdingByServer(server), 'server')
  }

  /** It has ended a connection with its first answer, without need. */
  sawEnding(): void {
    if (this.#known !== 'unknown') return
    this.#endings += 1
    this.#learn(holdingByEndings(this.#endings), 'endings')
  }

  /** A connection is about to carry another request. */
  sawReuse(): void {
    this.#endings = 0
  }

  #learn(holding: WorkerHolding, sign: HoldingSign): void {
    this.#known = holding
    if (holding === 'yes') this.#runtime.report({ type: 'holds-workers', slot: this.#slot, sign })
  }
}
