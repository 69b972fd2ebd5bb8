// An exchange on a route with a cache that what is stored can't answer: what its upstream says is stored on its way to the client, confirms
// what is stored, or is replaced by it where that may stand in.

import { performance } from 'node:perf_hooks'
import { FIELD } from '../../../http/field-names.ts'
import { type Fields, fieldValue, NO_FIELDS } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { hasIt, isSame, type Validators } from '../../../policy/cache/conditions.ts'
import { judgeStorage, type Keep, type NotStored, replaces } from '../../../policy/cache/storage.ts'
import { processNowMs } from '../../../shared/process-clock.ts'
import { type AnswerCode, statusOf } from '../../answers/codes.ts'
import type { Fill } from '../../cache/fill.ts'
import { fieldsAfter, fieldsToStore, headWith, type Pair, pairs, type Stored, statusField } from '../../cache/stored.ts'
import { unconditional } from './conditional.ts'
import { SharingExchange } from './sharing-exchange.ts'

/** Of a body that a 304 has none of (RFC 9110 15.4.5). */
const OF_BODY = /^(?:content-(?!location)|transfer-|connection$|keep-alive$)/i

export class CachedExchange extends SharingExchange {
  /** What may be confirmed: pinned. */
  #held: Stored | undefined
  #epochs = 0
  #askedMs = 0
  #confirmation: ResponseHead | undefined
  #fill: Fill | undefined
  /** What is being stored may be given as it is. */
  #isFresh = false
  /** The client has been told that he has it: the body is for others only. */
  #isForStore = false

  protected override fetch(): void {
    const { cache, key, stored, asked, isHead } = this.turn
    this.#epochs = cache.epochs(key)
    this.#askedMs = processNowMs()
    if (!isHead) {
      // Only one that may be given to who asks is asked about.
      const isHis = stored !== undefined && (stored.keep.isPublic || !asked.wants.isAuthorized)
      if (isHis && cache.pin(stored)) this.#held = stored
      this.record.forwarded = unconditional(this.record.forwarded, this.#held?.keep)
    }
    this.dispatch()
  }

  protected override passOn(head: ResponseHead, bodiless: boolean): void {
    this.#confirmation = undefined
    if (head.status === 304 && this.#held) return this.#onNotModified(head, this.#held)
    const standIn = head.status >= 500 ? this.standIn() : undefined
    if (standIn) {
      const attempt = this.attempt!
      attempt.recordAnswer()
      attempt.connection.abandon()
      attempt.leave()
      this.land('again')
      return this.give(standIn)
    }
    if (this.turn.isHead) return super.passOn(head, bodiless)
    const keep = this.#judge(head)
    if (typeof keep === 'string') this.#notStored(head.status, keep)
    else this.#begin(head, keep)
    this.#passOnAs(head, bodiless)
  }

  #judge(head: ResponseHead): Keep | NotStored {
    const { asked, isOnePath, plan } = this.turn
    if (head.length > plan.maxBytes) return 'length'
    const delayS = (processNowMs() - this.#askedMs) / 1000
    const fetched = { isAuthorized: asked.wants.isAuthorized, isOnePath, delayS }
    return judgeStorage(head, fetched, plan.ttlMs === undefined ? undefined : plan.ttlMs / 1000, Date.now())
  }

  #notStored(status: number, why: NotStored): void {
    const { cache, key } = this.turn
    // An error is not what it says from now on.
    if (status >= 500) return this.land('again')
    if (this.#held && replaces(status, why)) cache.drop(this.#held)
    cache.mark(key, performance.now())
    this.land('alone')
  }

  #begin(head: ResponseHead, keep: Keep): void {
    this.turn.cache.unmark(this.turn.key)
    this.#isFresh = keep.lifetimeS > keep.ageS
    this.#fill = this.#fillOf(head, keep, fieldsToStore(head))
    if (this.#fill === undefined) this.land('alone')
  }

  #fillOf(
    { status, reason }: Pick<Stored, 'status' | 'reason'>,
    keep: Keep,
    fields: readonly Pair[],
  ): Fill | undefined {
    const { cache, key, plan, asked } = this.turn
    const meta = { key, variant: asked.variant(keep.variesBy), status, reason, keep, storedMs: processNowMs() }
    return cache.begin(meta, fields, this.#epochs, plan.staleIfErrorMs / 1000)
  }

  /** The client's own conditions did not go up: they are judged here. */
  #passOnAs(head: ResponseHead, bodiless: boolean): void {
    const field = statusField(`fwd=${this.#held ? 'stale' : 'uri-miss'}${this.#fill ? '; stored' : ''}`)
    if (this.#fill && head.status === 200 && hasIt(this.turn.asked.wants, validatorsOf(head))) {
      this.#isForStore = true
      const fields = pairs(head.fields).filter(([name]) => !OF_BODY.test(name))
      return super.passOn(headWith(304, 'Not Modified', [...fields, field], 0), true)
    }
    super.passOn({ ...head, fields: withField(head.fields, field), written: undefined, encoded: undefined }, bodiless)
  }

  /** Who waits for it need not wait for its client. */
  protected override cutBehind(end: string): void {
    this.#fill?.abandon()
    this.#fill = undefined
    this.land('again')
    super.cutBehind(end)
  }

  override onBody(chunk: Buffer, start: number, end: number): void {
    const fill = this.#fill
    if (fill) {
      const fits = fill.bytes + end - start <= this.turn.plan.maxBytes && fill.write(chunk, start, end)
      if (!fits) this.#stopStoring()
    }
    if (!this.#isForStore) super.onBody(chunk, start, end)
  }

  #stopStoring(): void {
    this.#fill?.abandon()
    this.#fill = undefined
    this.turn.cache.mark(this.turn.key, performance.now())
    this.land('alone')
  }

  override onReadEnd(): boolean {
    if (!this.#isForStore) return super.onReadEnd()
    this.down.flush()
    this.timer.onResponseBytes(0)
    return true
  }

  override onResponseEnd(trailers: Fields): void {
    if (this.#confirmation) return this.#confirmed(this.#confirmation)
    this.#fill?.complete()
    this.#fill = undefined
    this.land(this.#isFresh ? 'again' : 'alone')
    super.onResponseEnd(this.#isForStore ? NO_FIELDS : trailers)
  }

  #onNotModified(head: ResponseHead, held: Stored): void {
    if (isSame(held.keep, validatorsOf(head))) {
      this.#confirmation = head
      return
    }
    this.attempt!.connection.abandon()
    this.onFailure('garbage', 'a 304 about another entity tag than the one asked about')
  }

  /** What is stored is right: it is stored as its upstream says it is now, and given. */
  #confirmed(confirmation: ResponseHead): void {
    const { cache } = this.turn
    const held = this.#held!
    this.attempt!.recordAnswer()
    this.attempt!.leave()
    const fields = fieldsAfter(held, confirmation)
    const keep = this.#judge(headWith(held.status, held.reason, fields, held.bodyBytes))
    if (typeof keep === 'string') cache.drop(held)
    else cache.confirm(held, this.#fillOf(held, keep, fields))
    this.land(typeof keep === 'string' ? 'alone' : 'again')
    this.turn.look()
    this.give(this.turn.confirmed() ?? this.#heldReply(held))
  }

  /** It has been replaced, but is still there for this one. */
  #heldReply(held: Stored): ReturnType<typeof this.turn.replyOf> {
    this.#held = undefined
    return this.turn.replyOf(held)
  }

  protected override answer(code: AnswerCode): void {
    const isFailure = statusOf(code) >= 502 && code !== 'stopping' && code !== 'not-cached'
    const standIn = isFailure ? this.standIn() : undefined
    if (!standIn) return super.answer(code)
    this.land('again')
    this.give(standIn)
  }

  protected override finish(end: string): void {
    this.#fill?.abandon()
    this.#fill = undefined
    if (this.#held) this.turn.cache.unpin(this.#held)
    this.#held = undefined
    super.finish(end)
  }
}

function validatorsOf({ fields }: ResponseHead): Validators {
  return { etag: fieldValue(fields, 'etag'), lastModified: fieldValue(fields, 'last-modified') }
}

function withField({ names, values, kinds }: Fields, [name, value]: Pair): Fields {
  return { names: [...names, name], values: [...values, value], kinds: [...kinds, FIELD.other] }
}
