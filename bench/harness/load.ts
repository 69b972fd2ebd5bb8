// What a generator of load is told, and what it gives back.
import type { LoadResult } from '../load/result.ts'
import type { Scenario } from '../scenarios/scenario.ts'

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
