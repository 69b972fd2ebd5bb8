// What is told of paused integrations. Types only.

import type { RouteCounts } from '../../held/contract.ts'

/** Somebody has paused a route: its requests are held or refused, as it says, and none that are held are sent. */
export interface Pause {
  readonly route: string
  /** One line. */
  readonly reason: string
  readonly by: string
  /** Epoch ms. */
  readonly sinceMs: number
  /** When it ends by itself, epoch ms; undefined = when somebody resumes it. */
  readonly untilMs: number | undefined
  /** `elapsed`: it was given as a length of time, and moves with a clock that is set. Undefined = as an instant. */
  readonly untilBy?: 'elapsed' | undefined
}

/** What became of a route's requests in a stretch of time; a restart of vigia in between is not counted. */
export type HeldTally = Pick<
  RouteCounts['totals'],
  'held' | 'repeats' | 'refused' | 'forwarded' | 'dead' | 'inDoubt' | 'dropped'
>

/** What has become of a pause; when, says who tells it. */
export type PauseNews =
  | { readonly phase: 'begins'; readonly pause: Pause }
  | {
      readonly phase: 'ends'
      readonly pause: Pause
      /** Undefined = by itself: its time had come. */
      readonly by: string | undefined
      readonly reason: string
      /** What became of the route's requests meanwhile; undefined = it holds none. */
      readonly tally: HeldTally | undefined
    }
  /** It lasts as long as before: the clock was set. */
  | { readonly phase: 'moved'; readonly pause: Pause }
  /** Those from before the start are known. */
  | { readonly phase: 'restored' }

/** Which routes are paused has changed. */
export type PauseEvent = { readonly type: 'pause'; readonly atMs: number } & PauseNews
