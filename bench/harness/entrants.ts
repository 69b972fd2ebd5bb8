// Who takes part in a scenario: every peer in every case. Starts each when it is first needed and keeps it while scenarios of the same
// upstreams and set-ups follow each other, so that it is warm and none gains from going last.
import type { Peer } from '../peers/peer.ts'
import type { Case, Scenario } from '../scenarios/scenario.ts'
import { type Contestant, startContestant, type Wrong } from './contestant.ts'

export interface Entrant {
  /** `vigia`, or `vigia, 30 upstreams`. */
  readonly name: string
  readonly peer: string
  readonly case: Case
  obtain(): Promise<Contestant | Wrong>
  /** Ends its process; the next `obtain` starts another. */
  release(): Promise<void>
}

export interface Upstreams {
  /** Ports of the static one; each is an upstream. */
  readonly static: readonly number[]
  readonly streaming: number
  /** A port on which nobody listens. */
  readonly dead: number
}

export class Entrants {
  readonly #upstreams: Upstreams
  readonly #folder: string
  #key = ''
  readonly #started = new Map<string, Contestant | Wrong>()

  constructor(upstreams: Upstreams, folder: string) {
    this.#upstreams = upstreams
    this.#folder = folder
  }

  /** @param peers without `direct`, which `withDirect` adds */
  async of(scenario: Scenario, peers: readonly Peer[], withDirect: boolean): Promise<Entrant[]> {
    const key = JSON.stringify([scenario.upstream, scenario.cases, scenario.freshEachRound])
    if (key !== this.#key) await this.close()
    this.#key = key
    const first = scenario.cases[0]
    const entrants: Entrant[] = []
    if (withDirect && first !== undefined) entrants.push(this.#direct(scenario, first))
    // A proxy's cases next to each other: it is them that are compared.
    for (const peer of peers) for (const each of scenario.cases) entrants.push(this.#entrant(peer, each, scenario))
    return entrants
  }

  async close(): Promise<void> {
    const all = [...this.#started.values()]
    this.#started.clear()
    await Promise.all(all.map(each => ('wrong' in each ? undefined : each.running?.stop())))
  }

  #entrant(peer: Peer, each: Case, scenario: Scenario): Entrant {
    const name = each.name === '' ? peer.name : `${peer.name}, ${each.name}`
    return {
      name,
      peer: peer.name,
      case: each,
      obtain: async () => {
        const known = this.#started.get(name)
        if (known !== undefined) return known
        const upstreamPorts = portsFor(this.#upstreams, each, scenario)
        const started = await startContestant(peer, each, { upstreamPorts, folder: this.#folder, scenario })
        this.#started.set(name, started)
        return started
      },
      release: async () => {
        const known = this.#started.get(name)
        this.#started.delete(name)
        if (known !== undefined && !('wrong' in known)) await known.running?.stop()
      },
    }
  }

  #direct(scenario: Scenario, each: Case): Entrant {
    const port = portsFor(this.#upstreams, each, scenario)[0] ?? 0
    const contestant = { port, adminPort: 0, folder: '', running: undefined }
    return { name: 'direct', peer: 'direct', case: each, obtain: async () => contestant, release: async () => {} }
  }
}

/** The upstreams that a proxy gets in this case, those that are down included. */
export function portsFor(upstreams: Upstreams, { setup }: Case, { upstream }: Scenario): number[] {
  if (upstream === 'streaming') return [upstreams.streaming]
  const up = upstreams.static.slice(0, setup.upstreams - setup.upstreamsDown)
  return [...up, ...Array.from({ length: setup.upstreamsDown }, () => upstreams.dead)]
}
