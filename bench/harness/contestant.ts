// One proxy in one set-up, taking part: started once, measured many times. Decides what a measured run is worth: a wrong answer scores nothing.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadResult } from '../load/result.ts'
import type { Peer } from '../peers/peer.ts'
import type { Case, Scenario } from '../scenarios/scenario.ts'
import { findWrongAnswer, untilRight } from './check.ts'
import { proxyCores } from './cores.ts'
import type { Load } from './load.ts'
import { freePorts, type Running, start } from './process.ts'
import { reloadEvery } from './reloader.ts'
import { scrapeEvery } from './scraper.ts'
import { readUsage, type Usage, usedBetween } from './usage.ts'

export interface Contestant {
  readonly port: number
  readonly adminPort: number
  /** Of its configuration. */
  readonly folder: string
  /** Undefined for `direct`: there is no proxy. */
  readonly running: Running | undefined
}

/** One measured run. Times are per request, microseconds; undefined for `direct`, or where the figure does not apply. */
export interface Measurement extends LoadResult {
  readonly cpuUs: number | undefined
  readonly userUs: number | undefined
  readonly systemUs: number | undefined
  /** Of vigia's worker threads alone. */
  readonly workersUs: number | undefined
  /** Share of the run in which the proxy was on the CPU: near 1 for each worker means that it, not the load, was the limit. */
  readonly busy: number | undefined
  readonly rssBytes: number | undefined
  /** Resident memory gained for each connection of the load. */
  readonly bytesPerConnection: number | undefined
}

export interface Wrong {
  readonly wrong: string
}

const startDeadlineMs = 15_000

/** Starts a peer and waits until it answers the scenario rightly. @param upstreamPorts those that are down included */
export async function startContestant(
  peer: Peer,
  { setup }: Case,
  options: { readonly upstreamPorts: readonly number[]; readonly folder: string; readonly scenario: Scenario },
): Promise<Contestant | Wrong> {
  const own = mkdtempSync(join(options.folder, `${peer.name}-`))
  mkdirSync(join(own, 'run'))
  const [port = 0, adminPort = 0] = await freePorts(2)
  const { upstreamPorts } = options
  const command = peer.prepare({ ...setup, port, adminPort, upstreamPorts, folder: join(own, 'run') })
  const running = start(command, { cores: proxyCores(setup.workers), logFile: join(own, 'output.log') })
  const wrong = await untilRight(port, options.scenario, { deadlineMs: startDeadlineMs, exited: running.exited })
  if (wrong === undefined) return { port, adminPort, folder: join(own, 'run'), running }
  const output = running.output()
  await running.stop()
  return { wrong: `did not start: ${wrong}${output === '' ? '' : ` (${output})`}` }
}

export interface MeasureOptions {
  readonly scenario: Scenario
  readonly load: Load
  readonly seconds: number
  /** Fixed rates only: requests a second; 0 = as fast as it goes. */
  readonly ratePerS: number
  readonly connections: number
  /** 0 = no scrapes. */
  readonly scrapeEveryMs: number
  readonly reload: Case['reload']
  readonly folder: string
}

/** Samples, load, samples again. */
export async function measure(contestant: Contestant, options: MeasureOptions): Promise<Measurement | Wrong> {
  const { port, adminPort, running } = contestant
  const { scenario, load, connections } = options
  const before = await findWrongAnswer(port, scenario)
  if (before !== undefined) return { wrong: before }
  const usage = () => running && readUsage(running.pid)
  const atRest = usage()
  let [beganMs, endedMs] = [0, 0]
  let from: Usage | undefined
  let to: Usage | undefined
  const scraper = options.scrapeEveryMs > 0 ? scrapeEvery(options.scrapeEveryMs, adminPort) : undefined
  const { reload } = options
  const reloader =
    reload === 'never' || !running
      ? undefined
      : reloadEvery(reload, running.pid, join(contestant.folder, 'vigia.yaml'), adminPort)
  let seen: LoadResult
  let disturbed = 0
  try {
    seen = await load.run({
      ...options,
      port,
      started: () => {
        from = usage()
        beganMs = performance.now()
      },
      ended: () => {
        to = usage()
        endedMs = performance.now()
      },
    })
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  } finally {
    disturbed = ((await scraper?.stop()) ?? 0) + ((await reloader?.stop()) ?? 0)
  }
  const after = await findWrongAnswer(port, scenario)
  if (after !== undefined) return { wrong: after }
  const short = findShortAnswers(seen, scenario)
  if (short !== undefined) return { wrong: short }
  const used = from && to && usedBetween(from, to)
  const perRequest = (us: number | undefined) => (us === undefined ? undefined : us / seen.requests)
  // The split comes from ticks, the sum from a finer clock.
  const userShare = used && used.userUs / Math.max(1, used.userUs + used.systemUs)
  return {
    ...seen,
    errors: seen.errors + disturbed,
    cpuUs: perRequest(used?.cpuUs),
    userUs: used && perRequest(used.cpuUs * (userShare ?? 0)),
    systemUs: used && perRequest(used.cpuUs * (1 - (userShare ?? 0))),
    workersUs: used && used.workersUs > 0 ? perRequest(used.workersUs) : undefined,
    busy: used && used.cpuUs / ((endedMs - beganMs) * 1000),
    rssBytes: to?.rssBytes,
    bytesPerConnection:
      scenario.freshEachRound && atRest && to ? (to.rssBytes - atRest.rssBytes) / connections : undefined,
  }
}

/** Samples can't see an empty answer amid the load; the bytes that arrived can. */
function findShortAnswers(
  { requests, errors, bytesRead, bodiesCompared, cutOff = 0 }: LoadResult,
  { answer, cases }: Scenario,
) {
  if (requests === 0) return `no request was answered, ${errors} errors`
  // No coding makes less of what scenarios that compress have for answers.
  const least = cases.some(({ setup }) => setup.compress !== 'off') ? answer.body.length / 25 : answer.body.length
  if (bodiesCompared || bytesRead >= (requests - cutOff) * least) return undefined
  return `answers under load were short: ${Math.round(bytesRead / requests)} bytes each, head included`
}
