// The TLS handshakes of one listener: so many at once, the others wait in order with their first bytes unread. What becomes of them is
// counted, and why they fail is said now and then.

import { performance } from 'node:perf_hooks'
import type { SecureContext } from 'node:tls'
import type { ListenerPlan } from '../../../plan/listener.ts'
import { GAUGE, WORKER } from '../../../shared/counter-cells.ts'
import type { TlsMaterial } from '../../../shared/tls-material.ts'
import { SLOT_OF_VIGIA } from '../../../shared/upstream-table.ts'
import type { ClientTrust } from '../../../tls/client-authorities.ts'
import { type ExplainedFailure, HANDSHAKE_FAILURES } from '../../../tls/handshake-failure.ts'
import { NowAndThen } from '../../runtime/now-and-then.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { ChallengeContexts } from './challenge-contexts.ts'
import { ClientJudge } from './client-judge.ts'
import { SecureContexts, trustOf } from './secure-contexts.ts'

/** A handshake that is to begin. */
interface Waiting {
  start(): void
}

export class Handshakes {
  /** What a CA sees that looks at our names; undefined = none does. */
  challenges: ChallengeContexts | undefined = undefined
  readonly #runtime: Runtime
  readonly #nowAndThen = new NowAndThen()
  readonly #waiting = new Set<Waiting>()
  #inProgress = 0
  #most = 0
  #listener = ''
  #contexts: SecureContexts | undefined = undefined
  #trust: ClientTrust | undefined = undefined
  #judge: ClientJudge | undefined = undefined

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** From now on; handshakes in progress and connections go on as they are, but see `judge`. @param material undefined = there is none yet */
  adopt({ name, tls }: ListenerPlan, material: TlsMaterial | undefined): void {
    this.#listener = name
    this.#most = tls?.maxHandshakes ?? 0
    this.#contexts = tls && material && new SecureContexts(name, tls, material)
    const trust = tls && trustOf(tls, material?.authorities)
    // Reading hundreds of authorities again would be for nothing.
    if (trust !== this.#trust || (tls?.clients?.mode === 'require') !== (this.#judge?.required === true))
      this.#judge = tls?.clients && trust && new ClientJudge(tls.clients, trust)
    this.#trust = trust
    this.#startWaiting()
  }

  /** Undefined = clients are not asked for certificates. */
  get judge(): ClientJudge | undefined {
    return this.#judge
  }

  /** @param serverName undefined = the client names none @returns undefined = there is no certificate to show, which was said */
  contextFor(serverName: string | undefined, peer: string): SecureContext | undefined {
    let words = 'the listener has no certificate'
    try {
      const context = this.#contexts?.of(serverName)
      if (context) return context
    } catch (error) {
      words = `OpenSSL does not take its certificate: ${(error as Error).message}`
    }
    this.failed({ reason: 'no-certificate', words }, peer)
    return undefined
  }

  /** Starts it now, or when it is its turn. */
  enter(handshake: Waiting): void {
    if (this.#inProgress < this.#most && this.#waiting.size === 0) return this.#start(handshake)
    this.#waiting.add(handshake)
    this.#runtime.row.move(SLOT_OF_VIGIA, GAUGE.handshakesWaiting, 1)
  }

  /** It has ended one way or the other, or is not to start any more. */
  leave(handshake: Waiting): void {
    if (this.#waiting.delete(handshake)) this.#runtime.row.move(SLOT_OF_VIGIA, GAUGE.handshakesWaiting, -1)
    else {
      this.#inProgress -= 1
      this.#runtime.row.move(SLOT_OF_VIGIA, GAUGE.handshakes, -1)
      this.#startWaiting()
    }
  }

  succeeded(isResumed: boolean): void {
    this.#runtime.row.addOwn(isResumed ? WORKER.handshakesResumed : WORKER.handshakesFull, 1)
  }

  /** @param about each is said once a minute */
  failed({ reason, words }: ExplainedFailure, peer: string, about: string = reason): void {
    this.#runtime.row.addOwn(WORKER.firstHandshakeFailure + HANDSHAKE_FAILURES.indexOf(reason), 1)
    if (!this.#nowAndThen.isDue(about, performance.now())) return
    const message = `listener ${this.#listener}: the TLS handshake with ${peer} failed: ${words} (said once a minute for each cause; vigia_tls_handshake_failures_total{reason="${reason}"} counts all)`
    this.#runtime.report({ type: 'log', level: reason === 'no-certificate' ? 'error' : 'info', message, detail: {} })
  }

  #startWaiting(): void {
    for (const next of this.#waiting) {
      if (this.#inProgress >= this.#most) return
      this.#waiting.delete(next)
      this.#runtime.row.move(SLOT_OF_VIGIA, GAUGE.handshakesWaiting, -1)
      this.#start(next)
    }
  }

  #start(handshake: Waiting): void {
    this.#inProgress += 1
    this.#runtime.row.move(SLOT_OF_VIGIA, GAUGE.handshakes, 1)
    handshake.start()
  }
}
