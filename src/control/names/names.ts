// What is known of the names of all upstreams: each is asked for once for all of vigia, again when its answer is too old, and no request
// ever waits for that. What an answer means is policy (policy/names/name-state.ts).

import { isIP } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import type { NameSample } from '../../metrics/source.ts'
import type { DnsPlan } from '../../plan/dns.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import {
  afterAnswer,
  type NameAnswer,
  type NameState,
  NEW_NAME,
  nextLookupMs,
  withClockMoved,
} from '../../policy/names/name-state.ts'
import { parseHosts } from './hosts-file.ts'
import { Lookup } from './lookup.ts'
import type { NameEvent } from './name-event.ts'
import { parseResolvConf } from './resolv-conf.ts'
import { SYSTEM_FILES, type SystemFiles, SystemFilesReader, type SystemTexts } from './system-files.ts'

export interface NamesOptions {
  readonly tell: (event: NameEvent) => void
  readonly warn: (text: string) => void
  /** Default: those of this machine. */
  readonly files?: SystemFiles
  readonly random?: () => number
}

/** Of a configuration. */
type Wanted = Pick<Snapshot, 'pools' | 'dns'>

/** Most names that DNS is asked for at once. */
const MOST_AT_ONCE = 128
/** Of these: names that brought no address the last time. Many that are dead must not keep one that is not from its turn. */
const MOST_FAILING_AT_ONCE = MOST_AT_ONCE / 2

interface Watched {
  readonly host: string
  state: NameState
  timer: NodeJS.Timeout | undefined
  /** The look-up that is under way. */
  asked: Lookup | undefined
}

export class Names {
  readonly #options: NamesOptions
  readonly #files: SystemFilesReader
  readonly #watched = new Map<string, Watched>()
  /** Whose turn it is, in the order in which they came. */
  readonly #due = { fresh: new Set<Watched>(), failing: new Set<Watched>() }
  readonly #underWay = { fresh: 0, failing: 0 }
  /** Answers, by their kind. */
  readonly lookups = { found: 0, 'not-found': 0, away: 0 }
  /** Undefined = nothing is followed. */
  #dns: DnsPlan | undefined
  #isStarted = false
  /** Undefined = not read yet. */
  #texts: SystemTexts | undefined
  #lookup: Lookup | undefined

  constructor(options: NamesOptions) {
    this.#options = options
    const { files = SYSTEM_FILES, warn } = options
    this.#files = new SystemFilesReader({ files, warn, onTexts: texts => this.#renew(texts) })
  }

  /** Asks for the names of these pools too, beside those that it knows. */
  follow({ pools, dns }: Wanted): void {
    const isSame = isDeepStrictEqual(dns, this.#dns)
    this.#dns = dns
    const hosts = namesOf(pools)
    const fresh = [...hosts].filter(host => !this.#watched.has(host))
    for (const host of fresh) this.#watched.set(host, { host, state: NEW_NAME, timer: undefined, asked: undefined })
    if (this.#texts === undefined) void this.#read()
    else if (!isSame) this.#renew(this.#texts)
    else for (const host of fresh) this.#ask(this.#watched.get(host)!)
  }

  /** Forgets the names that none of these pools has. */
  retire({ pools }: Pick<Wanted, 'pools'>): void {
    const hosts = namesOf(pools)
    for (const [host, watched] of this.#watched) {
      if (hosts.has(host)) continue
      this.#watched.delete(host)
      this.#rest(watched)
    }
  }

  /** @param host of an upstream; undefined = it is an address, or nobody follows it */
  of(host: string): NameState | undefined {
    return this.#watched.get(host)?.state
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    for (const watched of this.#watched.values()) watched.state = withClockMoved(watched.state, byMs)
  }

  get size(): number {
    return this.#watched.size
  }

  samples(): readonly NameSample[] {
    return [...this.#watched.values()].map(({ host, state: { addresses, problem } }) => {
      return { host, addresses: addresses.length, up: addresses.length > 0 && problem === undefined }
    })
  }

  /** Never rejects. */
  start(): Promise<void> {
    this.#isStarted = true
    return this.#read()
  }

  close(): void {
    this.#files.close()
    this.retire({ pools: [] })
    this.#lookup?.cancel()
  }

  /** All begins with the files; where no upstream has a name they are nobody's business. */
  async #read(): Promise<void> {
    if (this.#isStarted && this.#watched.size > 0) await this.#files.read()
  }

  /** All is asked for anew: another file, or another server, may say something else. */
  #renew(texts: SystemTexts): void {
    const former = this.#lookup
    this.#texts = texts
    this.#lookup = new Lookup(parseHosts(texts.hosts), parseResolvConf(texts.resolvConf), this.#dns!)
    former?.cancel()
    for (const watched of this.#watched.values()) this.#ask(watched)
  }

  #ask(watched: Watched): void {
    this.#rest(watched)
    const answer = this.#lookup?.atHand(watched.host)
    if (answer !== undefined) return this.#answered(watched, answer)
    this.#due[classOf(watched)].add(watched)
    this.#askNext()
  }

  #askNext(): void {
    const { fresh, failing } = this.#underWay
    const room = MOST_AT_ONCE - fresh - failing
    for (const watched of first(this.#due.fresh, room)) void this.#query(watched)
    const rest = Math.min(MOST_AT_ONCE - this.#underWay.fresh - failing, MOST_FAILING_AT_ONCE - failing)
    for (const watched of first(this.#due.failing, rest)) void this.#query(watched)
  }

  async #query(watched: Watched): Promise<void> {
    const kind = classOf(watched)
    const lookup = this.#lookup!
    this.#rest(watched)
    watched.asked = lookup
    this.#underWay[kind] += 1
    const answer = await lookup.ask(watched.host)
    this.#underWay[kind] -= 1
    // Asked anew meanwhile, or nobody's any more.
    if (watched.asked === lookup) this.#answered(watched, answer)
    this.#askNext()
  }

  #answered(watched: Watched, answer: NameAnswer): void {
    const { host, state: before } = watched
    const { tell, random = Math.random } = this.#options
    const now = afterAnswer(before, answer, Date.now())
    watched.state = now
    this.lookups[answer.kind] += 1
    watched.asked = undefined
    const afterMs = nextLookupMs(now, answer, this.#dns!, random())
    if (afterMs !== Number.POSITIVE_INFINITY) watched.timer = setTimeout(() => this.#ask(watched), afterMs)
    if (now.addresses !== before.addresses || now.problem?.why !== before.problem?.why)
      tell({ type: 'name', host, before, now })
  }

  /** Neither waits for its time, nor for its turn, nor for an answer. */
  #rest(watched: Watched): void {
    clearTimeout(watched.timer)
    watched.asked = undefined
    this.#due.fresh.delete(watched)
    this.#due.failing.delete(watched)
  }
}

function namesOf(pools: Snapshot['pools']): ReadonlySet<string> {
  return new Set(pools.flatMap(({ upstreams }) => upstreams.map(({ host }) => host)).filter(host => isIP(host) === 0))
}

function classOf({ state }: Watched): 'fresh' | 'failing' {
  return state.failures === 0 ? 'fresh' : 'failing'
}

function first<T>(all: ReadonlySet<T>, count: number): T[] {
  return [...all.values().take(Math.max(0, count))]
}
