// An exchange on a route with a cache that can't be answered from what is stored, or not in one piece: it fetches, or waits for one that does;
// what its upstream says is stored on its way to the client, confirms what is stored, or is replaced by it where that may stand in.

import { performance } from 'node:perf_hooks'
import { FIELD } from '../../../http/field-names.ts'
import { type Fields, fieldValue, NO_FIELDS } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import { hasIt, isSame, type Validators } from '../../../policy/cache/conditions.ts'
import { judgeStorage, type Keep, type NotStored } from '../../../policy/cache/storage.ts'
import { processNowMs } from '../../../shared/process-clock.ts'
import { type AnswerCode, statusOf } from '../../answers/codes.ts'
import { type Fill, fieldsAfter, fieldsToStore } from '../../cache/cache.ts'
import type { Follower, Landing } from '../../cache/landings.ts'
import { headWith, type Pair, pairs, type Stored, statusField } from '../../cache/stored.ts'
import type { Breaker } from '../../pool/breaker.ts'
import { Timer } from '../../runtime/timer-wheel.ts'
import type { FailureKind } from '../../upstream/attempt-events.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import { Exchange } from '../exchange.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'
import type { CacheTurn } from './cache-turn.ts'
import { unconditional } from './conditional.ts'
import type { StoredReply } from './stored-reply.ts'

/** Towards others that want the same. */
type Part = 'new' | 'waits' | 'leads' | 'alone'

export class CachedExchange extends Exchange implements Follower {
  readonly #turn: CacheTurn
  #part: Part = 'new'
  /** Its end ends the waiting. */
  #patience: Timer | undefined
  #waitUntilMs = 0
  #reply: StoredReply | undefined
  /** What may be confirmed, or stand in: pinned. */
  #held: Stored | undefined
  #epochs = 0
  #askedMs = 0
  #confirmation: ResponseHead | undefined
  #fill: Fill | undefined
  /** What is being stored may be given as it is. */
  #isFresh = false
  /** The client has been told that he has it: the body is for others only. */
  #isForStore = false

  /** @param reply to be given, in pieces; undefined = there is none yet */
  constructor(
    context: ExchangeContext,
    down: Downstream,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    turn: CacheTurn,
    reply: StoredReply | undefined,
  ) {
    super(context, down, record, placement, breaker)
    this.#turn = turn
    this.#reply = reply
  }

  override dispatch(): void {
    if (this.#reply) this.#give(this.#reply)
    else if (this.#part === 'new') this.#seek()
    else super.dispatch()
  }

  // Who fetches?

  #seek(): void {
    const turn = this.#turn
    const { plan, cache, isHead, isMarked, flightKey } = turn
    const { mustValidate, maxAgeS, minFreshS } = turn.asked.wants
    // An answer to somebody else is too old for these before it is there.
    const isPicky = mustValidate || maxAgeS !== undefined || minFreshS !== undefined || turn.isNeverFresh
    if (plan.waitMs === 0 || isHead || isMarked || isPicky) return this.#fetch('alone')
    if (this.#waitUntilMs === 0) this.#waitUntilMs = processNowMs() + plan.waitMs
    const leftMs = this.#waitUntilMs - processNowMs()
    if (leftMs <= 0) return this.#fetch('alone')
    if (cache.landings.join(flightKey, this, leftMs)) return this.#fetch('leads')
    this.#part = 'waits'
    this.#patience ??= new Timer({ onDeadline: () => this.safely(() => this.#stopWaiting()) })
    this.context.wheel.arm(this.#patience, leftMs)
  }

  #stopWaiting(): void {
    if (this.over || this.#part !== 'waits') return
    this.hasWaited = true
    this.#turn.cache.landings.leave(this.#turn.flightKey, this)
    this.#fetch('alone')
  }

  onLanding(landing: Landing): void {
    if (this.over || this.#part !== 'waits') return
    this.safely(() => {
      this.#part = 'new'
      this.hasWaited = true
      if (this.#patience) this.context.wheel.drop(this.#patience)
      if (landing === 'alone') this.#fetch('alone')
      else if (landing === 'again') this.#lookAgain()
      else this.answer(landing.failed)
    })
  }

  #lookAgain(): void {
    this.#turn.look()
    const reply = this.#turn.use === 'fresh' ? this.#turn.fresh() : undefined
    if (reply) this.#give(reply)
    else this.#seek()
  }

  #fetch(part: 'leads' | 'alone'): void {
    const { cache, key, stored, asked } = this.#turn
    this.#part = part
    this.#epochs = cache.epochs(key)
    this.#askedMs = processNowMs()
    if (stored && cache.pin(stored)) this.#held = stored
    // Only one that may be given to who asks is asked about.
    const isHis = stored !== undefined && (stored.keep.isPublic || !asked.wants.isAuthorized)
    if (!this.#turn.isHead) {
      const validators = this.#held && isHis ? this.#held.keep : undefined
      this.record.forwarded = unconditional(this.record.forwarded, validators)
    }
    super.dispatch()
  }

  /** Those that wait learn what came of it. */
  #land(landing: Landing): void {
    if (this.#part !== 'leads') return
    this.#part = 'alone'
    this.#turn.cache.landings.land(this.#turn.flightKey, landing)
  }

  // What its upstream says.

  protected override passOn(head: ResponseHead, bodiless: boolean): void {
    const held = this.#held
    this.#confirmation = undefined
    if (head.status === 304 && held && !this.#turn.isHead) {
      if (isSame(held.keep, validatorsOf(head))) {
        this.#confirmation = head
        return
      }
      this.attempt!.connection.abandon()
      return this.onFailure('garbage', 'a 304 about another entity tag than the one asked about')
    }
    if (head.status >= 500 && this.#turn.canStandIn) {
      const reply = this.#standIn()
      if (reply) return this.#discardFor(reply)
    }
    if (this.#turn.isHead) return super.passOn(head, bodiless)
    const keep = this.#judge(head)
    if (typeof keep === 'string') this.#notStored(head.status)
    else {
      this.#isFresh = keep.lifetimeS > keep.ageS
      this.#fill = this.#begin(head, keep)
    }
    this.#passOnAs(head, bodiless)
  }

  #judge(head: ResponseHead): Keep | NotStored {
    const { asked, isOnePath, plan } = this.#turn
    if (head.length > plan.maxBytes) return 'length'
    const fetched = {
      isAuthorized: asked.wants.isAuthorized,
      isOnePath,
      delayS: (processNowMs() - this.#askedMs) / 1000,
    }
    return judgeStorage(head, fetched, plan.ttlMs === undefined ? undefined : plan.ttlMs / 1000, Date.now())
  }

  #notStored(status: number): void {
    const { cache, key } = this.#turn
    // An error is not what it says from now on; all else replaces what was stored.
    if (status >= 500) return this.#land('again')
    if (this.#held) cache.drop(this.#held)
    cache.mark(key, performance.now())
    this.#land('alone')
  }

  #begin(head: ResponseHead, keep: Keep): Fill | undefined {
    const fields = fieldsToStore(head)
    const fill = this.#fillOf(head, keep, fields)
    if (fill === undefined) this.#land('alone')
    return fill
  }

  #fillOf(
    { status, reason }: Pick<ResponseHead, 'status' | 'reason'>,
    keep: Keep,
    fields: readonly Pair[],
  ): Fill | undefined {
    const { cache, key, plan, asked } = this.#turn
    cache.unmark(key)
    const variant = asked.variant(keep.variesBy)
    const meta = { key, variant, status, reason, keep, storedMs: processNowMs() }
    return cache.begin(meta, fields, this.#epochs, plan.staleIfErrorMs / 1000)
  }

  /** His own conditions did not go up: they are judged here. */
  #passOnAs(head: ResponseHead, bodiless: boolean): void {
    const told = this.#fill ? 'fwd=uri-miss; stored' : 'fwd=uri-miss'
    const { wants } = this.#turn.asked
    if (this.#fill && head.status === 200 && hasIt(wants, validatorsOf(head))) {
      this.#isForStore = true
      const fields = pairs(head.fields).filter(
        ([name]) => !/^(?:content-|transfer-|connection$|keep-alive$)/i.test(name),
      )
      return super.passOn(headWith(304, 'Not Modified', [...fields, statusField(told)], 0), true)
    }
    super.passOn({ ...head, fields: withStatus(head.fields, told), written: undefined }, bodiless)
  }

  override onBody(chunk: Buffer, start: number, end: number): void {
    const fill = this.#fill
    if (fill) {
      const fits = fill.bytes + end - start <= this.#turn.plan.maxBytes && fill.write(chunk, start, end)
      if (!fits) this.#dropFill()
    }
    if (!this.#isForStore) super.onBody(chunk, start, end)
  }

  #dropFill(): void {
    this.#fill?.abandon()
    this.#fill = undefined
    this.#turn.cache.mark(this.#turn.key, performance.now())
    this.#land('alone')
  }

  override onResponseEnd(trailers: Fields): void {
    if (this.#confirmation) return this.#confirmed(this.#confirmation)
    this.#fill?.complete()
    this.#fill = undefined
    this.#land(this.#isFresh ? 'again' : 'alone')
    super.onResponseEnd(this.#isForStore ? NO_FIELDS : trailers)
  }

  /** What is stored is right: it is stored as its upstream says it is now, and given. */
  #confirmed(confirmation: ResponseHead): void {
    const { cache } = this.#turn
    const held = this.#held!
    this.attempt!.recordAnswer()
    this.attempt!.leave()
    const fields = fieldsAfter(held, confirmation)
    const head = headWith(held.status, held.reason, fields, held.bodyBytes)
    const keep = this.#judge(head)
    if (typeof keep === 'string') cache.drop(held)
    else cache.confirm(held, this.#fillOf(held, keep, fields))
    this.#land('again')
    this.#turn.look()
    const reply = this.#turn.confirmed() ?? this.#heldReply()
    this.#give(reply)
  }

  /** What it holds has been replaced, but is still there for this one. */
  #heldReply(): StoredReply {
    const held = this.#held!
    this.#held = undefined
    return this.#turn.replyOf(held)
  }

  // What stands in, and how it is given.

  #standIn(): StoredReply | undefined {
    this.#turn.noteFailure()
    return this.#turn.stale('stale-if-error')
  }

  #discardFor(reply: StoredReply): void {
    const attempt = this.attempt!
    attempt.recordAnswer()
    attempt.connection.abandon()
    attempt.leave()
    this.#give(reply)
  }

  override onFailure(kind: FailureKind, detail: string): void {
    if (this.#reply && this.progress.headSent) return this.cut('client stalls')
    super.onFailure(kind, detail)
  }

  protected override answer(code: AnswerCode): void {
    const isFailure = statusOf(code) >= 502 && code !== 'stopping' && code !== 'loop-detected'
    if (isFailure && this.#turn.canStandIn) {
      const reply = this.#standIn()
      if (reply) return this.#give(reply)
    }
    if (isFailure) this.#land({ failed: code })
    super.answer(code)
  }

  #give(reply: StoredReply): void {
    this.#reply = reply
    this.#land('again')
    this.timer.phase = 'body'
    this.progress.headSent = true
    this.retries?.answered()
    reply.begin(this.down, this.record)
    this.#giveOn(reply)
  }

  #giveOn(reply: StoredReply): void {
    while (reply.piece(this.down, this.record)) {
      if (reply.flush(this.down)) continue
      return this.timer.onResponseBytes(this.down.bytesWaiting)
    }
    reply.flush(this.down)
    this.finish('complete')
    this.leaveClient()
  }

  override onReadEnd(): boolean {
    if (!this.#isForStore) return super.onReadEnd()
    this.down.flush()
    this.timer.onResponseBytes(0)
    return true
  }

  override onDownstreamDrain(): void {
    if (!this.#reply) return super.onDownstreamDrain()
    this.timer.onReaderReady()
    this.safely(() => this.#giveOn(this.#reply!))
  }

  protected override finish(end: string): void {
    super.finish(end)
    const { cache, flightKey } = this.#turn
    if (this.#part === 'waits') cache.landings.leave(flightKey, this)
    if (this.#patience) this.context.wheel.drop(this.#patience)
    this.#fill?.abandon()
    this.#fill = undefined
    this.#reply?.leave()
    if (this.#held) cache.unpin(this.#held)
    this.#held = undefined
    this.#land('again')
  }
}

function validatorsOf({ fields }: ResponseHead): Validators {
  return { etag: fieldValue(fields, 'etag'), lastModified: fieldValue(fields, 'last-modified') }
}

function withStatus({ names, values, kinds }: Fields, told: string): Fields {
  const [name, value] = statusField(told)
  return { names: [...names, name], values: [...values, value], kinds: [...kinds, FIELD.other] }
}
