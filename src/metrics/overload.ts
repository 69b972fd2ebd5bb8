// Metrics of what happens when upstreams are full: limits, queues, circuit breakers, long polls.

import { DURATION_BUCKETS_S, GAUGE, TOTAL } from '../shared/counter-cells.ts'
import { buildersOf } from './builders.ts'
import { histogramSamples, type ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

export function defineOverload(source: MetricsSource): ScrapedMetric[] {
  const { counters } = source
  const { pools, upstreams, poolTotal, upstreamGauge } = buildersOf(source)
  return [
    {
      name: 'vigia_pool_waiting',
      help: 'Requests that wait for an upstream of the pool.',
      type: 'gauge',
      samples: pools((labels, { slot }) => [{ labels, value: counters.gauge(slot, GAUGE.waiting) }]),
    },
    poolTotal('vigia_queued_requests_total', TOTAL.queued, 'Requests that had to wait for a place on an upstream.'),
    {
      name: 'vigia_queue_wait_seconds',
      help: 'How long requests waited for a place on an upstream, those that gave up included.',
      type: 'histogram',
      samples: pools((labels, { slot }) =>
        histogramSamples(
          labels,
          DURATION_BUCKETS_S,
          bucket => counters.total(slot, TOTAL.secondBucket + bucket),
          counters.total(slot, TOTAL.queueSeconds),
        ),
      ),
    },
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
      samples: pools((labels, { queueMax }) => (queueMax === undefined ? [] : [{ labels, value: queueMax }])),
    },
    {
      name: 'vigia_upstream_limit',
      help: 'Most requests that the upstream gets at once now (less while it starts slowly); none is given where there is no limit.',
      type: 'gauge',
      samples: upstreams((labels, { limit }) => (limit === undefined ? [] : [{ labels, value: limit }])),
    },
    upstreamGauge(
      'vigia_upstream_long_polls',
      GAUGE.longPolls,
      'Requests of long-poll routes on the upstream; not among those in flight.',
    ),
  ]
}
