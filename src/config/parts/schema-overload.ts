// The part of the schema that describes overload: what an upstream takes at once, where requests wait, and when they are refused.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { duration, integer, section } from './schema-parts.ts'

const { queue } = DEFAULTS

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
        queue.timeout,
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

export const queuePrioritySchema = integer(
  -9,
  9,
  "Rank of the route's requests in the queue of its pool: a lower number is served first, equal ones in the order of arrival. No unit.",
  DEFAULTS.queuePriority,
)
