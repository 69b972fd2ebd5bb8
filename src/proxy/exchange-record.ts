// What is known of an exchange for counters and log: gathered while it runs, written once, when it is over.

import { performance } from 'node:perf_hooks'
import type { RequestHead } from '../http1/request-head.ts'
import type { Proof } from '../policy/retry.ts'
import { TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import type { ClientSide } from './downstream.ts'
import type { Endpoint } from './endpoint.ts'
import type { Placement } from './placement.ts'
import type { Runtime } from './runtime.ts'

export class ExchangeRecord {
  readonly requestId: string
  readonly startedMs = performance.now()
  /** Normalised, without the query. */
  path = ''
  placement: Placement | undefined = undefined
  attempts = 0
  /** Why the last retry was safe; undefined = there was none. */
  proof: Proof | undefined = undefined
  /** 0 = the client got no answer. */
  status = 0
  firstByteMs = 0
  bytesOut = 0
  readonly #head: RequestHead
  readonly #client: ClientSide
  readonly #clientAddress: string

  constructor(requestId: string, head: RequestHead, client: ClientSide, clientAddress: string) {
    this.requestId = requestId
    this.#head = head
    this.#client = client
    this.#clientAddress = clientAddress
  }

  /**
   * @param endpoint the last one tried
   * @param end how it ended: `complete`, `upgraded`, `client left`, `client stalls`, `upstream cut` or the code of vigia's own answer
   */
  finish(runtime: Runtime, endpoint: Endpoint | undefined, bytesIn: number, end: string): void {
    const { row, accessLog } = runtime
    const totalMs = performance.now() - this.startedMs
    // Counted where it ended: at its last upstream, else its pool, else vigia itself.
    const slot = endpoint?.slot ?? this.placement?.pool.slot ?? SLOT_OF_VIGIA
    if (this.status !== 0) row.finished(slot, this.status, totalMs / 1000)
    if (bytesIn > 0) row.add(slot, TOTAL.bytesIn, bytesIn)
    if (this.bytesOut > 0) row.add(slot, TOTAL.bytesOut, this.bytesOut)
    if (end === 'client left' || end === 'client stalls') row.add(slot, TOTAL.clientAborts, 1)
    if (end === 'in-doubt') row.add(slot, TOTAL.inDoubt, 1)
    if (!accessLog.enabled) return
    accessLog.write({
      requestId: this.requestId,
      client: this.#clientAddress,
      listener: this.#client.listener,
      route: this.placement?.route.name ?? '',
      pool: this.placement?.pool.plan.name ?? '',
      upstream: endpoint?.plan.name ?? '',
      method: this.#head.method,
      host: this.#head.host ?? '',
      path: this.path,
      status: this.status,
      bytesIn,
      bytesOut: this.bytesOut,
      firstByteMs: this.firstByteMs,
      totalMs,
      attempts: this.attempts,
      proof: this.proof ?? '',
      end,
    })
  }
}
