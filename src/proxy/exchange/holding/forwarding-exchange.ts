// Carries out a held request, on the way of all others: routing, affinity, limits, retries, log. Nobody waits for its answer but the thread
// that keeps it, which is told how it ended: answered, not sent, or in doubt. Live requests go first: it never waits in a queue.

import { NO_FIELDS } from '../../../http/fields.ts'
import type { ForwardOutcome, ForwardRequest } from '../../../shared/held/messages.ts'
import type { AnswerCode } from '../../answers/codes.ts'
import type { Breaker } from '../../pool/breaker.ts'
import { ProxiedClient } from '../../upstream/proxied-client.ts'
import type { Attempt } from '../attempt.ts'
import type { ExchangeContext } from '../context.ts'
import type { ClientSide } from '../downstream.ts'
import { Exchange } from '../exchange.ts'
import type { Placement } from '../placement.ts'
import { ExchangeRecord } from '../record.ts'
import { RequestBody } from '../request-body.ts'
import { Collected } from './collected.ts'

/** Its pool has no room beside what clients want now: not an attempt. */
export const BUSY = 'busy'

/** One that finds no room says nothing in the log: it is tried a few times a second. */
export class ForwardRecord extends ExchangeRecord {
  override finish(context: ExchangeContext, attempt: Attempt | undefined, bytesIn: number, end: string): void {
    if (end !== BUSY) super.finish(context, attempt, bytesIn, end)
  }
}

export class ForwardingExchange extends Exchange {
  readonly #request: ForwardRequest
  readonly #done: (outcome: ForwardOutcome) => void
  #proxied: ProxiedClient | undefined = undefined

  /** @param done is called once */
  constructor(
    context: ExchangeContext,
    side: ClientSide,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    request: ForwardRequest,
    done: (outcome: ForwardOutcome) => void,
  ) {
    const upstream = () => this.attempt?.endpoint.plan.name ?? ''
    const down = new Collected(
      side,
      request.resultBytes,
      answer => done({ type: 'answered', upstream: upstream(), ...answer }),
      () => done({ type: 'in-doubt', upstream: upstream(), cause: 'internal-error', bytesSent: this.body.bytesUp }),
    )
    super(context, down, record, placement, breaker, new RequestBody(record.head.meaning.length))
    this.#request = request
    this.#done = done
  }

  start(): void {
    const { body } = this.#request.request
    if (body.length > 0) {
      this.body.keep(body.length)
      this.body.push(Buffer.from(body.buffer, body.byteOffset, body.length), 0, body.length)
      this.body.end(NO_FIELDS)
    }
    this.onTurn()
  }

  /** Of its client nothing more is known than what was kept. */
  override get proxied(): ProxiedClient | undefined {
    if (!this.placement.pool.plan.proxyProtocol) return undefined
    if (this.#proxied === undefined) {
      this.#proxied = new ProxiedClient(undefined, {})
      // No other request will come over its connection.
      this.#proxied.end()
    }
    return this.#proxied
  }

  protected override wait(why: 'no-verdict-yet' | 'full'): void {
    this.giveUp(why === 'full' ? 'overloaded' : 'no-upstream-available')
  }

  protected override answer(code: AnswerCode): void {
    const outcome = this.#outcomeFor(code)
    this.progress.headSent = true
    this.finish(outcome.type === 'not-sent' ? outcome.code : 'in-doubt')
    this.#done(outcome)
  }

  #outcomeFor(code: AnswerCode): ForwardOutcome {
    const { attempt } = this
    const doubt = this.retries?.doubt
    if (doubt !== undefined) {
      const { endpoint, cause, bytesSent } = doubt
      return { type: 'in-doubt', upstream: endpoint.plan.name, cause, bytesSent }
    }
    // One that may be repeated is in no doubt, but nothing proves that it was not carried out.
    if (attempt !== undefined && attempt.sentBytes > 0) {
      const bytesSent = attempt.sentBytes + this.body.bytesUp
      return { type: 'in-doubt', upstream: attempt.endpoint.plan.name, cause: code, bytesSent }
    }
    const detail = this.retries?.tries.at(-1)?.failure ?? ''
    return { type: 'not-sent', code: this.record.attempts === 0 && code === 'overloaded' ? BUSY : code, detail }
  }
}
