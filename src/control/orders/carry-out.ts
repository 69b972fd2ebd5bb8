// The one way of an order: it takes its turn, is decided, written with its audit row as one transaction, applied, acknowledged. It knows
// no kind of order: what one does is decided elsewhere, and applied by whoever was given.

import type { Done } from '../../admin/contract/operations.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import { Serial } from '../../util/serial.ts'
import type { OrderEffect, Orderer } from '../events/order-event.ts'
import { changeOf } from '../record/order-rows.ts'
import { NotRecorded, type Records } from '../record/records.ts'
import type { Decision } from './decision.ts'

/** Takes in what an order does. Returns what comes of effects that take long. */
export type Apply<Outcome> = (effects: readonly OrderEffect[], who: Orderer) => Outcome | undefined

export class Orders<Outcome = never> {
  readonly #records: Pick<Records, 'order' | 'health'>
  readonly #apply: Apply<Outcome>
  /** Each is judged by what the one before has left. */
  readonly #turns = new Serial()

  constructor(records: Pick<Records, 'order' | 'health'>, apply: Apply<Outcome>) {
    this.#records = records
    this.#apply = apply
  }

  /** @param acknowledge words the answer, before the next order changes anything */
  async carryOut<T>(
    who: Orderer,
    decide: () => Decision,
    acknowledge: (done: Done, outcome: Outcome | undefined) => T | Promise<T>,
  ): Promise<T | Refusal> {
    const perform = async (): Promise<{ readonly answer: T | Promise<T> } | Refusal> => {
      const effects = decide()
      if ('code' in effects) return effects
      const done = await this.#record(who, effects)
      return 'code' in done ? done : { answer: acknowledge(done.done, done.outcome) }
    }
    // Whoever wants it done without a record waits neither for a disk nor behind those who wait for one.
    const isUrgent = who.unrecorded === true && this.#records.health().state !== 'ok'
    const result = await (isUrgent ? perform() : this.#turns.run(perform))
    // What takes long to come about keeps no other order from its turn.
    return 'code' in result ? result : result.answer
  }

  async #record(
    who: Orderer,
    effects: readonly OrderEffect[],
  ): Promise<{ readonly done: Done; readonly outcome: Outcome | undefined } | Refusal> {
    let outcome: Outcome | undefined
    if (effects.length === 0) return { done: { ok: true }, outcome }
    const apply = () => {
      outcome = this.#apply(effects, who)
    }
    const change = changeOf(effects, who)
    if (change === undefined) {
      apply()
      return { done: { ok: true }, outcome }
    }
    try {
      const how = await this.#records.order(change, { unrecorded: who.unrecorded === true }, apply)
      return { done: how === 'later' ? { ok: true, unrecorded: true } : { ok: true }, outcome }
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error
      return refuse('unavailable', error.message)
    }
  }
}
