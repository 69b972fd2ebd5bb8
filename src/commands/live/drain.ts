// vigia drain: asks for a drain; with --wait, follows it until nothing is left, or until its deadline.

import type { StatusReport } from '../../admin/contract/status.ts'
import type { UpstreamReport } from '../../admin/contract/upstreams.ts'
import { clock, drainWords, isFree, remainingWords } from '../words/drain-lines.ts'
import { ASKED } from '../words/exit-codes.ts'
import { fetchStatus } from './client/admin-client.ts'
import { ALL_POOLS, failed, type OperateOptions, operate, type Place, parsePlace } from './operate.ts'

export interface DrainOptions extends OperateOptions {
  readonly wait: boolean
}

const POLL_MS = 500
/** The same words are said again after this time: whoever waits sees that it goes on. */
const REPEAT_MS = 15_000

/** Resolves with the exit code: with --wait 0 means that nothing is left. */
export async function drain(target: string, options: DrainOptions): Promise<number> {
  const code = await operate('drain', target, options)
  const place = parsePlace(target)
  if (code !== ASKED.done || !options.wait || place === undefined) return code
  try {
    return await follow(place, options)
  } catch (error) {
    return failed(`drain ${target}`, error)
  }
}

async function follow(place: Place, { admin, json }: DrainOptions): Promise<number> {
  // With --json the resulting state alone is on stdout.
  const say = (text: string) => (json ? console.error(text) : console.log(text))
  const lastSaid = new Map<string, { readonly text: string; readonly atMs: number }>()
  for (;;) {
    const now = Date.now()
    const upstreams = membersOf(await fetchStatus(admin), place)
    const left = upstreams.filter(({ upstream: { drain } }) => drain === null || !isFree(drain))
    for (const { pool, upstream } of upstreams) {
      const text = progressOf(upstream, now)
      const name = `${pool}/${upstream.name}`
      const before = lastSaid.get(name)
      // What is left counts; the times in the line change all the while.
      const key = `${upstream.state} ${upstream.drain === null ? '' : remainingWords(upstream.drain.remaining)}`
      if (before?.text === key && now - before.atMs < REPEAT_MS) continue
      lastSaid.set(name, { text: key, atMs: now })
      say(`${clock(now)}  ${name}  ${text}`)
    }
    if (upstreams.length === 0) {
      say(`${clock(now)}  ${place.pool} has no such upstream any more`)
      return ASKED.refused
    }
    if (left.length === 0) return ASKED.done
    // A drain that was lifted, or has come to its deadline, frees nothing any more.
    if (left.every(({ upstream: { state } }) => state !== 'draining' && state !== 'out')) return ASKED.refused
    await new Promise(resolve => setTimeout(resolve, POLL_MS))
  }
}

function progressOf({ drain: report, state, why }: UpstreamReport, nowMs: number): string {
  if (report === null) return `is not being drained any more: ${state}, ${why}`
  if (isFree(report)) return 'nothing left: it is free'
  if (state === 'disabled')
    return `the deadline has come: ${remainingWords(report.remaining)} left, tunnels are being closed`
  return drainWords(report, nowMs)
}

interface Member {
  readonly pool: string
  readonly upstream: UpstreamReport
}

function membersOf({ pools }: StatusReport, place: Place): readonly Member[] {
  return pools
    .filter(({ name }) => place.pool === ALL_POOLS || name === place.pool)
    .flatMap(({ name, upstreams }) => upstreams.map(upstream => ({ pool: name, upstream })))
    .filter(({ upstream }) => place.upstream === undefined || upstream.name === place.upstream)
}
