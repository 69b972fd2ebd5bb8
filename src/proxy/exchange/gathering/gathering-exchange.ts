// An exchange whose request's body is gathered before an upstream is chosen: until then nothing of any upstream is taken, no permit and no
// place in a queue, and all that can end it is the client's doing, or vigia's own. Of a class of its own, so that the others know nothing
// of it.

import { performance } from 'node:perf_hooks'
import { CHUNKED } from '../../../http/body.ts'
import { FIELD } from '../../../http/field-names.ts'
import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { ResponseHead } from '../../../http/heads.ts'
import type { BodyBufferPlan } from '../../../plan/buffering.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import type { Breaker } from '../../pool/breaker.ts'
import type { HeldOwner } from '../../spool/held-bytes.ts'
import type { ExchangeContext } from '../context.ts'
import type { Downstream } from '../downstream.ts'
import { Exchange } from '../exchange.ts'
import { type Placement, placementOf } from '../placement.ts'
import { isClosed } from '../protection/protect.ts'
import type { ExchangeRecord } from '../record.ts'
import { GatheredBody } from './gathered-body.ts'

const CONTINUE: ResponseHead = {
  status: 100,
  reason: 'Continue',
  minor: 1,
  fields: NO_FIELDS,
  length: 0,
  options: { close: false, keepAlive: false, nominated: undefined, upgrade: undefined },
  keepAlive: undefined,
  written: undefined,
  encoded: undefined,
}

export class GatheringExchange extends Exchange implements HeldOwner {
  readonly #gathered: GatheredBody
  #phase: 'new' | 'gathering' | 'gathered' = 'new'
  /** As they were when it arrived. */
  readonly #active: ExchangeContext['active']
  readonly #closedRoutes: ExchangeContext['closedRoutes']

  constructor(
    context: ExchangeContext,
    down: Downstream,
    record: ExchangeRecord,
    placement: Placement,
    breaker: Breaker | undefined,
    plan: BodyBufferPlan,
  ) {
    const body = new GatheredBody(record.head.meaning.length, context.buffers, plan)
    super(context, down, record, placement, breaker, body)
    this.#gathered = body
    this.#active = context.active
    this.#closedRoutes = context.closedRoutes
  }

  override dispatch(): void {
    if (this.#phase === 'gathered') super.dispatch()
    else if (this.body.received) this.#sendOn()
    else this.#gather()
  }

  // 1. Gather.

  #gather(): void {
    this.#phase = 'gathering'
    this.hasWaited = true
    const { meaning, minor } = this.record.head
    // RFC 9110 10.1.1: whoever has begun to send waits for nothing.
    if (meaning.expectsContinue && minor === 1 && this.body.bytes === 0) {
      this.down.interim(CONTINUE)
      this.down.flush()
    }
    this.#gathered.gather(this)
    this.timer.phase = 'request'
    this.timer.awaitBody(this.body.bytes, false)
  }

  override onRequestReadEnd(): void {
    if (this.#phase !== 'gathering') return super.onRequestReadEnd()
    if (this.over) return
    const { room } = this.#gathered
    if (room === 'none') this.#sendOn()
    else if (room === 'busy') {
      this.timer.pauseBody()
      // The disk has a time of its own: the spool keeps it.
      this.timer.arm(0)
      this.down.pauseBody()
    }
  }

  override onRequestEnd(trailers: Fields): void {
    super.onRequestEnd(trailers)
    if (this.#phase === 'gathering' && !this.over) this.#sendOn()
  }

  onHeldRoom(): void {
    if (this.over || this.#phase !== 'gathering') return
    this.safely(() => {
      if (this.#gathered.room === 'none') return this.#sendOn()
      this.timer.awaitBody(this.body.bytes, false)
      this.down.resumeBody()
    })
  }

  onHeldLost(detail: string): void {
    if (this.#gathered.lose() || this.over) return
    this.safely(() => this.interrupt('out-of-resources', `its body is lost: ${detail}`))
  }

  // 2. What is gathered, or can't be gathered any further, is sent on.

  #sendOn(): void {
    const gathering = this.#phase === 'gathering'
    this.#phase = 'gathered'
    if (gathering) this.#endGathering()
    this.record.forwarded = this.#forwarded()
    super.dispatch()
  }
}
