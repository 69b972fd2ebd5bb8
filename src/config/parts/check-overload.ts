// Cross-checks of overload: limits without a queue, queues without a limit to wait for, and limits that others make void.

import { DEFAULTS } from '../defaults.ts'
import { error, type Finding, type Path, warning } from '../read/problem.ts'
import type { PoolDocument, RouteDocument } from '../schema.ts'

export function* checkPoolOverload(pool: PoolDocument, at: Path): Iterable<Finding> {
  const { queue, upstreams, failback } = pool
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
  const first = upstreams[0]?.priority ?? DEFAULTS.priority
  if (failback === 'manual' && upstreams.every(({ priority = DEFAULTS.priority }) => priority === first)) {
    yield warning([...at, 'failback'], 'has no effect: all upstreams of the pool have one priority', 'key')
  }
}

/** @param pool of the route; undefined where there is none of that name */
export function* checkRouteOverload(
  { longPoll, queuePriority }: RouteDocument,
  pool: PoolDocument | undefined,
  at: Path,
): Iterable<Finding> {
  if (queuePriority === undefined) return
  if (longPoll === true) {
    yield warning([...at, 'queuePriority'], 'has no effect: a long poll never waits in the queue', 'key')
  } else if (pool !== undefined && pool.queue === undefined) {
    yield warning([...at, 'queuePriority'], 'has no effect: the pool of the route has no queue', 'key')
  }
}

function* checkBreaker({ circuitBreaker, queue }: PoolDocument, at: Path): Iterable<Finding> {
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
