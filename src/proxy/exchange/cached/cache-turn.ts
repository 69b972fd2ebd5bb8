// One request at the cache of its route: what is stored for it, and what it may be used for.

import { performance } from 'node:perf_hooks'
import type { RouteCachePlan } from '../../../plan/cache.ts'
import { standsIn, type Use, useOf } from '../../../policy/cache/use.ts'
import { isPlain } from '../../../policy/request/paths/readings.ts'
import type { CacheKey } from '../../../shared/cache/meta.ts'
import { processNowMs } from '../../../shared/process-clock.ts'
import type { Cache } from '../../cache/cache.ts'
import { type AskedFields, askedFields } from '../../cache/key.ts'
import { ageS, type Stored } from '../../cache/stored.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import type { Placement } from '../placement.ts'
import type { ExchangeRecord } from '../record.ts'
import { StoredReply, type Wanted } from './stored-reply.ts'

/** After a failure its upstreams are not asked again for so long where something can stand in: nobody waits for each of their timeouts. */
const ASK_AGAIN_MS = 1000
const CONFIRMED = 'fwd=stale; fwd-status=304'

export class CacheTurn {
  readonly cache: Cache
  readonly plan: RouteCachePlan
  readonly key: CacheKey
  readonly asked: AskedFields
  readonly isHead: boolean
  /** Every server reads its path in one way. */
  readonly isOnePath: boolean
  /** Not pinned. */
  stored: Stored | undefined

  constructor(
    context: Pick<ExchangeContext, 'cache'>,
    down: Pick<Downstream, 'client'>,
    { head, forwarded }: ExchangeRecord,
    { route, pool }: Placement,
  ) {
    this.cache = context.cache
    this.plan = route.cache!
    this.asked = askedFields(head, forwarded, down.client)
    this.key = [pool.plan.name, this.asked.origin, head.target]
    this.isHead = head.method === 'HEAD'
    this.isOnePath = isPlain(head.target)
    this.stored = this.cache.find(this.key, this.asked)
  }

  /** Looks once more: somebody may have stored it. */
  look(): void {
    this.stored = this.cache.find(this.key, this.asked)
  }

  get use(): Use | 'nothing' {
    if (this.stored === undefined) return 'nothing'
    return useOf(this.stored.keep, ageS(this.stored, processNowMs()), this.asked.wants)
  }

  /** Whether what is stored may stand in where its upstream fails. */
  get canStandIn(): boolean {
    const { stored, plan, asked } = this
    return (
      stored !== undefined &&
      standsIn(stored.keep, ageS(stored, processNowMs()), plan.staleIfErrorMs / 1000, asked.wants)
    )
  }

  /** Its upstream has failed a moment ago. */
  get hasJustFailed(): boolean {
    return this.stored !== undefined && processNowMs() < this.stored.askAgainMs
  }

  /** @param nowMs by the clock of the process */
  noteFailure(nowMs: number): void {
    if (this.stored) this.stored.askAgainMs = nowMs + ASK_AGAIN_MS
  }

  /** Another's answer may be for it, as far as is known: it is worth waiting for. */
  get canShare(): boolean {
    const { mustValidate, maxAgeS, minFreshS } = this.asked.wants
    // An answer to somebody else is too old for these before it is there.
    const isPicky = mustValidate || maxAgeS !== undefined || minFreshS !== undefined || this.#isNeverFresh
    return !this.isHead && !isPicky && !this.cache.isMarked(this.key, performance.now())
  }

  /** By what a fetch is known to those that want the same. */
  get flightKey(): string {
    return `${this.key.join('\n')}\n${this.asked.codings}`
  }

  /** What is stored is never given without asking its upstream. */
  get #isNeverFresh(): boolean {
    return this.stored !== undefined && this.stored.keep.lifetimeS <= this.stored.keep.ageS
  }

  fresh(): StoredReply | undefined {
    return this.#reply('hit', 'hit')
  }

  /** @param detail why, for Cache-Status */
  stale(detail: 'while-validated' | 'stale-if-error'): StoredReply | undefined {
    return this.#reply('stale', `hit; detail=${detail}`)
  }

  confirmed(): StoredReply | undefined {
    return this.#reply('revalidated', CONFIRMED)
  }

  /** @param held pinned, but not to be found any more */
  replyOf(held: Stored): StoredReply {
    return new StoredReply(this.cache, held, this.#wanted, 'revalidated', CONFIRMED)
  }

  get #wanted(): Wanted {
    return { isHead: this.isHead, wants: this.asked.wants }
  }

  /** @returns undefined where it has gone meanwhile */
  #reply(outcome: 'hit' | 'stale' | 'revalidated', told: string): StoredReply | undefined {
    const { cache, stored } = this
    if (stored === undefined || !cache.pin(stored)) return undefined
    return new StoredReply(cache, stored, this.#wanted, outcome, told)
  }
}
