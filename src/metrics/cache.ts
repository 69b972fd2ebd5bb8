// Metrics of the cache: what it was to requests, by pool and by route, and what is in it.

import { CACHE_OUTCOMES } from '../policy/cache/outcome.ts'
import { ROUTE_OF_NONE, TOTAL } from '../shared/counter-cells.ts'
import { buildersOf } from './builders.ts'
import type { ScrapedMetric } from './scraped-metric.ts'
import type { CacheSample, MetricsSource } from './source.ts'

export function defineCache(source: MetricsSource): ScrapedMetric[] {
  const { counters, cache } = source
  if (cache === undefined) return []
  const { pools } = buildersOf(source)
  const gauge = (name: string, help: string, value: (sample: CacheSample) => number): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () => [{ labels: '', value: value(cache()) }],
  })
  return [
    {
      name: 'vigia_cache_requests_total',
      help: 'Requests on routes with a cache, by what it was to them: hit, stale, revalidated, miss, bypass.',
      type: 'counter',
      samples: pools((labels, { slot }) =>
        CACHE_OUTCOMES.flatMap((outcome, i) => {
          const value = counters.total(slot, TOTAL.firstCached + i)
          return value === 0 ? [] : [{ labels: `${labels},outcome="${outcome}"`, value }]
        }),
      ),
    },
    {
      name: 'vigia_route_cache_requests_total',
      help: 'The same by route, as far as routes are counted each on its own.',
      type: 'counter',
      samples: () =>
        source.routes().flatMap(({ name, slot }) =>
          slot === ROUTE_OF_NONE
            ? []
            : CACHE_OUTCOMES.flatMap(outcome => {
                const value = counters.routeCached(slot, outcome)
                return value === 0 ? [] : [{ labels: { route: name, outcome }, value }]
              }),
        ),
    },
    gauge('vigia_cache_entries', 'Answers that are stored.', ({ entries }) => entries),
    gauge('vigia_cache_bytes', 'Memory that they take, in whole blocks.', ({ bytes }) => bytes),
    gauge('vigia_cache_capacity_bytes', 'Memory that they may take.', ({ capacityBytes }) => capacityBytes),
    gauge(
      'vigia_cache_oldest_age_seconds',
      'How long ago the oldest of them was stored; 0 = there is none.',
      ({ oldestS }) => oldestS ?? 0,
    ),
    {
      name: 'vigia_cache_evictions_total',
      help: 'Stored answers that had to go for others.',
      type: 'counter',
      samples: () => [{ labels: '', value: cache().evicted }],
    },
  ]
}
