// Loads configuration texts the way the program does, and says what came of them in few words.

import { formatProblem } from '../../../src/config/forms/problem.ts'
import { loadBytes } from '../../../src/config/read/load.ts'
import type { Snapshot } from '../../../src/plan/snapshot.ts'

/** The problems as lines, errors or warnings; empty where the configuration is fine. */
export function problemsOf(text: string, env: NodeJS.ProcessEnv = {}, file = 'test.yaml'): string[] {
  const loaded = loadBytes(new TextEncoder().encode(text), file, env)
  return (loaded.ok ? loaded.warnings : loaded.problems).map(formatProblem)
}

export function snapshotOf(text: string, env: NodeJS.ProcessEnv = {}, file = 'test.yaml'): Snapshot {
  const loaded = loadBytes(new TextEncoder().encode(text), file, env, 7)
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.snapshot
}

export interface Parts {
  readonly listeners?: string
  readonly routes?: string
  readonly pool?: string
  readonly upstreams?: string
  /** Lines at the end of the document, from line 10 on. */
  readonly more?: string
}

/** A document whose parts stand on known lines: listeners 2, routes 4, keys of the pool `erp` 7, upstreams 9. One line each. */
export function documentOf({ listeners, routes, pool, upstreams, more }: Parts = {}): string {
  return `listeners:
  ${listeners ?? '- { name: web, address: "127.0.0.1:8080" }'}
routes:
  ${routes ?? '- { pool: erp }'}
pools:
  erp:
    ${pool ?? '# nothing'}
    upstreams:
      ${upstreams ?? '- { name: erp-1, url: "http://127.0.0.1:8101" }'}
${more ?? ''}
`
}
