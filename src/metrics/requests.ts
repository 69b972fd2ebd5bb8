// Metrics of requests: how many by what became of them, how long they took, what was tried again and what was refused. Labels are
// bounded: a method is `safe` or `unsafe`, a status its class, a reason one of the fault table.

import { FAULT_CODES } from '../http/faults.ts'
import { DURATION_BUCKETS_S, MAX_ROUTES, ROUTE_OF_NONE, TOTAL, WORKER } from '../shared/counter-cells.ts'
import { buildersOf } from './builders.ts'
import { histogramSamples, labelText, type ScrapedMetric, unlessEmpty } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

const CLASSES = [1, 2, 3, 4, 5] as const
const METHODS = ['safe', 'unsafe'] as const
const NO_ROUTE = { name: '', pool: '', slot: ROUTE_OF_NONE }
/** Each with what follows the labels of a slot or a route. */
const ANSWERS = METHODS.flatMap(method =>
  CLASSES.map(statusClass => ({
    index: (method === 'safe' ? TOTAL.status1xx : TOTAL.unsafe1xx) + statusClass - 1,
    safe: method === 'safe',
    statusClass,
    labels: `,method="${method}",code="${statusClass}xx"`,
  })),
)
const RETRIES: readonly (readonly [string, number])[] = [
  ['not-sent', TOTAL.retriesNotSent],
  ['idempotent', TOTAL.retriesIdempotent],
  ['declared', TOTAL.retriesDeclared],
  ['refused', TOTAL.retriesRefused],
]
const FAILURES: readonly (readonly [string, number])[] = [
  ['connect', TOTAL.connectFailures],
  ['transport', TOTAL.transportFailures],
  ['timeout', TOTAL.timeouts],
]

export function defineRequests(source: MetricsSource): ScrapedMetric[] {
  const { counters } = source
  const { everywhere, upstreams, total, upstreamTotal } = buildersOf(source)
  return [
    {
      name: 'vigia_requests_total',
      help: 'Requests answered, by whether their method is safe (it only reads) and the class of their final status.',
      type: 'counter',
      samples: everywhere((labels, slot) =>
        ANSWERS.map(each => ({ labels: labels + each.labels, value: counters.total(slot, each.index) })),
      ),
    },
    {
      name: 'vigia_route_requests_total',
      help: `Requests answered, by route, of routes that have had any; route="" had none (or is beyond the first ${MAX_ROUTES - 1} routes).`,
      type: 'counter',
      *samples() {
        for (const { name: route, pool, slot } of [NO_ROUTE, ...source.routes()]) {
          const values = ANSWERS.map(each => counters.routeTotal(slot, each.statusClass, each.safe))
          // Most routes of a large site are rarely asked for; what has had one request has all of its series.
          if (slot !== ROUTE_OF_NONE && values.every(value => value === 0)) continue
          const labels = labelText({ route, pool })
          yield ANSWERS.map((each, i) => ({ labels: labels + each.labels, value: values[i]! }))
        }
      },
    },
    {
      name: 'vigia_request_duration_seconds',
      help: 'From the first byte of a request to the last byte of its answer; long polls are not among them.',
      type: 'histogram',
      samples: everywhere((labels, slot, isUpstream) => {
        const histogram = histogramSamples(
          labels,
          DURATION_BUCKETS_S,
          bucket => counters.total(slot, TOTAL.firstBucket + bucket),
          counters.total(slot, TOTAL.durationSum),
        )
        return isUpstream ? unlessEmpty(histogram) : histogram
      }),
    },
    {
      name: 'vigia_upstream_first_byte_seconds',
      help: 'From the beginning of an attempt, its connection included, to the head of its answer; complete answers only.',
      type: 'histogram',
      samples: upstreams((labels, { slot }) =>
        unlessEmpty(
          histogramSamples(
            labels,
            DURATION_BUCKETS_S,
            bucket => counters.total(slot, TOTAL.secondBucket + bucket),
            counters.total(slot, TOTAL.firstByteMs) / 1000,
          ),
        ),
      ),
    },
    total('vigia_request_body_bytes_total', TOTAL.bytesIn, 'Body bytes received from clients.'),
    total('vigia_response_body_bytes_total', TOTAL.bytesOut, 'Body bytes sent to clients.'),
    total('vigia_client_aborts_total', TOTAL.clientAborts, 'Requests whose client left before the end.'),
    {
      name: 'vigia_request_rejects_total',
      help: 'Requests refused for a fault of their own, by what was wrong: malformed, too large, too slow.',
      type: 'counter',
      samples: () =>
        FAULT_CODES.map((reason, i) => ({ labels: { reason }, value: counters.own(WORKER.firstReject + i) })),
    },
    {
      name: 'vigia_attempt_failures_total',
      help: 'Attempts that failed: no connection, connection lost or garbage before the end of the response, or timeout.',
      type: 'counter',
      samples: upstreams((labels, { slot }) =>
        FAILURES.map(([kind, index]) => ({ labels: `${labels},kind="${kind}"`, value: counters.total(slot, index) })),
      ),
    },
    {
      name: 'vigia_retries_total',
      help: 'Attempts on the upstream after which the request was to be tried again, by why that was safe.',
      type: 'counter',
      samples: upstreams((labels, { slot }) =>
        RETRIES.map(([proof, index]) => ({ labels: `${labels},proof="${proof}"`, value: counters.total(slot, index) })),
      ),
    },
    upstreamTotal(
      'vigia_stale_connections_total',
      TOTAL.staleConnections,
      'Requests that met the end of a connection which had been idle, and were sent again on another one.',
    ),
    upstreamTotal('vigia_requests_in_doubt_total', TOTAL.inDoubt, 'Unsafe requests whose fate is unknown.'),
    {
      name: 'vigia_requests_in_doubt_open',
      help: 'Requests in doubt that nobody has resolved yet, of those that vigia remembers.',
      type: 'gauge',
      samples: () => [{ labels: '', value: source.inDoubtOpen() }],
    },
  ]
}
