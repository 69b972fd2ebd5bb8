// Overload: what an upstream takes at once, where requests wait, and when they are refused. Limits without a queue, queues without a
// limit to wait for, and limits that others make void.

import Type, { type Static } from 'typebox'
import type { BreakerPlan, QueuePlan } from '../../../plan/pool.ts'
import { error, type Finding, type Path, warning } from '../../forms/problem.ts'
import { duration, integer, section } from '../../forms/schema-blocks.ts'
import { parseDuration } from '../../forms/units.ts'

const TIMEOUT = '15s'

export const maxConnectionsSchema = integer(
  1,
  1_000_000,
  'Most requests in flight at once on this upstream, over all workers. Effect: the next ones go to other upstreams, then into the `queue` of the pool, or are answered 503 where it has none. Set it a little below what the node works on at once (its workers or threads), so that probes get through too. Default: no limit.',
)

export const queueSchema = section(
  {
    max: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      title: 'a whole number from 1 to 100000',
      description:
        'Most requests that wait at once, over all workers. Effect: more are answered 503 with Retry-After at once. No default: it depends on how fast the upstreams are.',
      whyRequired:
        'a queue without a limit lets everybody wait for nothing; set it to what the upstreams serve within `timeout`',
    }),
    timeout: Type.Optional(
      duration(
        'Duration. How long a request waits for a place on an upstream. Effect: then it is answered 503 with Retry-After.',
        TIMEOUT,
      ),
    ),
  },
  'Where requests wait, first come, first served, while every upstream has its `maxConnections`. Default: none, they are answered 503 at once.',
)

export const breakerSchema = section(
  {
    requests: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most requests of the pool at once, those that wait included, over all workers. Effect: more are answered 503 with Retry-After at once. Default: no limit.',
      ),
    ),
    pending: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most requests of the pool at once that have no connection to an upstream yet: they wait in the queue or for a connection. Effect: more are answered 503 with Retry-After at once. Default: no limit.',
      ),
    ),
  },
  'Circuit breaker: refuses at once what the pool could not serve in time, so that an overloaded ERP recovers. Default: none.',
)

type QueueDocument = Static<typeof queueSchema>
type BreakerDocument = Static<typeof breakerSchema>

/** What of a pool is judged together. */
interface Overload {
  readonly upstreams: readonly { readonly maxConnections?: number }[]
  readonly queue?: QueueDocument
  readonly circuitBreaker?: BreakerDocument
}

export function* checkOverload(pool: Overload, at: Path): Iterable<Finding> {
  const { queue, upstreams } = pool
  const limited = upstreams.findIndex(({ maxConnections }) => maxConnections !== undefined)
  if (queue === undefined && limited !== -1) {
    yield warning(
      [...at, 'upstreams', limited, 'maxConnections'],
      'what is too many is answered 503 at once: give the pool a queue, such as queue: { max: 512 }',
      'key',
    )
  }
  if (queue !== undefined && limited === -1) {
    yield warning([...at, 'queue'], 'is never used: no upstream of the pool has maxConnections', 'key')
  }
  yield* checkBreaker(pool, [...at, 'circuitBreaker'])
}

function* checkBreaker({ circuitBreaker, queue }: Overload, at: Path): Iterable<Finding> {
  if (circuitBreaker === undefined) return
  const { requests, pending } = circuitBreaker
  if (requests === undefined && pending === undefined) {
    yield error(at, 'says not how many: set requests or pending, or remove it', 'key')
  }
  if (requests !== undefined && pending !== undefined && pending > requests) {
    yield warning([...at, 'pending'], `has no effect: requests refuses from ${requests} on already`)
  }
  for (const key of ['requests', 'pending'] as const) {
    const most = circuitBreaker[key]
    if (most !== undefined && queue !== undefined && most < queue.max) {
      yield warning(
        [...at, key],
        `the queue of ${queue.max} never fills: those that wait in it count here, and from ${most} on they are refused`,
      )
    }
  }
}

export function compileQueue(queue: QueueDocument | undefined): QueuePlan | undefined {
  return queue && { max: queue.max, timeoutMs: parseDuration(queue.timeout ?? TIMEOUT)! }
}

export function compileBreaker(breaker: BreakerDocument | undefined): BreakerPlan | undefined {
  return breaker && { requests: breaker.requests, pending: breaker.pending }
}
