// What is known of an exchange for counters and log: gathered while it runs, written once, when it is over.

import { performance } from 'node:perf_hooks'
import { FAULT_CODES, type FaultCode } from '../../http/faults.ts'
import { FIELD } from '../../http/field-names.ts'
import { firstValue } from '../../http/fields.ts'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { Coding } from '../../plan/compression.ts'
import type { CacheOutcome } from '../../policy/cache/outcome.ts'
import { isSafe } from '../../policy/request/method-class.ts'
import type { Proof } from '../../policy/request/retry.ts'
import { traceIdOf } from '../../policy/request/trace-context.ts'
import { ROUTE_OF_NONE, TOTAL } from '../../shared/counter-cells.ts'
import type { CounterRow } from '../../shared/counters.ts'
import type { ClosedRoute } from '../../shared/messages.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import type { AccessFacts, Protocol } from '../access-log/access-entry.ts'
import type { Attempt } from './attempt.ts'
import type { Compression, Negotiation } from './compression/compression.ts'
import type { ExchangeContext } from './context.ts'
import type { ClientSide } from './downstream.ts'
import type { Placement } from './placement.ts'
import { type Try, tryOf } from './story/tries.ts'

/** What went wrong on the way. */
interface Tried {
  readonly tries: readonly Try[]
  /** Undefined = its fate is known. */
  readonly doubt: object | undefined
}

/** It is its own entry in the access log: none is made for it. */
export class ExchangeRecord implements AccessFacts {
  readonly requestId: string
  readonly startedMs = performance.now()
  /** Normalised, without the query. */
  path = ''
  placement: Placement | undefined = undefined
  /** What answers it in the place of an upstream: a maintenance window; undefined = none does. */
  closedRoute: ClosedRoute | undefined = undefined
  attempts = 0
  /** What was tried before its end; undefined = nothing has failed. */
  retries: Tried | undefined = undefined
  /** Why the last retry was safe; '' = there was none. */
  proof: Proof | '' = ''
  /** 0 = the client got no answer. */
  status = 0
  firstByteMs = 0
  bytesOut = 0
  /** What the request says of the compression of its answer; undefined = its route does not compress. */
  negotiation: Negotiation | undefined = undefined
  coding: Coding | '' = ''
  bytesUncoded = 0
  /** Bytes of its answer that its client did not take as fast as its upstream gave them. */
  bufferedBytes = 0
  /** Until its upstream had no part in it any more, ms; 0 = until its end. */
  upstreamMs = 0
  /** '' = its route has no cache, or it did not come so far. */
  cache: CacheOutcome | '' = ''
  /** Id of the held request that it became, or is; '' = none. */
  held = ''
  /** For how long its body was gathered before an upstream was chosen, ms; 0 = it was not. */
  gatheringMs = 0
  /** How long it waited for a permit for an upstream, ms. */
  queueMs = 0
  /** These are known when it is over, and told to the access log only. */
  connectMs = 0
  bytesIn = 0
  upstream = ''
  end = ''
  readonly head: RequestHead
  /** A cache asks its upstreams in its own way, and so does compression. */
  forwarded: ForwardedRequest
  readonly side: ClientSide

  constructor(requestId: string, head: RequestHead, forwarded: ForwardedRequest, side: ClientSide) {
    this.requestId = requestId
    this.head = head
    this.forwarded = forwarded
    this.side = side
  }

  get client(): string {
    return this.forwarded.clientAddress
  }

  get about(): string {
    return this.side.about ?? ''
  }

  get listener(): string {
    return this.side.listener.name
  }

  get protocol(): Protocol {
    if (this.side.http2) return 'HTTP/2'
    return this.head.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0'
  }

  get route(): string {
    return this.placement?.route.name ?? ''
  }

  get pool(): string {
    return this.placement?.pool.plan.name ?? ''
  }

  get method(): string {
    return this.head.method
  }

  get host(): string {
    return this.head.host ?? ''
  }

  get traceId(): string {
    return traceIdOf(firstValue(this.head.meaning.fields, FIELD.traceparent))
  }

  /** Its route compresses. */
  negotiate(compression: Compression): void {
    this.negotiation = compression.negotiate(this.forwarded)
    this.forwarded = this.negotiation.forwarded
  }

  /** Bytes that count as sent are compressed before. */
  encodes(bytes: number): void {
    this.bytesOut -= bytes
    this.bytesUncoded += bytes
  }

  /** What came of them is sent. */
  encoded(bytes: number): void {
    this.bytesOut += bytes
  }

  /**
   * @param attempt the last one
   * @param end how it ended: `complete`, `upgraded`, `client left`, `client stalls`, `upstream cut`, `buffer lost`, `needs HTTP/1.1`, `held` or the code of vigia's own answer
   */
  finish(context: ExchangeContext, attempt: Attempt | undefined, bytesIn: number, end: string): void {
    const { row, accessLog } = context
    const { placement, retries } = this
    const nowMs = performance.now()
    // Counted where it ended: at its last upstream, else its pool, else vigia itself.
    const slot = attempt?.endpoint.slot ?? placement?.pool.slot ?? SLOT_OF_VIGIA
    // Planned: no error, and no latency of anybody.
    if (this.closedRoute) row.add(slot, TOTAL.planned, 1)
    else if (this.status !== 0) {
      // How long a poll is held says nothing of the upstream.
      const route = placement?.routeSlot ?? ROUTE_OF_NONE
      const safe = isSafe(this.method)
      if (placement?.route.longPoll) row.answered(slot, this.status, route, safe)
      else row.finished(slot, this.status, (nowMs - this.startedMs) / 1000, route, safe)
    }
    if (this.cache !== '' && placement) row.cached(placement.pool.slot, placement.routeSlot, this.cache)
    if (bytesIn > 0) row.add(slot, TOTAL.bytesIn, bytesIn)
    if (this.bytesOut > 0) row.add(slot, TOTAL.bytesOut, this.bytesOut)
    if (this.coding !== '') row.compressed(this.coding, this.bytesUncoded, this.bytesOut)
    if (this.bufferedBytes > 0) row.bufferedAnswer(this.bufferedBytes, this.#savedMs(nowMs) / 1000)
    if (end !== 'complete') countEnd(row, slot, end)
    const isPlain = this.status < 500 && !retries && (end === 'complete' || end === 'upgraded' || end === 'held')
    if (isPlain && !accessLog.enabled) return
    // A retry that would have been safe, but found nobody to ask.
    if (this.attempts < 2) this.proof = ''
    this.bytesIn = bytesIn
    this.upstream = attempt?.endpoint.plan.name ?? ''
    this.connectMs = attempt?.connectMs ?? 0
    this.end = end
    const totalMs = nowMs - this.startedMs
    if (!isPlain) this.#tellStory(context, attempt, totalMs, nowMs)
    if (accessLog.enabled) accessLog.write(this, totalMs, nowMs)
  }

  /** How much sooner its upstream was free than its client had all, ms. */
  #savedMs(nowMs: number): number {
    return this.upstreamMs === 0 ? 0 : nowMs - this.startedMs - this.upstreamMs
  }

  #tellStory({ stories }: ExchangeContext, attempt: Attempt | undefined, totalMs: number, nowMs: number): void {
    const { placement, retries, startedMs, closedRoute, status, bytesIn } = this
    const tries = [...(retries?.tries ?? [])]
    // The last one has failed, and stands there already, or it is the one that was answered, or broken off.
    if (attempt && tries.at(-1)?.startedMs !== attempt.startedMs)
      tries.push(
        tryOf(attempt, attempt.sentBytes + bytesIn, { status: attempt.status, failure: endOf(this.end) }, nowMs),
      )
    const window = closedRoute && {
      name: closedRoute.window,
      reason: closedRoute.reason,
      untilMs: closedRoute.untilMs,
    }
    const hasChosen = tries.length > 0 || (status === 503 && !closedRoute)
    const pool = hasChosen ? placement?.pool : undefined
    const inDoubt = retries?.doubt !== undefined
    stories.keep(this, { startedMs, totalMs, tries, inDoubt, window, pool }, Date.now())
  }
}

/** As the failure of the attempt that was under way. */
function endOf(end: string): string {
  return end === 'complete' || end === 'upgraded' ? '' : end
}

function countEnd(row: CounterRow, slot: number, end: string): void {
  if (end === 'client left' || end === 'client stalls') return row.add(slot, TOTAL.clientAborts, 1)
  const fault = FAULT_CODES.indexOf(end as FaultCode)
  if (fault >= 0) row.rejected(fault)
}
