// The usual shapes of vigia's metrics: one sample, or a few, for each upstream, each pool, or each of both and vigia itself.

import type { Gauge } from '../shared/counters.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { labelText, type Sample, type ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, PoolSample, UpstreamSample } from './source.ts'

export interface Builders {
  /**
   * By pool and upstream; upstream="" are answers that vigia gave for a pool itself, pool="" those to requests that no pool was found for.
   * @param samples of one of them; `labels` are written already
   */
  everywhere(samples: (labels: string, slot: number) => readonly Sample[]): () => Sample[]
  upstreams(samples: (labels: string, upstream: UpstreamSample) => readonly Sample[]): () => Sample[]
  pools(samples: (labels: string, pool: PoolSample) => readonly Sample[]): () => Sample[]
  total(name: string, index: number, help: string): ScrapedMetric
  upstreamTotal(name: string, index: number, help: string): ScrapedMetric
  poolTotal(name: string, index: number, help: string): ScrapedMetric
  upstreamGauge(name: string, gauge: Gauge, help: string): ScrapedMetric
}

export function buildersOf(source: MetricsSource): Builders {
  const { counters } = source
  const labelsOf = labelCache()

  const pools: Builders['pools'] = samples => () =>
    source.pools().flatMap(pool => samples(labelText({ pool: pool.name }), pool))
  const upstreams: Builders['upstreams'] = samples => () =>
    source
      .pools()
      .flatMap(pool => pool.upstreams.flatMap(each => samples(labelsOf(each.slot, pool.name, each.name), each)))
  const everywhere: Builders['everywhere'] = samples => () => [
    ...samples(labelsOf(SLOT_OF_VIGIA, '', ''), SLOT_OF_VIGIA),
    ...source
      .pools()
      .flatMap(pool => [
        ...samples(labelsOf(pool.slot, pool.name, ''), pool.slot),
        ...pool.upstreams.flatMap(({ name, slot }) => samples(labelsOf(slot, pool.name, name), slot)),
      ]),
  ]
  return {
    pools,
    upstreams,
    everywhere,
    total: (name, index, help) => ({
      ...{ name, help, type: 'counter' },
      samples: everywhere((labels, slot) => [{ labels, value: counters.total(slot, index) }]),
    }),
    upstreamTotal: (name, index, help) => ({
      ...{ name, help, type: 'counter' },
      samples: upstreams((labels, { slot }) => [{ labels, value: counters.total(slot, index) }]),
    }),
    poolTotal: (name, index, help) => ({
      ...{ name, help, type: 'counter' },
      samples: pools((labels, { slot }) => [{ labels, value: counters.total(slot, index) }]),
    }),
    upstreamGauge: (name, gauge, help) => ({
      ...{ name, help, type: 'gauge' },
      samples: upstreams((labels, { slot }) => [{ labels, value: counters.gauge(slot, gauge) }]),
    }),
  }
}

/** The labels of a slot, written once: a slot never stands for anything else. */
function labelCache(): (slot: number, pool: string, upstream: string) => string {
  const written: string[] = []
  return (slot, pool, upstream) => {
    written[slot] ??= labelText({ pool, upstream })
    return written[slot]
  }
}
