// One transaction: all that has come up since the last one. What is held is decided and written, outcomes and orders are written, the next
// requests are marked as being sent. Nobody is told anything before it is on the disk: see `Told`.

import type { HoldPlan } from '../../plan/hold.ts'
import { sameness } from '../../policy/hold/dedupe.ts'
import { afterCrash, type Verdict, verdictOf } from '../../policy/hold/verdict.ts'
import type { ForwardOutcome, HoldRefusal, HoldRequest } from '../../shared/held/messages.ts'
import type { HeldIds } from '../file/ids.ts'
import { packRequest } from '../file/packed.ts'
import type { HeldRows } from '../file/rows.ts'
import type { HeldIndex } from './held-index.ts'
import type { Entry } from './key-queue.ts'
import type { Tally } from './tallies.ts'
import type { WorkerPort } from './worker-port.ts'

export interface Hold {
  readonly port: WorkerPort
  readonly request: HoldRequest
}

export interface Outcome {
  readonly seq: number
  /** Which worker says so; undefined = this thread. */
  readonly port: WorkerPort | undefined
  /** lost: whoever sent it has ended. unreadable: it was not sent, for it can't be read. */
  readonly outcome: ForwardOutcome | { readonly type: 'lost'; readonly what: string } | { readonly type: 'unreadable' }
}

/** What is said and counted once it is on the disk. */
export interface Told {
  readonly holds: { readonly hold: Hold; readonly seq: number; readonly isRepeat: boolean; readonly ahead: number }[]
  readonly refused: { readonly hold: Hold; readonly why: HoldRefusal }[]
  readonly picked: Entry[]
  /** Those of which a worker has said what became of them. */
  readonly sent: { readonly seq: number; readonly route: string }[]
  readonly tallies: (readonly [route: string, tally: Tally])[]
  readonly statuses: (readonly [route: string, status: number])[]
  /** Places of requests of which people are told. */
  readonly events: { readonly type: 'held.dead' | 'held.in-doubt' | 'held.call'; readonly seq: number }[]
}

export interface TurnContext {
  readonly rows: HeldRows
  readonly index: HeldIndex
  readonly ids: HeldIds
  readonly nowMs: number
  /** From 0 up to 1, another one each time. */
  readonly chance: () => number
}

const DEFAULT_KEEP_MS = 7 * 86_400_000
const DEFAULT_RETRY = { attempts: 10, firstMs: 5_000, mostMs: 600_000 }
/** The pool serves nobody, or the route: none of its other requests would fare better. */
const PAUSE_MS = 250

export class Turn {
  readonly told: Told = { holds: [], refused: [], picked: [], sent: [], tallies: [], statuses: [], events: [] }
  readonly #context: TurnContext

  constructor(context: TurnContext) {
    this.#context = context
  }

  hold(hold: Hold): void {
    const { request: asked } = hold
    const { index, nowMs, rows } = this.#context
    const { request, identity } = asked
    const route = index.route(request.route)
    const { plan } = route
    const why = plan === undefined ? 'closed' : this.#repeatOrConflict(hold, plan)
    if (why === 'repeat') return
    if (asked.onlyAsRepeat && why === undefined) return void this.told.refused.push({ hold, why: 'new' })
    const packed = packRequest(request)
    const isFull =
      plan !== undefined &&
      (route.waiting + route.sending + route.inDoubt + route.dead >= plan.maxRequests ||
        route.bytes + packed.length > plan.maxBytes)
    if (plan === undefined || why !== undefined || isFull) return this.refuse(hold, why ?? 'full')
    const seq = index.lastSeq + 1
    const expiresMs = nowMs + plan.ttlMs
    rows.insert(seq, asked, packed, expiresMs)
    index.lastSeq = seq
    const { key, dedupe, fingerprint, repeatable } = identity
    const { receivedMs, callback } = asked
    const row = {
      seq,
      state: 'waiting',
      route: request.route,
      key,
      dedupe,
      fingerprint,
      repeatable,
      receivedMs,
      expiresMs,
      attempts: 0,
      notBeforeMs: 0,
      bytes: packed.length,
      calls: callback !== undefined,
    } as const
    const { queue } = index.add(row, nowMs)
    this.told.holds.push({ hold, seq, isRepeat: false, ahead: queue.length - 1 })
    this.told.tallies.push([request.route, 'held'])
  }

  refuse(hold: Hold, why: HoldRefusal): void {
    this.told.refused.push({ hold, why })
    this.told.tallies.push([hold.request.request.route, 'refused'])
  }

  outcome({ seq, port, outcome }: Outcome): void {
    const { index, chance } = this.#context
    const entry = index.entries.get(seq)
    // Which worker has it was forgotten, or it was decided otherwise meanwhile.
    const isCurrent = port === undefined || port.inFlight.has(seq)
    if (entry === undefined || (!isCurrent && (entry.state === 'sending' || outcome.type === 'in-doubt'))) return
    if (isCurrent && entry.state !== 'sending') return
    if (port !== undefined) this.told.sent.push({ seq, route: entry.queue.route })
    if (outcome.type === 'unreadable')
      return this.#dead(entry, 'it can not be read any more: its key is not there, or its file was changed', undefined)
    const verdict = outcome.type === 'lost' ? afterCrash(entry.repeatable, outcome.what) : this.#verdict(entry, outcome)
    if (outcome.type === 'not-sent' && outcome.code !== 'connect-failed')
      index.routeOf(entry).pause(this.#context.nowMs + PAUSE_MS * (0.5 + chance()))
    if (verdict.state === 'answered') return this.#answered(entry, outcome as ForwardOutcome & { type: 'answered' })
    if (verdict.state === 'dead') return this.#dead(entry, verdict.note, outcome as ForwardOutcome)
    if (verdict.state === 'in-doubt') return this.#inDoubt(entry, verdict.note, outcome as ForwardOutcome)
    this.#again(entry, verdict)
  }

  /** It has waited for too long. */
  expire(entry: Entry): void {
    this.#dead(entry, `its time was over: it waited since ${new Date(entry.receivedMs).toISOString()}`, undefined)
  }

  pick(entry: Entry): void {
    const { rows, index } = this.#context
    rows.sending(entry.seq)
    index.sending(entry)
    this.told.picked.push(entry)
  }

  drop(entry: Entry, reason: string): void {
    this.#end(entry, 'dropped', `dropped: ${reason}`, undefined)
    this.told.tallies.push([entry.queue.route, 'dropped'])
  }

  /** Somebody found out that it was carried out. */
  settled(entry: Entry, note: string): void {
    this.#end(entry, 'answered', `settled: ${note}`, undefined)
  }

  /** People say so: at once, as if it were the first time. */
  anew(entry: Entry, expiresMs: number, note: string, notBeforeMs = 0): void {
    const { rows, index, nowMs } = this.#context
    entry.attempts = 0
    entry.refusals = 0
    entry.notBeforeMs = notBeforeMs
    entry.expiresMs = expiresMs
    rows.waiting(entry.seq, 0, notBeforeMs, expiresMs, note)
    index.waiting(entry, nowMs)
  }

  #repeatOrConflict(hold: Hold, plan: HoldPlan): 'repeat' | 'conflict' | undefined {
    const { index, rows } = this.#context
    const { route } = hold.request.request
    const { dedupe, fingerprint } = hold.request.identity
    if (dedupe === undefined) return undefined
    const live = index.twin(route, dedupe)
    const found = live ?? rows.endedTwin(route, dedupe)
    const verdict = sameness(plan.dedupe, found, fingerprint)
    if (verdict === 'new' || found === undefined) return undefined
    if (verdict === 'conflict') return 'conflict'
    const ahead = live === undefined || !live.blocks ? 0 : live.queue.ahead(live.seq)
    this.told.holds.push({ hold, seq: found.seq, isRepeat: true, ahead })
    this.told.tallies.push([route, 'repeats'])
    return 'repeat'
  }

  #verdict(entry: Entry, outcome: ForwardOutcome): Verdict {
    const retry = this.#context.index.routeOf(entry).plan?.forward.retry ?? DEFAULT_RETRY
    const { repeatable, attempts, refusals } = entry
    return verdictOf(outcome, { repeatable, attempts, refusals, retry, chance: this.#context.chance() })
  }

  #again(entry: Entry, { afterMs, counts, note }: Extract<Verdict, { state: 'waiting' }>): void {
    const { rows, index, nowMs } = this.#context
    if (!counts && entry.state === 'sending') entry.attempts -= 1
    entry.refusals = counts ? 0 : entry.refusals + 1
    entry.notBeforeMs = nowMs + Math.round(afterMs)
    // After a restart nothing is known of what could not be sent: it is tried at once.
    rows.waiting(entry.seq, entry.attempts, counts ? entry.notBeforeMs : 0, entry.expiresMs, note)
    index.waiting(entry, nowMs)
  }

  #answered(entry: Entry, outcome: ForwardOutcome & { type: 'answered' }): void {
    this.#end(entry, 'answered', '', outcome)
    this.told.tallies.push([entry.queue.route, 'forwarded'])
    this.told.statuses.push([entry.queue.route, outcome.status])
  }

  #inDoubt(entry: Entry, note: string, outcome: ForwardOutcome): void {
    const { rows, index, nowMs } = this.#context
    rows.inDoubt(entry.seq, note, outcome.type === 'in-doubt' ? outcome.upstream : null)
    index.inDoubt(entry, nowMs)
    this.told.tallies.push([entry.queue.route, 'inDoubt'])
    this.told.events.push({ type: 'held.in-doubt', seq: entry.seq })
  }

  #dead(entry: Entry, note: string, outcome: ForwardOutcome | undefined): void {
    this.#end(entry, 'dead', note, outcome)
    this.told.tallies.push([entry.queue.route, 'dead'])
    this.told.events.push({ type: 'held.dead', seq: entry.seq })
  }

  #end(entry: Entry, state: 'answered' | 'dead' | 'dropped', note: string, outcome: ForwardOutcome | undefined): void {
    const { rows, index, nowMs } = this.#context
    const { seq } = entry
    const answer = outcome?.type === 'answered' ? outcome : undefined
    const keepMs = index.routeOf(entry).plan?.result.keepMs ?? DEFAULT_KEEP_MS
    const upstream = outcome === undefined || outcome.type === 'not-sent' ? null : outcome.upstream
    const removeMs = state === 'dead' ? null : nowMs + keepMs
    rows.ended(seq, { state, atMs: nowMs, removeMs, upstream, status: answer?.status ?? null, note })
    if (answer !== undefined) rows.answer(seq, answer)
    index.end(entry, state === 'dead', nowMs)
    if (entry.calls) this.told.events.push({ type: 'held.call', seq })
  }
}
