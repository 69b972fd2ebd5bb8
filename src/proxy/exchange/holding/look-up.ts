// A sender asks what became of its held request: `GET /.vigia/held/<id>`. Whoever knows the id may know that, and nobody learns anything
// else: an id that there is not is answered like a path that there is not.

import { clientKey } from '../../../policy/request/client-key.ts'
import { isSafe } from '../../../policy/request/method-class.ts'
import { retryAfterS } from '../../../policy/request/rate-limit.ts'
import type { HeldView } from '../../../shared/held/messages.ts'
import { processNowMs } from '../../../shared/process-clock.ts'
import type { AnswerCode, OwnCode } from '../../answers/codes.ts'
import { HELD_PATH, stateAnswer } from '../../answers/held-answers.ts'
import { Timer } from '../../runtime/timer-wheel.ts'
import type { ClientEvents } from '../client-events.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { ExchangeRecord } from '../record.ts'
import { sendAnswer, sendWhole } from '../send-answer.ts'

const ID = /^[A-Za-z0-9_-]{22}$/
/** For each client, over all workers: of ids that can't be guessed this is no protection, but of the thread that answers. */
const LIMIT = { perSecond: 10, burst: 50 } as const
/** Under which it is counted: no route can have the name. */
const LIMIT_NAME = HELD_PATH
const PATIENCE_MS = 5000
const ASK_AGAIN_S = { least: 5, most: 600 } as const

/** Counts it against its client's rate, and refuses what can't be meant. */
export function lookUp(
  context: ExchangeContext,
  down: Downstream,
  record: ExchangeRecord,
): LookUp | { readonly code: OwnCode; readonly retryAfterS: number | undefined } {
  const waitMs = context.rates.ask(LIMIT_NAME, clientKey(record.client), processNowMs(), LIMIT)
  if (waitMs > 0) return { code: 'rate-limited', retryAfterS: retryAfterS(waitMs) }
  const id = record.path.slice(HELD_PATH.length)
  const isAsked = isSafe(record.method) && record.head.meaning.length <= 0 && ID.test(id)
  return isAsked && context.held ? new LookUp(context, down, record, id) : { code: 'no-route', retryAfterS: undefined }
}

export class LookUp implements ClientEvents {
  over = false
  readonly #context: ExchangeContext
  readonly #down: Downstream
  readonly #record: ExchangeRecord
  readonly #id: string
  readonly #timer = new Timer({ onDeadline: () => this.#answer('out-of-resources') })

  constructor(context: ExchangeContext, down: Downstream, record: ExchangeRecord, id: string) {
    this.#context = context
    this.#down = down
    this.#record = record
    this.#id = id
  }

  get requestId(): string {
    return this.#record.requestId
  }

  dispatch(): void {
    this.#context.wheel.arm(this.#timer, PATIENCE_MS)
    this.#context.held!.lookUp(this.#id, found => this.#found(found))
  }

  #found(found: HeldView | undefined | 'unknown'): void {
    if (this.over) return
    if (found === undefined) return this.#answer('no-route')
    if (found === 'unknown') return this.#answer('out-of-resources')
    const isOpen = found.state === 'waiting' || found.state === 'sending' || found.state === 'in-doubt'
    const againS = isOpen ? askAgainS(found.expectedMs, Date.now()) : undefined
    this.#record.held = this.#id
    this.#end('complete', () =>
      sendWhole(this.#down, this.#record, stateAnswer(this.#id, found, this.requestId, againS)),
    )
  }

  #answer(code: AnswerCode): void {
    if (this.over) return
    this.#end(code, () => sendAnswer(this.#down, this.#record, code, undefined, this.#context.active.snapshot))
  }

  #end(end: string, send: () => void): void {
    this.over = true
    this.#context.wheel.drop(this.#timer)
    try {
      send()
    } catch (error) {
      this.#context.unexpected(error, this.requestId)
      this.#record.finish(this.#context, undefined, 0, 'internal-error')
      return this.#down.cut()
    }
    this.#record.finish(this.#context, undefined, 0, end)
    this.#down.flush()
    this.#down.finished(this.#context.active.snapshot.timeouts)
  }

  interrupt(code: OwnCode): void {
    this.#answer(code)
  }

  onClientGone(): void {
    if (this.over) return
    this.over = true
    this.#context.wheel.drop(this.#timer)
    this.#record.finish(this.#context, undefined, 0, 'client left')
  }

  // It has no body, and asks no upstream.
  onRequestBody(): void {}
  onRequestReadEnd(): void {}
  onRequestEnd(): void {}
  onRequestFault(): void {}
  onDownstreamDrain(): void {}
  onClientHalfClosed(): void {}
  upstreamIsSilent(): void {}
  endPoll(): void {}
}

function askAgainS(expectedMs: number | undefined, nowMs: number): number {
  const leftS = expectedMs === undefined ? ASK_AGAIN_S.least : Math.ceil((expectedMs - nowMs) / 1000)
  return Math.min(ASK_AGAIN_S.most, Math.max(ASK_AGAIN_S.least, leftS))
}
