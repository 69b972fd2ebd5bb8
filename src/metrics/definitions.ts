// Every metric of vigia: its name, its help, and how it is read from the shared counters. Each sample is labelled by pool and
// upstream; upstream="" are answers that vigia gave for a pool itself, pool="" those to requests that no pool was found for.

import { DURATION_BUCKETS_S, GAUGE, type Gauge, TOTAL } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { defineOverload } from './overload.ts'
import { histogramSamples, type Sample, type ScrapedMetric } from './scraped-metric.ts'
import { type MetricsSource, PROBE_BUCKETS_S, UPSTREAM_STATES, type UpstreamSample } from './source.ts'

type Labels = { pool: string; upstream: string }

const CODES: readonly (readonly [string, number])[] = [
  ['1xx', TOTAL.status1xx],
  ['2xx', TOTAL.status2xx],
  ['3xx', TOTAL.status3xx],
  ['4xx', TOTAL.status4xx],
  ['5xx', TOTAL.status5xx],
]
const FAILURES: readonly (readonly [string, number])[] = [
  ['connect', TOTAL.connectFailures],
  ['transport', TOTAL.transportFailures],
  ['timeout', TOTAL.timeouts],
]

export function defineMetrics(source: MetricsSource): ScrapedMetric[] {
  const { counters } = source
  const everywhere = (samples: (labels: Labels, slot: number) => Sample[]) => () =>
    allSlots(source).flatMap(([labels, slot]) => samples(labels, slot))
  const upstreams = (samples: (labels: Labels, upstream: UpstreamSample) => Sample[]) => () =>
    source
      .pools()
      .flatMap(pool =>
        pool.upstreams.flatMap(upstream => samples({ pool: pool.name, upstream: upstream.name }, upstream)),
      )

  const total = (name: string, index: number, help: string): ScrapedMetric => ({
    name,
    help,
    type: 'counter',
    samples: everywhere((labels, slot) => [{ labels, value: counters.total(slot, index) }]),
  })
  const upstreamTotal = (name: string, index: number, help: string): ScrapedMetric => ({
    name,
    help,
    type: 'counter',
    samples: upstreams((labels, { slot }) => [{ labels, value: counters.total(slot, index) }]),
  })
  const poolTotal = (name: string, index: number, help: string): ScrapedMetric => ({
    name,
    help,
    type: 'counter',
    samples: () =>
      source.pools().map(({ name: pool, slot }) => ({ labels: { pool }, value: counters.total(slot, index) })),
  })
  const upstreamGauge = (name: string, gauge: Gauge, help: string): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: upstreams((labels, { slot }) => [{ labels, value: counters.gauge(slot, gauge) }]),
  })

  return [
    {
      name: 'vigia_requests_total',
      help: 'Requests answered, by the class of their final status.',
      type: 'counter',
      samples: everywhere((labels, slot) =>
        CODES.map(([code, index]) => ({ labels: { ...labels, code }, value: counters.total(slot, index) })),
      ),
    },
    {
      name: 'vigia_request_duration_seconds',
      help: 'From the first byte of a request to the last byte of its answer.',
      type: 'histogram',
      samples: everywhere((labels, slot) =>
        histogramSamples(
          'vigia_request_duration_seconds',
          labels,
          DURATION_BUCKETS_S,
          Array.from({ length: DURATION_BUCKETS_S.length + 1 }, (_, i) => counters.total(slot, TOTAL.firstBucket + i)),
          counters.total(slot, TOTAL.durationSum),
        ),
      ),
    },
    total('vigia_request_body_bytes_total', TOTAL.bytesIn, 'Body bytes received from clients.'),
    total('vigia_response_body_bytes_total', TOTAL.bytesOut, 'Body bytes sent to clients.'),
    total('vigia_client_aborts_total', TOTAL.clientAborts, 'Requests whose client left before the end.'),
    {
      name: 'vigia_request_rejects_total',
      help: 'Malformed requests that were refused.',
      type: 'counter',
      samples: () => [{ labels: {}, value: counters.total(SLOT_OF_VIGIA, TOTAL.rejects) }],
    },
    poolTotal(
      'vigia_requests_rate_limited_total',
      TOTAL.rateLimited,
      'Requests answered 429: their client asks too often.',
    ),
    poolTotal(
      'vigia_requests_forbidden_total',
      TOTAL.forbidden,
      'Requests answered 403: their route is closed to them.',
    ),
    poolTotal(
      'vigia_slow_clients_total',
      TOTAL.slowClients,
      'Requests ended because their client sent or read slower than the least rate.',
    ),
    {
      name: 'vigia_client_connections_refused_total',
      help: 'Connections closed at once because their client had too many.',
      type: 'counter',
      samples: () => [{ labels: {}, value: counters.total(SLOT_OF_VIGIA, TOTAL.clientLimit) }],
    },
    {
      name: 'vigia_client_connections',
      help: 'Connections from clients that are open now.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: counters.gauge(SLOT_OF_VIGIA, GAUGE.connections) }],
    },
    {
      name: 'vigia_pool_waiting',
      help: 'Requests that wait for an upstream of the pool.',
      type: 'gauge',
      samples: () =>
        source
          .pools()
          .map(({ name, slot }) => ({ labels: { pool: name }, value: counters.gauge(slot, GAUGE.waiting) })),
    },
    ...defineOverload(source),
    poolTotal(
      'vigia_retries_budgeted_total',
      TOTAL.budgetedRetries,
      'Retries taken from the retry budget of the pool.',
    ),
    poolTotal(
      'vigia_retry_budget_exhausted_total',
      TOTAL.budgetExhausted,
      'Retries that the budget of the pool refused.',
    ),
    upstreamGauge('vigia_upstream_in_flight', GAUGE.inFlight, 'Requests that the upstream is working on.'),
    upstreamGauge('vigia_upstream_connections', GAUGE.connections, 'Connections to the upstream that are open now.'),
    upstreamGauge('vigia_upstream_tunnels', GAUGE.tunnels, 'Upgraded connections (e.g. WebSockets) to the upstream.'),
    upstreamTotal('vigia_connections_opened_total', TOTAL.connectionsOpened, 'Connections opened to the upstream.'),
    upstreamTotal(
      'vigia_connections_reused_total',
      TOTAL.connectionsReused,
      'Requests sent on a connection that was already open.',
    ),
    {
      name: 'vigia_attempt_failures_total',
      help: 'Attempts that failed: no connection, connection lost or garbage before the end of the response, or timeout.',
      type: 'counter',
      samples: upstreams((labels, { slot }) =>
        FAILURES.map(([kind, index]) => ({ labels: { ...labels, kind }, value: counters.total(slot, index) })),
      ),
    },
    upstreamTotal(
      'vigia_retries_total',
      TOTAL.retries,
      "Attempts on the upstream that were not their request's first.",
    ),
    upstreamTotal('vigia_requests_in_doubt_total', TOTAL.inDoubt, 'Unsafe requests whose fate is unknown.'),
    upstreamTotal(
      'vigia_tunnels_drained_total',
      TOTAL.tunnelsDrained,
      'Upgraded connections that were ended because their upstream was drained or disabled.',
    ),
    {
      name: 'vigia_upstream_available',
      help: '1 while the upstream gets new work, else 0.',
      type: 'gauge',
      samples: upstreams((labels, { state }) => [{ labels, value: state === 'available' ? 1 : 0 }]),
    },
    {
      name: 'vigia_upstream_state',
      help: '1 for the state that the upstream is in, 0 for the others.',
      type: 'gauge',
      samples: upstreams((labels, upstream) =>
        UPSTREAM_STATES.map(state => ({ labels: { ...labels, state }, value: state === upstream.state ? 1 : 0 })),
      ),
    },
    {
      name: 'vigia_upstream_weight',
      help: 'Relative share of new work.',
      type: 'gauge',
      samples: upstreams((labels, { weight }) => [{ labels, value: weight }]),
    },
    {
      name: 'vigia_probes_total',
      help: 'Health checks by result.',
      type: 'counter',
      samples: upstreams((labels, { probes }) => [
        { labels: { ...labels, result: 'ok' }, value: probes.ok },
        { labels: { ...labels, result: 'failed' }, value: probes.failed },
      ]),
    },
    {
      name: 'vigia_probe_duration_seconds',
      help: 'How long health checks take.',
      type: 'histogram',
      samples: upstreams((labels, { probes }) =>
        histogramSamples('vigia_probe_duration_seconds', labels, PROBE_BUCKETS_S, probes.buckets, probes.durationSumS),
      ),
    },
    {
      name: 'vigia_worker_restarts_total',
      help: 'Worker threads that ended unasked and were replaced.',
      type: 'counter',
      samples: () => source.workerRestarts().map((value, worker) => ({ labels: { worker: String(worker) }, value })),
    },
    {
      name: 'vigia_config_revision',
      help: 'Revision of the configuration in use; goes up with each reload.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: source.revision() }],
    },
    {
      name: 'vigia_info',
      help: 'Always 1; says which version runs.',
      type: 'gauge',
      samples: () => [{ labels: { version: source.version }, value: 1 }],
    },
  ]
}

function allSlots(source: MetricsSource): [Labels, number][] {
  const slots: [Labels, number][] = [[{ pool: '', upstream: '' }, SLOT_OF_VIGIA]]
  for (const pool of source.pools()) {
    slots.push([{ pool: pool.name, upstream: '' }, pool.slot])
    for (const { name, slot } of pool.upstreams) slots.push([{ pool: pool.name, upstream: name }, slot])
  }
  return slots
}
