// Metrics of the host names of upstreams: whether they are resolved, and how often they are asked for. Nothing where all are addresses.

import type { ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, NameSample } from './source.ts'

export function defineNames(source: MetricsSource): ScrapedMetric[] {
  const gauge = (name: string, help: string, value: (sample: NameSample) => number): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () =>
      (source.names?.().names ?? []).map(sample => ({ labels: { name: sample.host }, value: value(sample) })),
  })
  return [
    gauge(
      'vigia_name_up',
      '1 while the newest answer for the host name brought addresses, 0 while it is not found or DNS does not answer.',
      ({ up }) => (up ? 1 : 0),
    ),
    gauge(
      'vigia_name_addresses',
      'Addresses of the host name in use; while vigia_name_up is 0 the last that are known.',
      ({ addresses }) => addresses,
    ),
    {
      name: 'vigia_name_lookups_total',
      help: 'Answers to the host names of upstreams by result; away = DNS did not answer, or with a failure.',
      type: 'counter',
      samples: () =>
        Object.entries(source.names?.().lookups ?? {}).map(([result, value]) => ({ labels: { result }, value })),
    },
  ]
}
