// Metrics of HTTP/2 on the side of clients.

import { CONNECTION_FAULT_CODES } from '../../http2/errors.ts'
import { WORKER } from '../../shared/counter-cells.ts'
import type { ScrapedMetric } from '../scraped-metric.ts'
import type { MetricsSource } from '../source.ts'

export function defineHttp2({ counters }: MetricsSource): ScrapedMetric[] {
  return [
    {
      name: 'vigia_http2_connections_total',
      help: 'Connections from clients that spoke HTTP/2.',
      type: 'counter',
      samples: () => [{ labels: {}, value: counters.own(WORKER.http2Connections) }],
    },
    {
      name: 'vigia_http2_requests_total',
      help: 'Requests that came over HTTP/2. They are among vigia_requests_total.',
      type: 'counter',
      samples: () => [{ labels: {}, value: counters.own(WORKER.http2Requests) }],
    },
    {
      name: 'vigia_http2_faults_total',
      help: 'HTTP/2 connections ended because their client broke the protocol, or sent too much of what costs it nothing (-flood).',
      type: 'counter',
      samples: () =>
        CONNECTION_FAULT_CODES.map((reason, i) => ({
          labels: { reason },
          value: counters.own(WORKER.firstHttp2Fault + i),
        })),
    },
  ]
}
