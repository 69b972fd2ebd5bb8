// Asks every upstream again and again whether it is healthy: when is policy/probe-schedule's decision, what an answer means the
// registry's. Sole owner of the probes' timers and connections. At most one probe per upstream is under way.

import { isDeepStrictEqual } from 'node:util'
import type { HealthPlan, ProbeTiming } from '../../plan/health.ts'
import type { UpstreamPlan } from '../../plan/pool.ts'
import { MOST_ADDRESSES } from '../../policy/names/name-state.ts'
import type { ProbeState } from '../../policy/upstream/health.ts'
import { nextProbeDelayMs } from '../../policy/upstream/probe-schedule.ts'
import type { ProxyVersion } from '../../proxy-protocol/write.ts'
import { UpstreamAddresses } from '../../shared/upstream-addresses.ts'
import type { UpstreamTable } from '../../shared/upstream-table.ts'
import { FewAtOnce } from './probes/few-at-once.ts'
import { probeHttp } from './probes/http.ts'
import type { ProbeResult } from './probes/probe.ts'
import { probeTcp } from './probes/tcp.ts'

export interface ProbeJob {
  readonly slot: number
  readonly upstream: UpstreamPlan
  readonly health: HealthPlan
  /** What its connections begin with; undefined = nothing. */
  readonly proxyProtocol?: ProxyVersion | undefined
}

/** What the registry makes of a result; the schedule follows from it.  */
export interface Assessment {
  readonly state: ProbeState
  /** How long the upstream has been unhealthy, ms; 0 = it is not, or its pool can't do without it. */
  readonly downForMs: number
}

export interface ProberOptions {
  /** Has the addresses of upstreams that are known by a name. */
  readonly table: Pick<UpstreamTable, 'addresses'>
  readonly onResult: (slot: number, result: ProbeResult) => Assessment
  /** A probe waits: told after each quarter of its timeout. */
  readonly onWaiting?: (slot: number) => void
  readonly random?: () => number
}

/** Between the end of a probe and the start of the next. */
const SHORTEST_PAUSE_MS = 10
/** That begin in one turn of the event loop: to begin one, and to take in its answer, costs about a millisecond. */
const MOST_A_TURN = 8

interface Watch {
  job: ProbeJob
  readonly addresses: UpstreamAddresses
  timer: NodeJS.Timeout | undefined
  /** Aborts the probe under way. */
  running: AbortController | undefined
  startedMs: number
  /** A failure was reported while a probe was under way that may have begun before it. */
  again: boolean
  /** Probes still to come in the faster rhythm, because traffic saw a failure. */
  suspicions: number
}

export class Prober {
  readonly #options: ProberOptions
  readonly #random: () => number
  readonly #watches = new Map<number, Watch>()
  readonly #due = new FewAtOnce<Watch>(MOST_A_TURN, watch => void this.#probe(watch))

  constructor(options: ProberOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  /** Makes these the upstreams that are watched. New ones are probed at once, in their order; the others keep their rhythm. */
  apply(jobs: readonly ProbeJob[]): void {
    const wanted = new Set(jobs.filter(job => job.health.kind !== 'none').map(({ slot }) => slot))
    for (const [slot, watch] of this.#watches) {
      if (wanted.has(slot)) continue
      this.#watches.delete(slot)
      this.#stop(watch)
    }
    this.begin(jobs)
  }

  /** Watches these too, beside those that it watches. */
  begin(jobs: readonly ProbeJob[]): void {
    const sameHealth = isSameAsLast()
    for (const job of jobs) {
      const { slot, upstream } = job
      if (job.health.kind === 'none') continue
      const watch = this.#watches.get(slot)
      if (watch !== undefined) {
        const isSameWay = watch.job.proxyProtocol === job.proxyProtocol && isSame(watch.job.upstream, job.upstream)
        const changed = !isSameWay || !sameHealth(watch.job.health, job.health)
        watch.job = job
        // What is under way asks the old question; a changed one is worth an answer now.
        if (changed) this.probeNow(slot)
        continue
      }
      const fresh: Watch = {
        job,
        addresses: new UpstreamAddresses(
          upstream.host,
          slot,
          this.#options.table,
          Math.floor(this.#random() * MOST_ADDRESSES),
        ),
        timer: undefined,
        running: undefined,
        startedMs: -Infinity,
        again: false,
        suspicions: 0,
      }
      this.#watches.set(slot, fresh)
      this.#due.add(fresh)
    }
  }

  /** Traffic saw this upstream fail: probes it at once, then faster for a while. Never more often than the faster interval. */
  probeNow(slot: number): void {
    const watch = this.#watches.get(slot)
    if (watch === undefined) return
    const { fall, unsureIntervalMs } = timing(watch)
    watch.suspicions = fall
    if (watch.running !== undefined) {
      watch.again = true
      return
    }
    const sinceMs = performance.now() - watch.startedMs
    if (sinceMs >= unsureIntervalMs) this.#due.add(watch)
    else this.#schedule(watch, unsureIntervalMs - sinceMs)
  }

  close(): void {
    for (const watch of this.#watches.values()) this.#stop(watch)
    this.#watches.clear()
    this.#due.clear()
  }

  #stop(watch: Watch): void {
    this.#due.delete(watch)
    clearTimeout(watch.timer)
    watch.running?.abort()
  }

  async #probe(watch: Watch): Promise<void> {
    clearTimeout(watch.timer)
    const { job } = watch
    const running = new AbortController()
    watch.running = running
    watch.startedMs = performance.now()
    watch.again = false
    if (watch.suspicions > 0) watch.suspicions -= 1
    const waiting = setInterval(() => this.#options.onWaiting?.(job.slot), timing(watch).timeoutMs / 4)
    running.signal.addEventListener('abort', () => clearInterval(waiting))
    const result = await runProbe(watch, running.signal)
    clearInterval(waiting)
    // Stopped meanwhile: the answer is nobody's.
    if (running.signal.aborted) return
    watch.running = undefined
    const { state, downForMs } = this.#options.onResult(job.slot, result)
    const times = timing(watch)
    const delayMs = nextProbeDelayMs(state, times, downForMs, this.#random())
    const hurry = watch.again || watch.suspicions > 0
    // The interval counts from start to start: a slow answer does not make probes rarer.
    const intervalMs = hurry ? Math.min(delayMs, times.unsureIntervalMs) : delayMs
    this.#schedule(watch, Math.max(SHORTEST_PAUSE_MS, intervalMs - result.durationMs))
  }

  #schedule(watch: Watch, delayMs: number): void {
    clearTimeout(watch.timer)
    watch.timer = setTimeout(() => this.#due.add(watch), delayMs)
  }
}

function runProbe(
  { job: { health, upstream, proxyProtocol }, addresses: { target } }: Watch,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const place = { upstream, target, proxyProtocol }
  switch (health.kind) {
    case 'http':
      return probeHttp(health, place, signal)
    case 'tcp':
      return probeTcp(health, place, signal)
    case 'none':
      throw new Error('an upstream without health checks is never probed')
  }
}

function timing({ job }: Watch): ProbeTiming {
  if (job.health.kind === 'none') throw new Error('an upstream without health checks has no rhythm')
  return job.health
}

/** As `isSame`, but what was held against each other last, as the plan that all upstreams of a pool have, is not looked at again. */
function isSameAsLast(): typeof isSame {
  let last: readonly [object, object, boolean] | undefined
  return (before, after) => {
    if (last?.[0] !== before || last[1] !== after) last = [before, after, isSame(before, after)]
    return last[2]
  }
}

/** Plans that nobody has read anew are the same object. */
function isSame(before: object, after: object): boolean {
  return before === after || isDeepStrictEqual(before, after)
}
