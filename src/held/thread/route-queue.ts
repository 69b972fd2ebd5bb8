// The held requests of one route: which key is next, whether one may go out now, and what is counted. Keys take turns.

import type { HoldPlan } from '../../plan/hold.ts'
import { expectedMs, type Outlook } from '../../policy/hold/forecast.ts'
import { type Bucket, refilled, untilTokenMs } from '../../policy/hold/pace.ts'
import type { Gate } from '../contract.ts'
import type { Entry, KeyQueue } from './key-queue.ts'

const CLOSED: Gate = { open: false, why: 'not said yet', untilMs: undefined }
/** Keys that wait for their time are looked through so often at most. */
const LOOK_MS = 20
/** Of the time that one takes: an average over so many of the last. */
const AVERAGE_OF = 16

export class RouteQueue {
  readonly name: string
  /** Undefined = there is no such route (any more). */
  plan: HoldPlan | undefined
  gate: Gate = CLOSED
  waiting = 0
  sending = 0
  inDoubt = 0
  dead = 0
  /** Of all these. */
  bytes = 0
  /** By what `dedupe` compares. */
  readonly twins = new Map<string, Entry>()
  #ready: KeyQueue[] = []
  #firstReady = 0
  readonly #delayed = new Set<KeyQueue>()
  /** When the first of `delayed` is due, epoch ms. */
  #dueMs = Number.POSITIVE_INFINITY
  #notBeforeMs = 0
  #bucket: Bucket | undefined
  #eachMs: number | undefined

  constructor(name: string) {
    this.name = name
  }

  /** The queue's head has changed. */
  settle(queue: KeyQueue, nowMs: number): void {
    const { head } = queue
    if (head?.state !== 'waiting') {
      // Where it is in `ready` still it is passed over there.
      this.#delayed.delete(queue)
      if (queue.place === 'delayed') queue.place = 'none'
      return
    }
    if (queue.place === 'ready') return
    if (head.notBeforeMs > nowMs) {
      queue.place = 'delayed'
      this.#delayed.add(queue)
      this.#dueMs = Math.min(this.#dueMs, head.notBeforeMs)
      return
    }
    this.#delayed.delete(queue)
    queue.place = 'ready'
    this.#ready.push(queue)
  }

  /** Nothing of it is sent for a while: the pool has said so for one of them. */
  pause(untilMs: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, untilMs)
  }

  /** It serves again: those of which nothing could be sent go at once. */
  reopen(nowMs: number): void {
    this.#notBeforeMs = 0
    for (const queue of this.#delayed) {
      const { head } = queue
      if (head === undefined || head.refusals === 0) continue
      head.refusals = 0
      head.notBeforeMs = 0
      this.settle(queue, nowMs)
    }
  }

  /**
   * The next one that may be sent now; it is taken out of its list and has used up a token. Undefined = none.
   * @param nowMs epoch @param clockMs a clock that never jumps
   */
  next(nowMs: number, clockMs: number): Entry | undefined {
    const { plan } = this
    if (plan === undefined || !this.gate.open || this.waiting === 0 || this.#notBeforeMs > nowMs) return undefined
    const { perSecond, concurrency } = plan.forward
    if (this.sending >= concurrency) return undefined
    const bucket = refilled(this.#bucket, perSecond, clockMs)
    this.#bucket = bucket
    if (untilTokenMs(bucket, perSecond) > 0) return undefined
    const entry = this.#take(nowMs)
    if (entry !== undefined) this.#bucket = { ...bucket, tokens: bucket.tokens - 1 }
    return entry
  }

  /** Ms until `next` may have one, as far as that depends on time; undefined = it does not. */
  nextInMs(nowMs: number): number | undefined {
    const { plan } = this
    if (plan === undefined || !this.gate.open || this.waiting === 0) return undefined
    if (this.sending >= plan.forward.concurrency) return undefined
    if (this.#notBeforeMs > nowMs) return this.#notBeforeMs - nowMs
    if (this.#ready.length > this.#firstReady)
      return this.#bucket === undefined ? 0 : untilTokenMs(this.#bucket, plan.forward.perSecond)
    return this.#delayed.size === 0 ? undefined : Math.max(LOOK_MS, this.#dueMs - nowMs)
  }

  /** One of them has taken so long. */
  took(ms: number): void {
    this.#eachMs = this.#eachMs === undefined ? ms : this.#eachMs + (ms - this.#eachMs) / AVERAGE_OF
  }

  /** When the one behind `ahead` others of the route goes out, epoch ms. */
  expectedMs(ahead: number, nowMs: number): number | undefined {
    if (this.plan === undefined) return undefined
    const { forward } = this.plan
    const outlook: Outlook = { opensMs: this.#opensMs(nowMs), forward, eachMs: this.#eachMs }
    return expectedMs(outlook, ahead)
  }

  #opensMs(nowMs: number): number | undefined {
    if (this.gate.open) return nowMs
    return this.gate.untilMs === undefined ? undefined : Math.max(nowMs, this.gate.untilMs)
  }

  #take(nowMs: number): Entry | undefined {
    if (this.#dueMs <= nowMs) this.#wake(nowMs)
    while (this.#firstReady < this.#ready.length) {
      const queue = this.#ready[this.#firstReady]!
      this.#firstReady += 1
      if (this.#firstReady > 1_000 && this.#firstReady * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#firstReady)
        this.#firstReady = 0
      }
      queue.place = 'none'
      const { head } = queue
      if (head?.state === 'waiting' && head.notBeforeMs <= nowMs) return head
      this.settle(queue, nowMs)
    }
    return undefined
  }

  #wake(nowMs: number): void {
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const queue of this.#delayed) this.settle(queue, nowMs)
  }
}
