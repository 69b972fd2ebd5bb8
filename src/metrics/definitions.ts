// Every metric of vigia: its name, its help, and how it is read from the shared counters. Names and units follow the conventions of
// Prometheus; no label has a value that clients make up.

import { GAUGE, TOTAL } from '../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { defineAcme } from './acme.ts'
import { defineBuffers } from './buffers.ts'
import { buildersOf } from './builders.ts'
import { defineCache } from './cache.ts'
import { defineCertificates } from './certificates.ts'
import { defineCompression } from './compression.ts'
import { defineHandshakes } from './connections/handshakes.ts'
import { defineHttp2 } from './connections/http2.ts'
import { defineProxyHeaders } from './connections/proxy-headers.ts'
import { defineHeld } from './held.ts'
import { defineMaintenance } from './maintenance.ts'
import { defineNames } from './names.ts'
import { defineOverload } from './overload.ts'
import { defineRequests } from './requests.ts'
import { histogramSamples, type ScrapedMetric, unlessEmpty } from './scraped-metric.ts'
import { FILE_DIFFERS, type MetricsSource, PROBE_BUCKETS_S, UPSTREAM_STATES } from './source.ts'
import { defineStore } from './store.ts'
import { defineWorkers } from './workers.ts'

export function defineMetrics(source: MetricsSource): ScrapedMetric[] {
  const { counters } = source
  const { pools, upstreams, poolTotal, upstreamTotal, upstreamGauge } = buildersOf(source)
  return [
    ...defineRequests(source),
    ...defineCache(source),
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
      'vigia_requests_looped_total',
      TOTAL.loops,
      'Requests answered 508: an upstream of the pool leads back to vigia.',
    ),
    poolTotal('vigia_requests_planned_total', TOTAL.planned, 'Requests answered 503 by a maintenance window.'),
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
    ...defineHandshakes(source),
    ...defineHttp2(source),
    ...defineProxyHeaders(source),
    ...defineOverload(source),
    ...defineCompression(source),
    ...defineBuffers(source),
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
    {
      name: 'vigia_upstream_idle_limited',
      help: '1 while no idle connection to the upstream is kept, because they kept new ones waiting, else 0.',
      type: 'gauge',
      samples: upstreams((labels, { idleLimited }) => [{ labels, value: idleLimited ? 1 : 0 }]),
    },
    {
      name: 'vigia_upstream_holds_workers',
      help: '1 = it is known to hold a worker for each connection: where `buffer` is auto, its slow clients are buffered.',
      type: 'gauge',
      samples: upstreams((labels, { holdsWorkers }) => [{ labels, value: holdsWorkers ? 1 : 0 }]),
    },
    upstreamGauge('vigia_upstream_tunnels', GAUGE.tunnels, 'Upgraded connections (e.g. WebSockets) to the upstream.'),
    upstreamTotal('vigia_connections_opened_total', TOTAL.connectionsOpened, 'Connections opened to the upstream.'),
    upstreamTotal(
      'vigia_connections_reused_total',
      TOTAL.connectionsReused,
      'Requests sent on a connection that was already open.',
    ),
    upstreamTotal(
      'vigia_tunnels_drained_total',
      TOTAL.tunnelsDrained,
      'Upgraded connections that were ended because their upstream was drained or disabled.',
    ),
    upstreamTotal(
      'vigia_tunnels_stuck_total',
      TOTAL.tunnelsStuck,
      'Upgraded connections that were ended because one side took nothing of what waited for it.',
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
        UPSTREAM_STATES.map(state => ({
          labels: `${labels},state="${state}"`,
          value: state === upstream.state ? 1 : 0,
        })),
      ),
    },
    {
      name: 'vigia_upstream_weight',
      help: 'Relative share of new work that the upstream gets now: less than configured on trial and in a slow start.',
      type: 'gauge',
      samples: upstreams((labels, { weight }) => [{ labels, value: weight }]),
    },
    {
      name: 'vigia_ejections_total',
      help: 'How often requests that failed on the upstream took it out.',
      type: 'counter',
      samples: upstreams((labels, { ejections }) => [{ labels, value: ejections }]),
    },
    {
      name: 'vigia_upstream_drain_deadline_timestamp_seconds',
      help: 'When what is left on a draining upstream is ended; given only for a drain that has a deadline.',
      type: 'gauge',
      samples: upstreams((labels, { drainDeadlineMs }) =>
        drainDeadlineMs === undefined ? [] : [{ labels, value: drainDeadlineMs / 1000 }],
      ),
    },
    {
      name: 'vigia_pool_priority_in_use',
      help: 'The first priority of the pool that carries load; none is given while none does.',
      type: 'gauge',
      samples: pools((labels, { levels }) => (levels.inUse === undefined ? [] : [{ labels, value: levels.inUse }])),
    },
    {
      name: 'vigia_pool_priority_floor',
      help: 'The first priority of the pool that may carry load.',
      type: 'gauge',
      samples: pools((labels, { levels }) => [{ labels, value: levels.floor }]),
    },
    {
      name: 'vigia_pool_awaits_failback',
      help: '1 while an earlier priority could carry the load again and waits for an operator, else 0.',
      type: 'gauge',
      samples: pools((labels, { levels }) => [{ labels, value: levels.awaitsFailback ? 1 : 0 }]),
    },
    {
      name: 'vigia_pool_outages_total',
      help: 'How often nobody of the pool was left to take new work.',
      type: 'counter',
      samples: pools((labels, { outages }) => [{ labels, value: outages.count }]),
    },
    {
      name: 'vigia_pool_outage_seconds_total',
      help: 'For how long nobody of the pool was left to take new work, in all.',
      type: 'counter',
      samples: pools((labels, { outages }) => [{ labels, value: outages.seconds }]),
    },
    {
      name: 'vigia_pool_standby_active',
      help: '1 while a priority after the first carries load, else 0.',
      type: 'gauge',
      samples: pools((labels, { levels }) =>
        levels.standby.map(({ priority, active }) => ({
          labels: `${labels},priority="${priority}"`,
          value: active ? 1 : 0,
        })),
      ),
    },
    {
      name: 'vigia_pool_standby_requests_total',
      help: 'Requests that were sent to upstreams of a priority after the first.',
      type: 'counter',
      samples: pools((labels, { levels }) =>
        levels.standby.map(({ priority, requests }) => ({
          labels: `${labels},priority="${priority}"`,
          value: requests,
        })),
      ),
    },
    {
      name: 'vigia_probes_total',
      help: 'Health checks by result; void = failed by trouble of vigia itself, without effect.',
      type: 'counter',
      samples: upstreams((labels, { probes }) => [
        { labels: `${labels},result="ok"`, value: probes.ok },
        { labels: `${labels},result="failed"`, value: probes.failed },
        { labels: `${labels},result="void"`, value: probes.void },
      ]),
    },
    {
      name: 'vigia_probe_duration_seconds',
      help: 'How long health checks take.',
      type: 'histogram',
      samples: upstreams((labels, { probes }) =>
        unlessEmpty(histogramSamples(labels, PROBE_BUCKETS_S, bucket => probes.buckets[bucket]!, probes.durationSumS)),
      ),
    },
    ...defineMaintenance(source),
    ...defineHeld(source),
    ...defineWorkers(source),
    ...defineStore(source),
    ...defineNames(source),
    ...defineCertificates(source),
    ...defineAcme(source),
    {
      name: 'vigia_config_revision',
      help: 'Revision of the configuration in use; goes up with each reload.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: source.revision() }],
    },
    {
      name: 'vigia_config_reloads_total',
      help: 'Attempts to put another configuration into use, by result; refused = the former one stayed.',
      type: 'counter',
      samples: () => Object.entries(source.reloads().tally).map(([result, value]) => ({ labels: { result }, value })),
    },
    {
      name: 'vigia_config_file_differs',
      help: '1 for the reason why the file does not say what is in use (refused, frozen, not-in-file, last-good), else 0.',
      type: 'gauge',
      samples: () =>
        FILE_DIFFERS.map(reason => ({ labels: { reason }, value: source.fileDiffers?.() === reason ? 1 : 0 })),
    },
    {
      name: 'vigia_config_last_reload_success',
      help: '1 while the newest configuration is in use, 0 while it was refused.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: source.reloads().last?.error === undefined ? 1 : 0 }],
    },
    {
      name: 'vigia_config_last_reload_timestamp_seconds',
      help: 'When the configuration in use was applied, seconds since 1970.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: source.reloads().appliedMs / 1000 }],
    },
    {
      name: 'vigia_admin_refusals_total',
      help: 'Requests to the admin listener that showed no token that is known.',
      type: 'counter',
      samples: () => [{ labels: {}, value: source.admin?.().refusals ?? 0 }],
    },
    {
      name: 'vigia_admin_connections_turned_away_total',
      help: 'Connections to the admin listener that were closed or refused because there were too many.',
      type: 'counter',
      samples: () => [{ labels: {}, value: source.admin?.().turnedAway ?? 0 }],
    },
    {
      name: 'vigia_info',
      help: 'Always 1; says which version runs.',
      type: 'gauge',
      samples: () => [{ labels: { version: source.version }, value: 1 }],
    },
  ]
}
