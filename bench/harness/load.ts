// Which generator drives a scenario: wrk or autocannon for a closed loop, the suite's own for fixed rates and WebSocket.
import type { LoadResult } from '../load/result.ts'
import type { LoadKind, Scenario } from '../scenarios/scenario.ts'
import { autocannon, wrk } from './closed-load.ts'
import { ownLoad } from './own-load.ts'
import { findProgram } from './process.ts'

export interface LoadRun {
  readonly scenario: Scenario
  readonly port: number
  /** Whole seconds (wrk takes no other). */
  readonly seconds: number
  readonly connections: number
  /** Fixed rates only: requests a second; 0 = as fast as it goes. */
  readonly ratePerS: number
  /** Folder for generated files. */
  readonly folder: string
  /** Called when the load is about to begin (its connections stand, where it is the suite's own) and when it has ended. */
  started(): void
  ended(): void
}

export interface Load {
  readonly name: string
  run(run: LoadRun): Promise<LoadResult>
}

/** Throws where the one that was asked for is not installed. */
export function chooseClosedLoad(wanted: 'auto' | 'wrk' | 'autocannon'): Load {
  const program = wanted === 'autocannon' ? undefined : findProgram('wrk')
  if (program !== undefined) return wrk(program)
  if (wanted === 'wrk') throw new Error('wrk is not installed: apt-get install wrk, or use --load autocannon')
  return autocannon
}

export function loadFor({ kind }: LoadKind, closed: Load): Load {
  switch (kind) {
    case 'closed':
      return closed
    case 'share-of-capacity':
    case 'fixed-rate':
      return ownLoad('http-generator')
    case 'websocket':
      return ownLoad('websocket-generator')
  }
}
