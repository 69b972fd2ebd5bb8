// Who may send a PROXY header to a listener, and what is told of connections that are ended for it: each is counted, and why is said now
// and then.

import { performance } from 'node:perf_hooks'
import type { ListenerPlan } from '../../../plan/listener.ts'
import { HEADER_REFUSALS, type HeaderRefusal } from '../../../proxy-protocol/header.ts'
import { WORKER } from '../../../shared/counter-cells.ts'
import { inRanges } from '../../../util/address-ranges.ts'
import { UNKNOWN_PEER } from '../../exchange/downstream.ts'
import { NowAndThen } from '../../runtime/now-and-then.ts'
import type { Runtime } from '../../runtime/runtime.ts'

const WORDS: Readonly<Record<HeaderRefusal, string>> = {
  'no-header': 'it begins without a PROXY header',
  malformed: 'its PROXY header is malformed',
  'too-long': 'its PROXY header is too long',
  'bad-checksum': 'the checksum of its PROXY header is wrong',
  incomplete: 'it ended within its PROXY header',
  timeout: 'its PROXY header did not come within timeouts.head',
  untrusted: 'its address is not in proxyProtocol.from',
}

export class ProxySenders {
  readonly #listener: string
  readonly #runtime: Runtime
  readonly #isSender: (address: string) => boolean
  readonly #refusesOthers: boolean
  readonly #nowAndThen = new NowAndThen()

  /** @returns undefined = nobody sends headers to this listener */
  static of({ name, proxyProtocol }: ListenerPlan, runtime: Runtime): ProxySenders | undefined {
    return proxyProtocol && new ProxySenders(name, proxyProtocol, runtime)
  }

  private constructor(
    listener: string,
    { from, others }: NonNullable<ListenerPlan['proxyProtocol']>,
    runtime: Runtime,
  ) {
    this.#listener = listener
    this.#runtime = runtime
    this.#isSender = inRanges(from)
    this.#refusesOthers = others === 'refuse'
  }

  /** What a connection from this address begins with; `refused` = it is to be ended, and has been counted. */
  expects(address: string): 'header' | 'nothing' | 'refused' {
    // Reset before it was looked at, as health checks of HAProxy are: nobody is refused.
    if (address === UNKNOWN_PEER) return 'refused'
    if (this.#isSender(address)) return 'header'
    if (!this.#refusesOthers) return 'nothing'
    this.refuse('untrusted', address)
    return 'refused'
  }

  /** Counts a connection that is ended. */
  refuse(reason: HeaderRefusal, address: string): void {
    this.#runtime.row.addOwn(WORKER.firstHeaderRefusal + HEADER_REFUSALS.indexOf(reason), 1)
    if (!this.#nowAndThen.isDue(reason, performance.now())) return
    const message = `listener ${this.#listener}: a connection from ${address} was ended: ${WORDS[reason]} (said once a minute for each reason; vigia_proxy_header_refusals_total{reason="${reason}"} counts all)`
    this.#runtime.report({ type: 'log', level: 'warn', message, detail: {} })
  }
}
