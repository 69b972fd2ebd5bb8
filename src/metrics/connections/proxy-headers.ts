// Metrics of PROXY headers that clients' connections begin with.

import { HEADER_REFUSALS } from '../../proxy-protocol/header.ts'
import { WORKER } from '../../shared/counter-cells.ts'
import type { ScrapedMetric } from '../scraped-metric.ts'
import type { MetricsSource } from '../source.ts'

export function defineProxyHeaders({ counters }: MetricsSource): ScrapedMetric[] {
  return [
    {
      name: 'vigia_proxy_header_refusals_total',
      help: 'Connections of clients that were ended for their PROXY header: there was none, it was malformed or too late, or its sender is none.',
      type: 'counter',
      samples: () =>
        HEADER_REFUSALS.map((reason, i) => ({
          labels: { reason },
          value: counters.own(WORKER.firstHeaderRefusal + i),
        })),
    },
  ]
}
