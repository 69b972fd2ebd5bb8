// Certificates by ACME: one for each name, ordered where there is none, renewed in time, tried again after what went wrong. When is
// decided in policy/certificates/; how an order goes is order.ts. Whatever fails, what there is is served on.

import { isDeepStrictEqual } from 'node:util'
import type { AcmePlan } from '../../../plan/acme.ts'
import {
  afterAdvice,
  afterFailure,
  afterIssue,
  type FailedOrder,
  type NameState,
  NEW_NAME,
  nextOrderMs,
  withCertificate,
  withClockMoved,
  withFreshTries,
} from '../../../policy/certificates/name-state.ts'
import type { OrderFailure } from '../../../policy/certificates/order-tries.ts'
import { nextAskMs } from '../../../policy/certificates/renewal.ts'
import { readPair } from '../../../tls/certificate.ts'
import type { CertificateSource, SourceOf, SuppliedCertificate } from '../certificate-source.ts'
import { Accounts } from './accounts.ts'
import type { AcmeEvent } from './acme-event.ts'
import type { ChallengeBoard } from './challenge-board.ts'
import { type IssuedCertificate, type Keep, type KeptRow, keptIn } from './kept.ts'
import { SelfSigned, withoutFiles } from './self-signed.ts'

export interface AcmeOptions {
  readonly version: string
  readonly keep: Keep
  readonly board: Pick<ChallengeBoard, 'offer'>
  /** There are others than before. */
  readonly changed: () => void
  readonly tell: (event: AcmeEvent) => void
}

/** Of a name, for `/status`. */
export interface AcmeName extends NameState {
  readonly name: string
  readonly isOrdering: boolean
  /** When the next order begins, epoch ms; undefined = what was kept before the start is not known yet. */
  readonly nextMs: number | undefined
}

/** Orders at once: one that stays pending holds up none of the others. */
const MOST_ORDERS = 4
/** A reason that stays the same is told again after so many tries. */
const TOLD_EVERY = 8

export class Acme implements CertificateSource {
  readonly came = 'acme'
  /** What is served for names that have no certificate yet. */
  readonly selfSigned: SelfSigned
  readonly #options: AcmeOptions
  readonly #accounts: Accounts
  /** By name; also of names that the configuration has no more. */
  readonly #issued = new Map<string, IssuedCertificate>()
  readonly #states = new Map<string, NameState>()
  readonly #ordering = new Set<string>()
  readonly #asking = new Set<string>()
  readonly #end = new AbortController()
  #plan: AcmePlan | undefined
  #issuedCount = 0
  #failedCount = 0
  #isRestored = false

  constructor(options: AcmeOptions) {
    this.#options = options
    this.#accounts = new Accounts(options.keep)
    this.selfSigned = new SelfSigned(
      ({ acme }) => acme?.names.filter(name => !this.#issued.has(name)) ?? [],
      names => options.tell({ type: 'acme', kind: 'self-signed', names }),
    )
  }

  certificatesFor(wanted: SourceOf): readonly SuppliedCertificate[] {
    const listeners = withoutFiles(wanted)
    const issued = (wanted.acme?.names ?? []).flatMap(name => this.#issued.get(name) ?? [])
    return issued.map(({ cert, key }) => ({ listeners, cert, key }))
  }

  adopt({ acme }: SourceOf): void {
    const hasChanged = !isDeepStrictEqual(acme, this.#plan)
    this.#plan = acme
    if (!hasChanged) return
    const names = acme?.names ?? []
    for (const name of [...this.#states.keys()]) if (!names.includes(name)) this.#states.delete(name)
    for (const name of names) this.#states.set(name, withFreshTries(this.#states.get(name) ?? this.#stateOf(name)))
  }

  /** What was kept before the start, as far as it can be read; until then nothing is ordered. @param isWhole there is no more to come */
  restore(rows: readonly KeptRow[], isWhole: boolean): void {
    const { accounts, certificates } = keptIn(rows, Date.now())
    this.#accounts.restore(accounts)
    for (const each of certificates) {
      const known = this.#issued.get(each.name)
      if (known !== undefined && known.facts.untilMs >= each.facts.untilMs) continue
      this.#issued.set(each.name, each)
      if (this.#states.has(each.name)) this.#states.set(each.name, this.#stateOf(each.name))
    }
    this.#isRestored ||= isWhole
    this.#options.changed()
  }

  /** Somebody wants a new certificate now. */
  renew(name: string): void {
    const state = this.#states.get(name)
    if (state !== undefined) this.#states.set(name, { ...state, isWanted: true })
  }

  /** In use; undefined = there is none. */
  get plan(): AcmePlan | undefined {
    return this.#plan
  }

  /** Orders since the start, by what came of them. */
  get tally(): { readonly issued: number; readonly failed: number } {
    return { issued: this.#issuedCount, failed: this.#failedCount }
  }

  get names(): readonly AcmeName[] {
    const plan = this.#plan
    if (plan === undefined) return []
    return [...this.#states].map(([name, state]) => ({
      ...state,
      name,
      isOrdering: this.#ordering.has(name),
      nextMs: this.#isRestored ? nextOrderMs(state, plan.directory) : undefined,
    }))
  }

  /** Begins what is due. @param nowMs epoch ms */
  tick(nowMs: number): void {
    const plan = this.#plan
    if (plan === undefined || !this.#isRestored || this.#end.signal.aborted) return
    const due = [...this.#states]
      .map(([name, state]) => ({ name, state, atMs: nextOrderMs(state, plan.directory) }))
      .filter(({ name, atMs }) => atMs <= nowMs && !this.#ordering.has(name))
      .sort((a, b) => a.atMs - b.atMs)
    for (const { name } of due.slice(0, Math.max(0, MOST_ORDERS - this.#ordering.size))) void this.#order(name, plan)
    for (const [name, { held }] of this.#states) {
      if (this.#asking.size >= MOST_ORDERS) return
      const isOfPlan = held?.directory === plan.directory
      if (isOfPlan && held.askAtMs <= nowMs && !this.#asking.has(name)) void this.#ask(name, plan)
    }
  }

  clockStepped(byMs: number): void {
    for (const [name, state] of this.#states) this.#states.set(name, withClockMoved(state, byMs))
  }

  /** Gives up what is under way. */
  close(): void {
    this.#end.abort(new Error('vigia is being stopped'))
  }

  async #order(name: string, plan: AcmePlan): Promise<void> {
    const { version, board } = this.#options
    const { signal } = this.#end
    const former = this.#issued.get(name)
    this.#ordering.add(name)
    try {
      const { order } = await import('./order.ts')
      const pair = await order({
        ...{ plan, name, version, signal },
        former: former?.directory === plan.directory ? former.cert : undefined,
        accounts: this.#accounts,
        offer: offered => board.offer(offered),
      })
      this.#take(name, plan, pair)
    } catch (error) {
      if (!signal.aborted) this.#failed(name, plan, error)
    } finally {
      this.#ordering.delete(name)
    }
  }

  #take(name: string, { directory }: AcmePlan, pair: { readonly cert: string; readonly key: string }): void {
    const { facts, faults } = readPair(pair.cert, pair.key, Date.now())
    // Where the clock is wrong it is good all the same: another one would not be better.
    const fault = faults.find(({ kind }) => kind !== 'time')
    if (facts === undefined || fault !== undefined)
      throw new Error(`the certificate that the CA gave ${fault?.message ?? 'cannot be read'}`)
    const issued = { name, directory, ...pair, facts }
    const before = this.#issued.get(name)?.facts
    this.#issued.set(name, issued)
    this.#issuedCount += 1
    if (this.#states.has(name)) this.#states.set(name, afterIssue(validityOf(issued), Date.now(), Math.random()))
    this.#options.keep({ kind: 'issued', certificate: issued })
    this.#options.changed()
    this.#options.tell({ type: 'acme', kind: 'issued', name, directory, before, now: facts })
  }

  #failed(name: string, { directory }: AcmePlan, error: unknown): void {
    const state = this.#states.get(name)
    // The configuration has it no more.
    if (state === undefined) return
    this.#failedCount += 1
    const failure = { ...failureOf(error), atMs: Date.now() }
    const after = afterFailure(state, failure, Math.random())
    this.#states.set(name, after)
    const { failures, retryAtMs, held } = after
    if (state.failure?.reason === failure.reason && failures % TOLD_EVERY !== 0) return
    const { reason, trouble } = failure
    this.#options.tell({
      ...{ type: 'acme', kind: 'failed', name, directory, trouble, reason, failures, retryAtMs },
      untilMs: held?.notAfterMs,
    })
  }

  async #ask(name: string, plan: AcmePlan): Promise<void> {
    const { cert } = this.#issued.get(name)!
    const { version } = this.#options
    const { signal } = this.#end
    this.#asking.add(name)
    const { window, againInMs } = await import('./order.ts')
      .then(({ renewalAdvice }) => renewalAdvice(cert, { plan, version, signal }))
      // It is advice: nothing depends on it.
      .catch(() => ({ window: undefined, againInMs: nextAskMs(undefined) }))
    this.#asking.delete(name)
    const state = this.#states.get(name)
    // It may have been renewed meanwhile.
    if (state === undefined || this.#issued.get(name)?.cert !== cert) return
    this.#states.set(name, afterAdvice(state, window, Date.now() + againInMs, Math.random()))
  }

  #stateOf(name: string): NameState {
    const issued = this.#issued.get(name)
    if (issued === undefined) return NEW_NAME
    return withCertificate(validityOf(issued), Date.now(), Math.random())
  }
}

function validityOf({ directory, facts }: IssuedCertificate) {
  return { directory, notBeforeMs: facts.fromMs, notAfterMs: facts.untilMs }
}

/** What is no trouble of the CA is one of vigia's own. */
function failureOf(error: unknown): Omit<FailedOrder, 'atMs'> {
  const reason = error instanceof Error ? error.message : String(error)
  const { trouble = 'own', retryAfterMs } = error as Partial<OrderFailure>
  return { reason, trouble, retryAfterMs }
}
