// vigia check: says whether vigia can run with a configuration, and lists everything that is wrong with it. Starts nothing.

import { formatProblem } from '../config/forms/problem.ts'
import { loadConfig } from '../config/read/load.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { EXIT } from './words/exit-codes.ts'

export interface CheckOutput {
  readonly env: NodeJS.ProcessEnv
  readonly out: (line: string) => void
  readonly err: (line: string) => void
}

const TERMINAL: CheckOutput = { env: process.env, out: line => console.log(line), err: line => console.error(line) }

/** Resolves with the exit code: 0 where vigia can run with it (warnings aside), else 1. */
export async function check({ config }: { readonly config: string }, io: CheckOutput = TERMINAL): Promise<number> {
  const loaded = loadConfig(config, io.env)
  for (const problem of loaded.ok ? loaded.warnings : loaded.problems) io.err(formatProblem(problem))
  if (!loaded.ok) return EXIT.badConfiguration
  io.out(`${config}: OK (${summary(loaded.snapshot)})`)
  return EXIT.ok
}

function summary({ pools, listeners }: Snapshot): string {
  const upstreams = pools.reduce((sum, pool) => sum + pool.upstreams.length, 0)
  return [count(pools.length, 'pool'), count(upstreams, 'upstream'), count(listeners.length, 'listener')].join(', ')
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
