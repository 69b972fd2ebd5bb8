// How an exchange ends (7, 8): at a deadline, when its client leaves, with an answer of vigia's own, or because all of it is done. What it is
// made of is answering-exchange.ts, what it does until then exchange.ts.

import { TOTAL } from '../../shared/counter-cells.ts'
import type { AnswerCode, OwnCode } from '../answers/codes.ts'
import type { FailureKind } from '../upstream/attempt-events.ts'
import { AnsweringExchange } from './answering-exchange.ts'
import type { BufferedAnswer } from './buffering/buffered-answer.ts'
import { reportInDoubt } from './in-doubt.ts'
import { sendAnswer } from './send-answer.ts'

export abstract class EndableExchange extends AnsweringExchange {
  /** The attempt is over without a complete response. */
  abstract onFailure(kind: FailureKind, detail: string): void

  safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.context.unexpected(error, this.requestId)
      this.#endBroken()
    }
  }

  onEncodedEnd(): void {
    this.#tell('complete')
    this.leaveClient()
  }

  onEncoderFailed(error: unknown): void {
    this.context.unexpected(error, this.requestId)
    if (!this.over) return this.interrupt('internal-error', 'its answer could not be compressed')
    this.#tell('internal-error')
    this.down.cut()
  }

  onDeadline(): void {
    this.safely(() => this.#onDeadline())
  }

  #onDeadline(): void {
    const { pool } = this.placement
    if (this.timer.tooSlow) this.context.row.add(pool.slot, TOTAL.slowClients, 1)
    const verdict = this.timer.judge(this.attempt?.stalls === true, this.down.bytesWaiting > 0)
    switch (verdict.act) {
      case 'nothing':
        return
      case 'no-upstream':
        return this.answer('no-upstream-available')
      case 'queue-timeout':
        return this.answer(this.retries?.lastFailure ?? pool.queueTimedOut())
      case 'fail-attempt':
        // What the upstream has said is waited for from the disk.
        if (this.buffered?.isHolding) return this.onBufferLost()
        this.attempt?.abandon()
        return this.onFailure('timeout', verdict.detail)
      case 'client-stopped-sending':
        return this.breakOff('body-timeout')
      case 'client-stopped-reading':
        this.attempt?.abandon()
        return this.cut('client stalls')
      case 'wait-for-client':
        return this.timer.waitForClient()
      case 'client-gone':
        return this.down.abandon()
    }
  }

  // 7. The client's side ends early.

  onClientGone(): void {
    if (this.coder?.isEnding) {
      this.coder.abort()
      return this.#tell('client left')
    }
    if (this.over) return
    this.attempt?.abandon()
    this.finish('client left')
  }

  onClientHalfClosed(): void {
    if (!this.over) this.timer.onClientHalfClosed()
  }

  interrupt(code: OwnCode, cause: string): void {
    if (this.over) return
    if (this.attempt && !this.isAnswered) this.retrying.noteDoubt(this.attempt, cause)
    this.breakOff(code)
  }

  onBufferLost(): void {
    if (this.over) return
    this.safely(() => {
      this.attempt?.abandon()
      this.cut('buffer lost')
    })
  }

  #endBuffer(buffered: BufferedAnswer): void {
    buffered.release()
    this.record.bufferedBytes = buffered.heldBytes
  }

  #endBroken(): void {
    try {
      this.interrupt('internal-error', 'internal error')
    } catch {
      this.down.abandon()
    }
  }

  /** Ends the attempt, then answers if there is still something to say. */
  protected breakOff(code: AnswerCode): void {
    this.attempt?.abandon()
    if (this.progress.headSent) this.cut(code)
    else this.answer(code)
  }

  /** NTLM and Negotiate log in a connection, not a request: HTTP/2 has none that is the request's alone (RFC 4559 6, RFC 9113 8). */
  protected needHttp1(): void {
    this.attempt?.abandon()
    this.finish('needs HTTP/1.1')
    this.down.requireHttp1()
  }

  protected cut(end: string): void {
    this.finish(end)
    this.down.cut()
  }

  /** No upstream can be asked: what the last one's failure says of that goes first. */
  protected giveUp(code: AnswerCode): void {
    this.answer(this.retries?.lastFailure ?? code)
  }

  /** @param unlessInDoubt what to say; a request of which an earlier attempt may have been carried out is told that */
  protected answer(unlessInDoubt: AnswerCode): void {
    const code = this.retries?.doubt ? 'in-doubt' : unlessInDoubt
    this.progress.headSent = true
    sendAnswer(this.down, this.record, code, undefined, this.context.active.snapshot)
    this.finish(code)
    this.leaveClient()
  }

  protected leaveClient(): void {
    if (this.coder?.isEnding) return
    this.down.flush()
    this.down.finished(this.placement.route.timeouts)
  }

  /** 8. Release, count, log: once, and last. */
  protected finish(end: string): void {
    const isEncoding = this.coder?.isEnding === true
    if (!isEncoding) this.coder?.abort()
    if (this.waiter) this.record.queueMs = this.placement.pool.stopWaiting(this.waiter)
    this.breaker?.end()
    this.attempt?.leave()
    if (this.buffered) this.#endBuffer(this.buffered)
    this.timer.end()
    this.record.retries = this.retries
    this.record.proof = this.retries?.proof ?? ''
    if (this.retries?.doubt) reportInDoubt(this.context, this.record, this.retries.doubt)
    // The answer's last bytes are not known yet: `onEncodedEnd` follows.
    if (!isEncoding) this.#tell(end)
  }

  #tell(end: string): void {
    this.record.finish(this.context, this.attempt, this.body.bytes, end)
  }
}
