// Metrics of maintenance windows: which are in force, and when the next ones begin. As many series as there are windows.

import type { Sample, ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, WindowSample } from './source.ts'

export function defineMaintenance(source: MetricsSource): ScrapedMetric[] {
  const gauge = (name: string, help: string, value: (window: WindowSample) => number | undefined): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () =>
      (source.windows?.() ?? []).flatMap((window): Sample[] => {
        const now = value(window)
        return now === undefined ? [] : [{ labels: { window: window.name }, value: now }]
      }),
  })
  return [
    gauge('vigia_maintenance_active', '1 while the window is in force (its overrun included), else 0.', window =>
      window.active ? 1 : 0,
    ),
    gauge(
      'vigia_maintenance_next_start_timestamp_seconds',
      'When the window begins next, Unix time; none is given where nothing is to come.',
      window => (window.nextStartMs === undefined ? undefined : window.nextStartMs / 1000),
    ),
  ]
}
