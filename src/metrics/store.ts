// Metrics of the store: whether it is being written, and what waits or was given up. Nothing where there is no store.

import type { ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, StoreSample } from './source.ts'

export function defineStore(source: MetricsSource): ScrapedMetric[] {
  const metric = (
    name: string,
    type: ScrapedMetric['type'],
    help: string,
    value: (store: StoreSample) => number,
  ): ScrapedMetric => ({
    name,
    help,
    type,
    samples: () => {
      const store = source.store()
      return store === undefined ? [] : [{ labels: {}, value: value(store) }]
    },
  })
  return [
    metric(
      'vigia_store_up',
      'gauge',
      '1 while the store is written, 0 while changes by operators are refused.',
      store => (store.up ? 1 : 0),
    ),
    metric('vigia_store_rows_waiting', 'gauge', 'Rows that are not on the disk yet.', store => store.waiting),
    metric(
      'vigia_store_rows_dropped_total',
      'counter',
      'Rows that were given up because the disk did not take them in time.',
      store => store.dropped,
    ),
  ]
}
