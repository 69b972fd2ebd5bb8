// One fetch for many: an exchange that wants what another one fetches, in any worker, waits for it; else it fetches, and tells those that
// wait what came of it. How long they wait is bounded, and nobody's answer is given to others unless it was stored for them.

import { processNowMs } from '../../../shared/process-clock.ts'
import type { AnswerCode } from '../../answers/codes.ts'
import type { Follower, Landing } from '../../cache/landings.ts'
import { Timer } from '../../runtime/timer-wheel.ts'
import { GivingExchange } from './giving-exchange.ts'

/** Towards others that want the same. */
type Role = 'new' | 'waits' | 'leads' | 'alone'

/** Of these no request is the cause: what one was told holds for all that wait. */
const OF_THE_POOL: ReadonlySet<AnswerCode> = new Set([
  'no-upstream-available',
  'queue-full',
  'queue-timeout',
  'overloaded',
  'connect-failed',
  'connect-timeout',
  'out-of-resources',
])

export abstract class SharingExchange extends GivingExchange implements Follower {
  #role: Role = 'new'
  #hasFlight = false
  /** Its end ends the waiting. */
  #patience: Timer | undefined
  #waitUntilMs = 0

  /** Asks an upstream. */
  protected abstract fetch(): void

  /** Its flight has begun already (Landings.lead): it fetches, whatever is stored. */
  lead(): void {
    this.#hasFlight = true
  }

  override dispatch(): void {
    if (this.#role === 'new' && !this.isGiving) this.#seek()
    else super.dispatch()
  }

  #seek(): void {
    if (this.#hasFlight) return this.#fetchAs('leads')
    const { plan, cache, flightKey, canShare } = this.turn
    if (plan.waitMs === 0 || !canShare) return this.#fetchAs('alone')
    if (this.#waitUntilMs === 0) this.#waitUntilMs = processNowMs() + plan.waitMs
    const leftMs = this.#waitUntilMs - processNowMs()
    if (leftMs <= 0) return this.#fetchAs('alone')
    if (cache.landings.join(flightKey, this, leftMs)) return this.#fetchAs('leads')
    this.#role = 'waits'
    this.#patience ??= new Timer({ onDeadline: () => this.safely(() => this.#stopWaiting()) })
    this.context.wheel.arm(this.#patience, leftMs)
  }

  #fetchAs(role: 'leads' | 'alone'): void {
    this.#role = role
    this.fetch()
  }

  #stopWaiting(): void {
    if (this.over || this.#role !== 'waits') return
    this.hasWaited = true
    this.turn.cache.landings.leave(this.turn.flightKey, this)
    this.#fetchAs('alone')
  }

  onLanding(landing: Landing): void {
    if (this.over || this.#role !== 'waits') return
    this.safely(() => {
      this.#role = 'new'
      this.hasWaited = true
      if (this.#patience) this.context.wheel.drop(this.#patience)
      if (landing === 'alone') this.#fetchAs('alone')
      else if (landing === 'again') this.#lookAgain()
      else this.answer(landing.failed)
    })
  }

  #lookAgain(): void {
    this.turn.look()
    const { use, hasJustFailed, canStandIn } = this.turn
    const standsIn = hasJustFailed && canStandIn
    const reply = use === 'fresh' ? this.turn.fresh() : standsIn ? this.turn.stale('stale-if-error') : undefined
    if (reply) this.give(reply)
    else this.#seek()
  }

  /** Those that wait learn what came of it. */
  protected land(landing: Landing): void {
    if (this.#role !== 'leads') return
    this.#role = 'alone'
    this.turn.cache.landings.land(this.turn.flightKey, landing)
  }

  protected override answer(code: AnswerCode): void {
    if (OF_THE_POOL.has(code)) this.land({ failed: code })
    super.answer(code)
  }

  protected override finish(end: string): void {
    super.finish(end)
    if (this.#role === 'waits') this.turn.cache.landings.leave(this.turn.flightKey, this)
    if (this.#patience) this.context.wheel.drop(this.#patience)
    this.land('again')
  }
}
