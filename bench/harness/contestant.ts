// One proxy taking part: started once, measured many times. Decides what a measured run is worth: a wrong answer scores nothing.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer } from '../peers/peer.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { findWrongAnswer, untilRight } from './check.ts'
import type { Load } from './load.ts'
import { freePorts, type Running, start } from './process.ts'
import { readUsage } from './usage.ts'

/** The proxy under test has this core to itself; load, upstream and the benchmark share the other. */
export const proxyCore = 0
export const loadCore = 1

export interface Contestant {
  readonly name: string
  readonly port: number
  /** Undefined for `direct`: there is no proxy. */
  readonly running: Running | undefined
}

/** One measured run. Times are per request, microseconds; undefined for `direct`. */
export interface Measurement {
  readonly cpuUs: number | undefined
  readonly userUs: number | undefined
  readonly systemUs: number | undefined
  /** Share of the run in which the proxy was on the CPU: near 1 means that it, not the load, was the limit. */
  readonly busy: number | undefined
  readonly rssBytes: number | undefined
  readonly requests: number
  readonly requestsPerS: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly errors: number
}

export interface Wrong {
  readonly wrong: string
}

const startDeadlineMs = 15_000

/** Starts a peer and waits until it answers the scenario rightly. */
export async function startContestant(
  peer: Peer,
  { upstreamPort, folder, first }: { readonly upstreamPort: number; readonly folder: string; readonly first: Scenario },
): Promise<Contestant | Wrong> {
  const own = join(folder, peer.name)
  mkdirSync(own)
  const [port = 0, adminPort = 0] = await freePorts(2)
  const command = peer.prepare({ port, adminPort, upstreamPort, folder: own })
  const running = start(command, { core: proxyCore, logFile: join(folder, `${peer.name}.log`) })
  const wrong = await untilRight(port, first, { deadlineMs: startDeadlineMs, exited: running.exited })
  if (wrong === undefined) return { name: peer.name, port, running }
  const output = running.output()
  await running.stop()
  return { wrong: `did not start: ${wrong}${output === '' ? '' : ` (${output})`}` }
}

/** Samples, load, samples again. */
export async function measure(
  { port, running }: Contestant,
  { scenario, load, seconds, folder }: { scenario: Scenario; load: Load; seconds: number; folder: string },
): Promise<Measurement | Wrong> {
  const before = await findWrongAnswer(port, scenario)
  if (before !== undefined) return { wrong: before }
  const from = running && readUsage(running.pid)
  const began = performance.now()
  const { bytesRead, ...seen } = await load.run({ scenario, port, seconds, core: loadCore, folder })
  const elapsedUs = (performance.now() - began) * 1000
  const to = running && readUsage(running.pid)
  const after = await findWrongAnswer(port, scenario)
  if (after !== undefined) return { wrong: after }
  if (seen.requests === 0) return { wrong: `no request was answered, ${seen.errors} errors` }
  // Samples can't see an empty answer amid the load; the bytes that arrived can.
  if (bytesRead < seen.requests * scenario.answer.body.length)
    return {
      wrong: `answers under load were short: ${Math.round(bytesRead / seen.requests)} bytes each, head included`,
    }
  if (from === undefined || to === undefined)
    return { ...seen, cpuUs: undefined, userUs: undefined, systemUs: undefined, busy: undefined, rssBytes: undefined }
  const [userUs, systemUs] = [to.userUs - from.userUs, to.systemUs - from.systemUs]
  return {
    ...seen,
    cpuUs: (userUs + systemUs) / seen.requests,
    userUs: userUs / seen.requests,
    systemUs: systemUs / seen.requests,
    busy: (userUs + systemUs) / elapsedUs,
    rssBytes: to.rssBytes,
  }
}
