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
import type { AnswerCode } from '../../answers/codes.ts'
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
    if (this.#gathered.lose() || this.isAnswered) return
    this.safely(() => this.interrupt('out-of-resources', `its body is lost: ${detail}`))
  }

  // 2. What is gathered, or can't be gathered any further, is sent on.

  #sendOn(): void {
    const hasGathered = this.#phase === 'gathering'
    this.#phase = 'gathered'
    if (hasGathered) {
      this.#tell()
      if (!this.body.received) {
        this.timer.pauseBody()
        this.down.pauseBody()
      }
      this.#placeAgain()
      if (this.#isClosed()) return this.answer('maintenance')
    }
    const { plan, wantsLength } = this.placement.pool
    const isChunked = this.record.forwarded.length === CHUNKED
    if (isChunked && wantsLength && !this.body.received) return this.breakOff(this.#whyNotWhole())
    const isWhole = this.body.received && (wantsLength || !this.#gathered.hasTrailers)
    this.record.forwarded = this.#forwarded(isChunked && isWhole && plan.requestBody !== 'as-is')
    if (this.goesOn()) super.dispatch()
  }

  /** Whether an upstream is chosen for what was gathered; else it has been seen to. */
  protected goesOn(): boolean {
    return true
  }

  #tell(): void {
    const { row } = this.context
    this.record.gatheringMs = performance.now() - this.record.startedMs
    row.addOwn(WORKER.gathered, 1)
    row.addOwn(WORKER.gatheringSeconds, this.record.gatheringMs / 1000)
  }

  /** An upload may outlast a configuration: its upstreams are those of now, where its route is still there. */
  #placeAgain(): void {
    const { active } = this.context
    if (active === this.#active) return
    const { head, side, path, client } = this.record
    const placement = placementOf(active, side, head, path, client)
    if (placement?.route.name !== this.placement.route.name) return
    this.placement = placement
    this.record.placement = placement
  }

  #isClosed(): boolean {
    return this.context.closedRoutes !== this.#closedRoutes && isClosed(this.context, this.record, this.placement)
  }

  /** Its upstreams need a length, and it can't be gathered to the end. */
  #whyNotWhole(): AnswerCode {
    return this.#gathered.trouble === 'too-large' ? 'length-required' : 'out-of-resources'
  }

  /** As it goes up: vigia has said itself that the body may come. @param withLength it has none yet, and is whole */
  #forwarded(withLength: boolean): ExchangeRecord['forwarded'] {
    const { forwarded, head } = this.record
    const length = withLength ? this.body.bytes : forwarded.length
    const fields = head.meaning.expectsContinue ? withoutExpect(forwarded.fields) : forwarded.fields
    if (length === forwarded.length && fields === forwarded.fields) return forwarded
    return { ...forwarded, fields, length, written: undefined }
  }

  /** What goes up of what is held, and after it of what comes. */
  #pump(): void {
    const { attempt } = this
    if (!attempt || this.isAnswered) return
    attempt.stalls = !this.#gathered.pump()
    if (this.#gathered.isWaiting) this.timer.onRequestBytes(0)
    else if (!this.body.sent) super.onUpstreamDrain()
    else if (this.timer.phase === 'request') this.timer.awaitResponse()
  }

  override onUpstreamDrain(): void {
    if (this.#gathered.isWaiting) this.#pump()
    else super.onUpstreamDrain()
  }

  onHeldReady(): void {
    if (this.#phase === 'gathered' && this.#gathered.isWaiting) this.safely(() => this.#pump())
  }

  protected override passOn(head: ResponseHead, bodiless: boolean): void {
    super.passOn(head, bodiless)
    // The client may take its time for the answer.
    if (this.body.sent) this.#gathered.drop()
  }

  override onInterim(head: ResponseHead): void {
    if (head.status !== 100) super.onInterim(head)
  }

  override onDeadline(): void {
    if (this.timer.phase !== 'request' || !this.#gathered.awaitsDisk) return super.onDeadline()
    this.safely(() => this.interrupt('out-of-resources', 'its body could not be read back in time'))
  }

  protected override finish(end: string): void {
    super.finish(end)
    this.#gathered.drop()
  }
}

function withoutExpect({ names, values, kinds }: Fields): Fields {
  const isKept = (_: unknown, at: number) => kinds[at] !== FIELD.expect
  return { names: names.filter(isKept), values: values.filter(isKept), kinds: kinds.filter(isKept) }
}
