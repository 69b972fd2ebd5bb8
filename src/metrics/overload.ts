// Metrics of what happens when upstreams are full: limits, queues, circuit breakers, long polls.

import { GAUGE, TOTAL } from '../shared/counters.ts'
import type { ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

export function defineOverload(source: MetricsSource): ScrapedMetric[] {
  const { counters } = source
  const poolTotal = (name: string, index: number, help: string): ScrapedMetric => ({
    name,
    help,
    type: 'counter',
    samples: () =>
      source.pools().map(({ name: pool, slot }) => ({ labels: { pool }, value: counters.total(slot, index) })),
  })
  return [
    poolTotal('vigia_queued_requests_total', TOTAL.queued, 'Requests that had to wait for a place on an upstream.'),
    poolTotal('vigia_queue_wait_seconds_total', TOTAL.queueSeconds, 'Time that requests waited for a place.'),
    poolTotal(
      'vigia_queue_full_total',
      TOTAL.queueFull,
      'Requests answered 503: every upstream was full, and so was the queue, or there is none.',
    ),
    poolTotal('vigia_queue_timeouts_total', TOTAL.queueTimeouts, 'Requests answered 503: no place came free in time.'),
    poolTotal(
      'vigia_breaker_refusals_total',
      TOTAL.breakerRefusals,
      'Requests answered 503 at once by the circuit breaker of the pool.',
    ),
    {
      name: 'vigia_queue_limit',
      help: 'Most requests that may wait for a place at once; none is given where there is no queue.',
      type: 'gauge',
      samples: () =>
        source
          .pools()
          .flatMap(({ name, queueMax }) =>
            queueMax === undefined ? [] : [{ labels: { pool: name }, value: queueMax }],
          ),
    },
    {
      name: 'vigia_upstream_limit',
      help: 'Most requests that the upstream gets at once now (less while it starts slowly); none is given where there is no limit.',
      type: 'gauge',
      samples: () =>
        source
          .pools()
          .flatMap(pool =>
            pool.upstreams.flatMap(({ name, limit }) =>
              limit === undefined ? [] : [{ labels: { pool: pool.name, upstream: name }, value: limit }],
            ),
          ),
    },
    {
      name: 'vigia_upstream_long_polls',
      help: 'Requests of long-poll routes on the upstream; not among those in flight.',
      type: 'gauge',
      samples: () =>
        source.pools().flatMap(pool =>
          pool.upstreams.map(({ name, slot }) => ({
            labels: { pool: pool.name, upstream: name },
            value: counters.gauge(slot, GAUGE.longPolls),
          })),
        ),
    },
  ]
}
