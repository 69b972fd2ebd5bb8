// vigia check: says whether vigia can run with a configuration, and lists everything that is wrong with it. Starts nothing, but asks for
// the host names of upstreams.

import { isIP } from 'node:net'
import { type Finding, formatProblem, warning } from '../config/forms/problem.ts'
import { type LoadedSnapshot, loadConfig, placed } from '../config/read/load.ts'
import { firstAnswers } from '../control/names/first-answers.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { formatAge, iso } from '../util/words.ts'
import { EXIT } from './words/exit-codes.ts'

export interface CheckOutput {
  readonly env: NodeJS.ProcessEnv
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

/** Names that have no answer by then are said to have none. */
const NAMES_WITHIN_MS = 5_000

export const TERMINAL: CheckOutput = {
  env: process.env,
  out: line => console.log(line),
  err: line => console.error(line),
}

export interface CheckOptions {
  readonly config: string
  /** Advice counts as an error. */
  readonly strict?: boolean | undefined
  /** Is for --explain only. */
  readonly json?: boolean | undefined
}

/** Resolves with the exit code: 0 where vigia can run with it (warnings aside, and advice unless it is strict), else 1. */
export async function check({ config, strict, json }: CheckOptions, io: CheckOutput = TERMINAL): Promise<number> {
  if (json) {
    io.err('vigia: --json is for --explain')
    return EXIT.usage
  }
  const loaded = loadConfig(config, io.env)
  for (const problem of loaded.ok ? loaded.warnings : loaded.problems) io.err(formatProblem(problem))
  if (!loaded.ok) return EXIT.badConfiguration
  const unresolved = placed(loaded, config, await nameFindings(loaded.snapshot))
  for (const problem of unresolved) io.err(formatProblem(problem))
  for (const advice of loaded.advice) io.err(formatProblem(advice))
  if (strict && loaded.advice.length > 0) {
    io.err(tooMuchAdvice(config, loaded))
    return EXIT.badConfiguration
  }
  io.out(`${config}: OK (${summary(loaded.snapshot)})`)
  for (const each of loaded.certificates) io.out(`  ${certificateWords(each, Date.now())}`)
  return EXIT.ok
}

/** Why it is refused where it is to be strict. */
export function tooMuchAdvice(config: string, { advice }: LoadedSnapshot): string {
  return `${config}: ${count(advice.length, 'piece')} of advice, and it is to be strict: follow it, or allow it with # vigia: allow CODE`
}

/** Of names that can't be resolved now: it may well be different where and when vigia runs. The first of those without an answer speaks for all. */
async function nameFindings(snapshot: Snapshot): Promise<Finding[]> {
  const answers = await firstAnswers(snapshot, NAMES_WITHIN_MS)
  const findings: Finding[] = []
  const unanswered: { readonly path: Finding['path']; readonly why: string }[] = []
  for (const { name: pool, upstreams } of snapshot.pools) {
    for (const [i, { host }] of upstreams.entries()) {
      const path = ['pools', pool, 'upstreams', i, 'url']
      if (isIP(host) !== 0) continue
      const problem = answers.has(host) ? answers.get(host)!.problem : { kind: 'away', why: 'no answer in time' }
      if (problem?.kind === 'away') unanswered.push({ path, why: problem.why })
      if (problem?.kind === 'not-found')
        findings.push(warning(path, 'its host name is not found here: as long as that is so the upstream is out'))
    }
  }
  const [first, ...others] = unanswered
  if (first === undefined) return findings
  const more = others.length === 0 ? '' : ` (nor those of ${count(others.length, 'other upstream')})`
  return [...findings, warning(first.path, `its host name could not be looked up${more}: ${first.why}`)]
}

function summary({ pools, listeners }: Snapshot): string {
  const upstreams = pools.reduce((sum, pool) => sum + pool.upstreams.length, 0)
  return [count(pools.length, 'pool'), count(upstreams, 'upstream'), count(listeners.length, 'listener')].join(', ')
}

/** @param nowMs epoch ms */
function certificateWords({ names, untilMs }: LoadedSnapshot['certificates'][number], nowMs: number): string {
  const left = untilMs > nowMs ? `${formatAge(untilMs - nowMs)} left` : 'EXPIRED'
  return `certificate ${names.join(', ')}: until ${iso(untilMs)} (${left})`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
