// What is known of an exchange for counters and log: gathered while it runs, written once, when it is over.

import { performance } from 'node:perf_hooks'
import type { RequestHead } from '../http1/request-head.ts'
import type { Proof } from '../policy/retry.ts'
import { TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import type { AccessFacts } from './access-line.ts'
import type { ClientSide } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import type { Placement } from './placement.ts'
import type { Runtime } from './runtime.ts'

/** It is its own entry in the access log: none is made for it. */
export class ExchangeRecord implements AccessFacts {
  readonly requestId: string
  readonly startedMs = performance.now()
  /** Normalised, without the query. */
  path = ''
  placement: Placement | undefined = undefined
  attempts = 0
  /** Why the last retry was safe; '' = there was none. */
  proof: Proof | '' = ''
  /** 0 = the client got no answer. */
  status = 0
  firstByteMs = 0
  bytesOut = 0
  /** How long it waited for a place on an upstream, ms. */
  queueMs = 0
  /** These are known when it is over, and told to the access log only. */
  bytesIn = 0
  upstream = ''
  end = ''
  readonly #head: RequestHead
  readonly #side: ClientSide
  readonly clientAddress: string

  constructor(requestId: string, head: RequestHead, side: ClientSide, clientAddress: string) {
    this.requestId = requestId
    this.#head = head
    this.#side = side
    this.clientAddress = clientAddress
  }

  get client(): string {
    return this.clientAddress
  }

  get listener(): string {
    return this.#side.listener
  }

  get route(): string {
    return this.placement?.route.name ?? ''
  }

  get pool(): string {
    return this.placement?.pool.plan.name ?? ''
  }

  get method(): string {
    return this.#head.method
  }

  get host(): string {
    return this.#head.host ?? ''
  }

  /**
   * @param endpoint the last one tried
   * @param end how it ended: `complete`, `upgraded`, `client left`, `client stalls`, `upstream cut` or the code of vigia's own answer
   */
  finish(runtime: Runtime, endpoint: Endpoint | undefined, bytesIn: number, end: string): void {
    const { row, accessLog } = runtime
    const nowMs = performance.now()
    // Counted where it ended: at its last upstream, else its pool, else vigia itself.
    const slot = endpoint?.slot ?? this.placement?.pool.slot ?? SLOT_OF_VIGIA
    if (this.status !== 0) {
      // How long a poll is held says nothing of the upstream.
      if (this.placement?.route.longPoll) row.answered(slot, this.status)
      else row.finished(slot, this.status, (nowMs - this.startedMs) / 1000)
    }
    if (bytesIn > 0) row.add(slot, TOTAL.bytesIn, bytesIn)
    if (this.bytesOut > 0) row.add(slot, TOTAL.bytesOut, this.bytesOut)
    if (end === 'client left' || end === 'client stalls') row.add(slot, TOTAL.clientAborts, 1)
    if (!accessLog.enabled) return
    this.bytesIn = bytesIn
    this.upstream = endpoint?.plan.name ?? ''
    this.end = end
    accessLog.write(this, nowMs - this.startedMs, nowMs)
  }
}
