// What workers are to answer to a CA: put up for an order, taken down after it. A CA may ask any worker, so all have to know it first.

import { setTimeout as pause } from 'node:timers/promises'
import type { AcmeChallenges, HttpChallenge, TlsChallenge } from '../../../shared/acme-challenges.ts'

/** A part of what is on the board. */
export type Offered = { readonly http: HttpChallenge } | { readonly tls: TlsChallenge }

export interface BoardOptions {
  /** Tells every worker that runs; one that starts takes `challenges`. */
  readonly send: (challenges: AcmeChallenges) => void
  /** Whether every worker that runs knows this version, or a later one. */
  readonly isKnown: (version: number) => boolean
}

const KNOWN_WITHIN_MS = 15_000
const LOOK_MS = 20

export class ChallengeBoard {
  readonly #options: BoardOptions
  readonly #offered = new Set<Offered>()
  #version = 0

  constructor(options: BoardOptions) {
    this.#options = options
  }

  get challenges(): AcmeChallenges {
    const all = [...this.#offered]
    return {
      version: this.#version,
      http: all.flatMap(each => ('http' in each ? [each.http] : [])),
      tls: all.flatMap(each => ('tls' in each ? [each.tls] : [])),
    }
  }

  /** Resolves when every worker answers so, with what ends that. Rejects where a worker does not say in time that it does. */
  async offer(offered: Offered): Promise<() => void> {
    this.#offered.add(offered)
    const version = this.#send()
    const takeBack = () => {
      if (this.#offered.delete(offered)) this.#send()
    }
    for (const endMs = performance.now() + KNOWN_WITHIN_MS; !this.#options.isKnown(version); await pause(LOOK_MS)) {
      if (performance.now() < endMs) continue
      takeBack()
      throw new Error('a worker did not take in what the CA will ask for: it stands still')
    }
    return takeBack
  }

  #send(): number {
    this.#version += 1
    this.#options.send(this.challenges)
    return this.#version
  }
}
