// What exchanges need beside the ground: the configuration in force, the routes that are closed, the access log.

import type { AccessLog } from '../access-log/access-log.ts'
import type { ChallengeAnswers } from '../answers/challenge-answers.ts'
import type { Cache } from '../cache/cache.ts'
import type { HeldPort } from '../held/held-port.ts'
import type { Buffers } from '../spool/buffers.ts'
import type { TunnelRuntime } from '../tunnel/tunnel.ts'
import type { ActiveSnapshot } from './active-snapshot.ts'
import type { ClosedRoutes } from './closed-routes.ts'
import type { Encoders } from './compression/encoders.ts'
import type { ShortBodies } from './compression/short-bodies.ts'
import type { Stories } from './story/stories.ts'

export interface ExchangeContext extends TunnelRuntime {
  readonly accessLog: AccessLog
  /** What became of requests that were not plain. */
  readonly stories: Stories
  readonly encoders: Encoders
  /** What bodies that are buffered share. */
  readonly buffers: Buffers
  readonly shortBodies: ShortBodies
  /** The configuration in force; an exchange reads it once. */
  readonly active: ActiveSnapshot
  /** Routes that maintenance windows answer now; undefined = none. */
  readonly closedRoutes: ClosedRoutes | undefined
  /** What routes with a cache store. */
  readonly cache: Cache
  /** The way to what keeps held requests; undefined = nothing is ever held. */
  readonly held: HeldPort | undefined
  /** What a CA is answered that looks at our names; undefined = none does. */
  readonly challengeAnswers: ChallengeAnswers | undefined
  /** A request has come back to this pool: counts it, and says so now and then. */
  looped(slot: number, pool: string): void
}
