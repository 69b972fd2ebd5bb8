// Compiles what protects upstreams from too much: the queue, the circuit breaker, and where load goes back to.
// Pure, like compile.ts, and like it on valid documents only.

import type { BreakerPlan, PoolPlan, QueuePlan } from '../../plan/pool.ts'
import { DEFAULTS } from '../defaults.ts'
import type { PoolDocument } from '../schema.ts'
import { parseDuration } from '../units.ts'

export function compileOverload(pool: PoolDocument): Required<Pick<PoolPlan, 'queue' | 'breaker' | 'failback'>> {
  return {
    queue: compileQueue(pool.queue),
    breaker: compileBreaker(pool.circuitBreaker),
    failback: pool.failback ?? DEFAULTS.failback,
  }
}

function compileQueue(queue: PoolDocument['queue']): QueuePlan | undefined {
  return queue && { max: queue.max, timeoutMs: parseDuration(queue.timeout ?? DEFAULTS.queue.timeout)! }
}

function compileBreaker(breaker: PoolDocument['circuitBreaker']): BreakerPlan | undefined {
  return breaker && { requests: breaker.requests, pending: breaker.pending }
}
