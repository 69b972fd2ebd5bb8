// An attempt that failed, or was followed by another, as it is told to people. Made only where something went wrong.

import { performance } from 'node:perf_hooks'
import type { NoRetryReason, Proof } from '../../../policy/request/retry.ts'
import type { TryStory } from '../../../shared/explain/request-story.ts'
import type { Attempt } from '../attempt.ts'

/** What the attempt itself does not know. */
export type TryEnd = Pick<TryStory, 'status' | 'failure' | 'proof' | 'stale' | 'last'>

/** Its times are monotonic, ms. */
export interface Try extends TryEnd {
  readonly startedMs: number
  readonly endedMs: number
  readonly upstream: string
  readonly reused: boolean
  readonly connectMs: number
  readonly bytesSent: number
}

const ANSWERED: TryEnd = { status: 0, failure: '', proof: '', stale: false, last: '' }
/** Of a failure: what an upstream or a library says may be part of it. */
const LONGEST = 300

/** @param sentBytes of the request, head included */
export function tryOf(attempt: Attempt, sentBytes: number, end: Partial<TryEnd>, endedMs = performance.now()): Try {
  const { endpoint, startedMs, reused, connectMs } = attempt
  // What an upstream has sent may be part of it: a copy keeps nothing else of that.
  const failure = Buffer.from((end.failure ?? '').slice(0, LONGEST)).toString()
  return {
    ...ANSWERED,
    ...end,
    failure,
    startedMs,
    endedMs,
    upstream: endpoint.plan.name,
    reused,
    connectMs,
    bytesSent: attempt.sentBytes === 0 ? 0 : sentBytes,
  }
}

export function failedTry(
  attempt: Attempt,
  sentBytes: number,
  failure: string,
  next: { readonly proof: Proof; readonly stale: boolean } | NoRetryReason | undefined,
): Try {
  if (typeof next === 'object') return tryOf(attempt, sentBytes, { failure, proof: next.proof, stale: next.stale })
  return tryOf(attempt, sentBytes, { failure, last: next ?? '' })
}
