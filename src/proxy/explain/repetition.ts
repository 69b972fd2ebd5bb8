// Whether a request would be sent again after a failure: what retries decide, asked ahead for the failures there are.

import { CHUNKED } from '../../http/body.ts'
import { fieldValues } from '../../http/fields.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { PoolPlan } from '../../plan/pool.ts'
import type { RoutePlan } from '../../plan/route.ts'
import { declaredByHead } from '../../policy/request/declared.ts'
import {
  decideRetry,
  type FailedAttempt,
  isInDoubt,
  type NoRetryReason,
  type Proof,
  whyNotRetried,
} from '../../policy/request/retry.ts'
import type { ExplainedRepetition } from '../../shared/explain/route-explanation.ts'

export function explainRepetition(
  { method, meaning }: RequestHead,
  route: RoutePlan,
  pool: PoolPlan,
): ExplainedRepetition {
  const declared = declaredByHead(method, route, () => fieldValues(meaning.fields, 'idempotency-key'))
  const kept = route.retry?.replayBytes ?? 0
  // Of a chunked one nobody knows before.
  const bodyReplayable = meaning.length === CHUNKED ? kept > 0 : meaning.length <= kept
  const attempt: FailedAttempt = {
    method,
    declared,
    loggedIn: meaning.login,
    bodyReplayable,
    responseStarted: false,
    attemptsMade: 1,
    attemptsMax: pool.attempts,
    clientGone: false,
    stage: 'sent',
    failure: 'reset',
    requestBytesWritten: 1,
    reusedConnection: false,
    retryTimeouts: pool.retry?.timeouts === true,
  }
  return {
    attempts: pool.attempts,
    declared,
    mayBeDeclaredRead: declared === undefined && method === 'POST' && route.retry?.rpcReads !== undefined,
    unsent: outcomeOf({ ...attempt, stage: 'connect', failure: 'connect', requestBytesWritten: 0 }),
    broken: outcomeOf(attempt),
    late: outcomeOf({ ...attempt, failure: 'timeout' }),
    statuses: pool.retry?.statuses ?? [],
    couldBeInDoubt: isInDoubt(attempt),
  }
}

function outcomeOf(attempt: FailedAttempt): Proof | NoRetryReason {
  const decision = decideRetry(attempt)
  return decision.retry ? decision.proof : whyNotRetried(attempt)!
}
