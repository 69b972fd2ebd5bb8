import { expect, test } from 'vitest'
import { createScrape } from '../../../src/metrics/scrape.ts'
import { PROBE_BUCKETS_S } from '../../../src/metrics/source.ts'
import { allocateCounters, CounterTable, GAUGE, TOTAL } from '../../../src/shared/counters.ts'

const probes = {
  ok: 4,
  failed: 2,
  durationSumS: 0.5,
  buckets: [...PROBE_BUCKETS_S.map((_, i) => (i === 0 ? 5 : 0)), 1],
}

function setUp() {
  const counters = new CounterTable(allocateCounters(2), 2)
  const scrape = createScrape({
    version: '1.2.3',
    counters,
    revision: () => 7,
    workerRestarts: () => [0, 3],
    pools: () => [
      {
        name: 'erp',
        slot: 1,
        upstreams: [
          { name: 'erp-1', slot: 2, state: 'available', weight: 100, probes },
          { name: 'we"ird\\', slot: 3, state: 'out', weight: 50, probes },
        ],
      },
    ],
  })
  const lines = async () => new Set((await scrape.collect()).split('\n'))
  return { counters, scrape, lines }
}

test('requests are summed over the workers, by pool, upstream and status class', async () => {
  const { counters, lines } = setUp()
  counters.rows[0]!.finished(2, 200, 0.02)
  counters.rows[1]!.finished(2, 204, 0.3)
  counters.rows[1]!.finished(1, 503, 0)
  counters.rows[0]!.finished(0, 404, 0)
  const text = await lines()
  expect(text).toContain('vigia_requests_total{pool="erp",upstream="erp-1",code="2xx"} 2')
  expect(text).toContain('vigia_requests_total{pool="erp",upstream="erp-1",code="5xx"} 0')
  expect(text).toContain('vigia_requests_total{pool="erp",upstream="",code="5xx"} 1')
  expect(text).toContain('vigia_requests_total{pool="",upstream="",code="4xx"} 1')
})

test('the duration histogram is cumulative, and its last bucket is its count', async () => {
  const { counters, lines } = setUp()
  for (const seconds of [0.001, 0.02, 0.02, 0.3, 400]) counters.rows[0]!.finished(2, 200, seconds)
  const text = await lines()
  const series = 'pool="erp",upstream="erp-1"'
  expect(text).toContain(`vigia_request_duration_seconds_bucket{${series},le="0.005"} 1`)
  expect(text).toContain(`vigia_request_duration_seconds_bucket{${series},le="0.025"} 3`)
  expect(text).toContain(`vigia_request_duration_seconds_bucket{${series},le="60"} 4`)
  expect(text).toContain(`vigia_request_duration_seconds_bucket{${series},le="+Inf"} 5`)
  expect(text).toContain(`vigia_request_duration_seconds_count{${series}} 5`)
  expect([...text].find(line => line.startsWith(`vigia_request_duration_seconds_sum{${series}}`))).toMatch(/ 400\.34/)
})

test('the retry budget of a pool is told by pool', async () => {
  const { counters, lines } = setUp()
  counters.rows[0]!.add(1, TOTAL.budgetedRetries, 4)
  counters.rows[1]!.add(1, TOTAL.budgetedRetries, 1)
  counters.rows[1]!.add(1, TOTAL.budgetExhausted, 2)
  const text = await lines()
  expect(text).toContain('vigia_retries_budgeted_total{pool="erp"} 5')
  expect(text).toContain('vigia_retry_budget_exhausted_total{pool="erp"} 2')
})

test('gauges, states, probes, restarts and failures are there, with names escaped', async () => {
  const { counters, lines } = setUp()
  counters.rows[0]!.move(3, GAUGE.inFlight, 1)
  counters.rows[1]!.move(3, GAUGE.inFlight, 1)
  counters.rows[0]!.move(0, GAUGE.connections, 1)
  counters.rows[0]!.add(3, TOTAL.timeouts, 2)
  counters.rows[0]!.add(0, TOTAL.rejects, 9)
  const text = await lines()
  const odd = String.raw`pool="erp",upstream="we\"ird\\"`
  for (const line of [
    `vigia_upstream_in_flight{${odd}} 2`,
    `vigia_upstream_available{${odd}} 0`,
    'vigia_upstream_available{pool="erp",upstream="erp-1"} 1',
    `vigia_upstream_state{${odd},state="out"} 1`,
    `vigia_upstream_state{${odd},state="available"} 0`,
    `vigia_attempt_failures_total{${odd},kind="timeout"} 2`,
    'vigia_client_connections 1',
    'vigia_request_rejects_total 9',
    'vigia_probes_total{pool="erp",upstream="erp-1",result="ok"} 4',
    'vigia_probes_total{pool="erp",upstream="erp-1",result="failed"} 2',
    'vigia_probe_duration_seconds_bucket{pool="erp",upstream="erp-1",le="0.001"} 5',
    'vigia_probe_duration_seconds_bucket{pool="erp",upstream="erp-1",le="+Inf"} 6',
    'vigia_worker_restarts_total{worker="1"} 3',
    'vigia_config_revision 7',
    'vigia_info{version="1.2.3"} 1',
  ]) {
    expect(text).toContain(line)
  }
})

test('every metric has help and a type, and the process and its event loop are measured', async () => {
  const { scrape } = setUp()
  const text = await scrape.collect()
  const named = new Set(
    [...text.matchAll(/^(vigia_[a-z_]+?)(?:_bucket|_sum|_count)?(?:\{.*)? [\d.e+-]+$/gm)].map(match => match[1]),
  )
  expect(named.size).toBeGreaterThan(20)
  for (const name of named) {
    expect(text).toContain(`# HELP ${name} `)
    expect(text).toContain(`# TYPE ${name} `)
  }
  expect(text).toContain('process_resident_memory_bytes')
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds')
})

test('a scrape of three hundred upstreams takes a fraction of a second', async () => {
  const counters = new CounterTable(allocateCounters(4), 4)
  const upstreams = Array.from({ length: 300 }, (_, i) => ({
    name: `n${i}`,
    slot: i + 2,
    state: 'available' as const,
    weight: 1,
    probes,
  }))
  const scrape = createScrape({
    version: '1',
    counters,
    revision: () => 1,
    workerRestarts: () => [],
    pools: () => [{ name: 'erp', slot: 1, upstreams }],
  })
  const started = performance.now()
  await scrape.collect()
  expect(performance.now() - started).toBeLessThan(1000)
})
