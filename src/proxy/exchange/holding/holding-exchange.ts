// An exchange whose request is held where its pool does not serve: gathered first, then carried out at once, or written to the disk by the
// thread that keeps held requests. Its client waits for the receipt: nothing is acknowledged before it is safe. Of a class of its own, so
// that the others know nothing of it.

import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import type { HoldPlan, HoldReason } from '../../../plan/hold.ts'
import { callbackOf } from '../../../policy/hold/callback.ts'
import { comeBackS } from '../../../policy/hold/come-back.ts'
import { reasonFor } from '../../../policy/hold/may-hold.ts'
import type { HeldIdentity, HeldReceipt } from '../../../shared/held/messages.ts'
import type { Answer } from '../../answers/answers.ts'
import type { AnswerCode } from '../../answers/codes.ts'
import { conflictAnswer, receiptAnswer } from '../../answers/held-answers.ts'
import type { HeldPort, HoldFailure, HoldWaiter } from '../../held/held-port.ts'
import type { Breaker } from '../../pool/breaker.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import { GatheringExchange } from '../gathering/gathering-exchange.ts'
import type { Placement } from '../placement.ts'
import { isClosed } from '../protection/protect.ts'
import type { ExchangeRecord } from '../record.ts'
import { sendWhole } from '../send-answer.ts'
import { identityOf, keptRequest, keyedOf, orderOf } from './identity.ts'

/** A disk that takes longer counts as one that does not work. */
const RECEIPT_MS = 10_000

interface Asked {
  /** Of the port. */
  readonly number: number
  readonly plan: HoldPlan
  readonly identity: HeldIdentity
  /** What the client is answered where it can't be held. */
  readonly otherwise: AnswerCode
}

export class HoldingExchange extends GatheringExchange implements HoldWaiter {
  readonly #port: HeldPort
  /** What was to be answered already when it arrived. */
  #why: 'maintenance' | 'overloaded' | undefined
  /** Its receipt is waited for. */
  #asked: Asked | undefined = undefined
  /** It was asked for once, and that is the end of it. */
  #isSettled = false

  /** @param why what it would be answered without `hold`; undefined = it may go on */
  constructor(
    context: ExchangeContext,
    down: Downstream,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    buffer: BodyBufferPlan,
    port: HeldPort,
    why: 'maintenance' | 'overloaded' | undefined,
  ) {
    super(context, down, record, placement, breaker, buffer)
    this.#port = port
    this.#why = why
  }

  protected override goesOn(): boolean {
    const why = this.#why
    this.#why = undefined
    // An upload may outlast a window.
    if (why === 'overloaded' || (why === 'maintenance' && isClosed(this.context, this.record, this.placement))) {
      this.answer(why)
      return false
    }
    const { route } = this.placement
    const plan = route.hold
    if (plan === undefined) return true
    const { key } = orderOf(this.record, route.name, plan, () => this.body.whole())
    const waits = this.#port.keys.isHeld(key)
    const keyed = waits ? undefined : keyedOf(this.record, route.name, plan)
    const mayBeRepeat = keyed !== undefined && this.body.received && this.#port.keys.isHeld(keyed)
    if (!waits && !mayBeRepeat) return true
    // Nobody passes those of his key that wait, nor is sent twice: where that can't be told, it has to come again.
    if (!this.#hold(plan, 'order', 'queue-full', mayBeRepeat)) super.answer('queue-full')
    return false
  }

  /** @param code one that is told where there is no doubt, and no reason to hold it */
  protected override answer(code: AnswerCode): void {
    if (this.#asked) return this.#endWith(this.#ifUnknown(this.#asked, code))
    const plan = this.placement.route.hold
    const mayBeCarriedOut = this.retries?.doubt !== undefined || this.progress.headSent || this.#isSettled
    const isPaused = this.record.closedRoute?.paused === true
    const reason = plan === undefined || mayBeCarriedOut ? undefined : reasonFor(plan, code, isPaused)
    if (reason === undefined || !this.#hold(plan!, reason, code)) super.answer(code)
  }

  /** Hands it to the thread. @returns false where it can't be held: nothing has been done */
  #hold(plan: HoldPlan, reason: HoldReason, otherwise: AnswerCode, onlyAsRepeat = false): boolean {
    const body = this.#bytes()
    if (body === undefined) return false
    const { record, placement } = this
    const identity = identityOf(record, placement, plan, body)
    const request = keptRequest(record, placement.route, body)
    const callback = callbackOf(record.head.meaning.fields, plan)
    const number = this.#port.hold({ request, identity, reason, receivedMs: Date.now(), callback, onlyAsRepeat }, this)
    if (number === undefined) return false
    if (this.waiter) placement.pool.stopWaiting(this.waiter)
    this.#asked = { number, plan, identity, otherwise }
    this.timer.phase = 'queue'
    this.timer.arm(RECEIPT_MS)
    return true
  }

  /** All of the body, in memory of its own; undefined = it is not at hand, or too long. */
  #bytes(): Uint8Array<ArrayBuffer> | undefined {
    const { hold } = this.placement.route
    if (!this.body.received || hold === undefined || this.body.bytes > hold.bodyBytes) return undefined
    if (this.body.bytes === 0) return NO_BYTES
    const whole = this.body.whole()
    return whole && new Uint8Array(whole)
  }

  onReceipt(receipt: HeldReceipt): void {
    const asked = this.#asked
    if (asked === undefined || this.over) return
    this.safely(() => {
      const { closedRoute, requestId } = this.record
      const waitS = comeBackS(asked.plan, closedRoute?.untilMs, receipt, Date.now())
      this.record.held = receipt.id
      this.#send(receiptAnswer(asked.plan.answer, receipt, requestId, waitS), 'held')
    })
  }

  onRefused(why: HoldFailure): void {
    const asked = this.#asked
    if (asked === undefined || this.over) return
    this.safely(() => {
      if (why === 'new') this.#goOn()
      else if (why === 'conflict') this.#send(conflictAnswer(this.requestId), 'idempotency-key-reused')
      else this.#endWith(why === 'unknown' ? this.#ifUnknown(asked, asked.otherwise) : asked.otherwise)
    })
  }

  override onDeadline(): void {
    if (this.#asked) this.onRefused('unknown')
    else super.onDeadline()
  }

  /** It is no repeat. */
  #goOn(): void {
    this.#asked = undefined
    this.dispatch()
  }

  /** It may be held all the same: only one that is known when it comes again may be sent again. */
  #ifUnknown({ identity }: Asked, code: AnswerCode): AnswerCode {
    return identity.dedupe === undefined ? 'in-doubt' : code
  }

  #endWith(code: AnswerCode): void {
    this.#settle()
    // A window says that nothing was carried out.
    if (code === 'in-doubt') this.record.closedRoute = undefined
    super.answer(code)
  }

  #send(answer: Answer, end: string): void {
    this.#settle()
    this.record.closedRoute = undefined
    this.progress.headSent = true
    sendWhole(this.down, this.record, answer)
    this.finish(end)
    this.leaveClient()
  }

  #settle(): void {
    if (this.#asked) this.#port.forget(this.#asked.number)
    this.#asked = undefined
    this.#isSettled = true
  }

  protected override finish(end: string): void {
    super.finish(end)
    this.#settle()
  }
}

const NO_BYTES = new Uint8Array(0)
