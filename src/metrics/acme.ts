// Metrics of certificates by ACME: what came of orders, and which names are in trouble. Nothing where the configuration has none.

import type { ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

export function defineAcme(source: MetricsSource): ScrapedMetric[] {
  const names = () => source.acme?.()?.names ?? []
  return [
    {
      name: 'vigia_acme_orders_total',
      help: 'Orders of certificates by ACME, by what came of them.',
      type: 'counter',
      samples: () => {
        const sample = source.acme?.()
        if (sample === undefined) return []
        const { issued, failed } = sample
        return [
          { labels: { result: 'issued' }, value: issued },
          { labels: { result: 'failed' }, value: failed },
        ]
      },
    },
    {
      name: 'vigia_acme_failures',
      help: 'Orders for this name that have failed in a row; 0 = the last one did not.',
      type: 'gauge',
      samples: () => names().map(({ name, failures }) => ({ labels: { name }, value: failures })),
    },
    {
      name: 'vigia_acme_next_order_timestamp_seconds',
      help: 'When the next order for this name begins, Unix time.',
      type: 'gauge',
      samples: () =>
        names().flatMap(({ name, nextMs }) =>
          nextMs === undefined ? [] : [{ labels: { name }, value: Math.round(nextMs / 1000) }],
        ),
    },
  ]
}
