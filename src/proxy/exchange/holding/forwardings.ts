// The held requests that this worker carries out now. What they are sent by is the configuration of now: the route has to be the same by
// its name, and open.

import { normalisePath } from '../../../policy/request/routing.ts'
import type { ForwardOutcome, ForwardRequest } from '../../../shared/held/messages.ts'
import type { HeldPort } from '../../held/held-port.ts'
import type { ClientEvents } from '../client-events.ts'
import type { ExchangeContext } from '../context.ts'
import { placementOf } from '../placement.ts'
import { isClosed } from '../protection/protect.ts'
import { BUSY, ForwardingExchange, ForwardRecord } from './forwarding-exchange.ts'
import { keptForwarded, keptHead, keptSide } from './kept-head.ts'

export class Forwardings {
  readonly #context: ExchangeContext
  readonly #port: HeldPort
  readonly #exchanges = new Set<ForwardingExchange>()
  #isStopping = false

  constructor(context: ExchangeContext, port: HeldPort) {
    this.#context = context
    this.#port = port
    port.onForward = request => this.#forward(request)
  }

  get size(): number {
    return this.#exchanges.size
  }

  exchanges(): Iterable<ClientEvents> {
    return this.#exchanges
  }

  /** Takes no more. */
  stop(): void {
    this.#isStopping = true
  }

  /** Ends what is under way: what was sent is in doubt. @returns how many */
  endAll(): number {
    const all = [...this.#exchanges]
    for (const exchange of all) exchange.interrupt('stopping', 'cut by the stop of vigia')
    this.#port.flush()
    return all.length
  }

  #forward(request: ForwardRequest): void {
    try {
      const begun = this.#begin(request)
      if (typeof begun === 'string') this.#tell(request, { type: 'not-sent', code: begun, detail: '' })
      else begun.start()
    } catch (error) {
      this.#context.unexpected(error, request.request.requestId)
      this.#tell(request, { type: 'not-sent', code: 'internal-error', detail: '' })
    }
  }

  /** Or the code of why it is not sent. */
  #begin(request: ForwardRequest): ForwardingExchange | string {
    const context = this.#context
    const { active } = context
    if (this.#isStopping) return 'stopping'
    const kept = request.request
    const side = keptSide(active, kept)
    if (side === undefined) return 'no-route'
    const head = keptHead(request, active.snapshot)
    if (typeof head === 'string') return head
    const path = normalisePath(head.target)
    if (path === undefined) return 'bad-target'
    const forwarded = keptForwarded(request, head, side, active)
    const placement = placementOf(active, side, head, path, forwarded.clientAddress)
    if (placement?.route.name !== kept.route) return 'no-route'
    const { pool, route, edits } = placement
    if (pool.isWaitedFor) return BUSY
    const record = new ForwardRecord(kept.requestId, head, forwarded, side)
    record.path = path
    record.placement = placement
    record.held = request.id
    if (edits) record.forwarded = edits.forwarded(record)
    if (isClosed(context, record, placement)) return 'maintenance'
    const breaker = pool.breaker(route)
    if (breaker?.enter() === false) return BUSY
    const exchange = new ForwardingExchange(context, side, record, placement, breaker, request, outcome => {
      if (this.#exchanges.delete(exchange)) this.#tell(request, outcome)
    })
    this.#exchanges.add(exchange)
    return exchange
  }

  #tell({ seq }: ForwardRequest, outcome: ForwardOutcome): void {
    this.#port.forwarded(seq, outcome)
  }
}
