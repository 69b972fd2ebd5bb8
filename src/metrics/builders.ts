// The usual shapes of vigia's metrics: one sample, or a few, for each upstream, each pool, or each of both and vigia itself.

import type { Gauge } from '../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../shared/upstream-table.ts'
import { labelText, type Sample, type ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, PoolSample, UpstreamSample } from './source.ts'

type Samples = ScrapedMetric['samples']

export interface Builders {
  /**
   * By pool and upstream; upstream="" are answers that vigia gave for a pool itself, pool="" those to requests that no pool was found for.
   * @param samples of one of them; `labels` are written already
   */
  everywhere(samples: (labels: string, slot: number, isUpstream: boolean) => readonly Sample[]): Samples
  upstreams(samples: (labels: string, upstream: UpstreamSample) => readonly Sample[]): Samples
  pools(samples: (labels: string, pool: PoolSample) => readonly Sample[]): Samples
  total(name: string, index: number, help: string): ScrapedMetric
  upstreamTotal(name: string, index: number, help: string): ScrapedMetric
  poolTotal(name: string, index: number, help: string): ScrapedMetric
  upstreamGauge(name: string, gauge: Gauge, help: string): ScrapedMetric
}

export function buildersOf(source: MetricsSource): Builders {
  const { counters } = source
  const labelsOf = labelCache(source)

  const pools: Builders['pools'] = samples =>
    function* () {
      for (const pool of source.pools()) yield samples(labelsOf(pool.slot, pool.name), pool)
    }
  const upstreams: Builders['upstreams'] = samples =>
    function* () {
      for (const pool of source.pools())
        for (const each of pool.upstreams) yield samples(labelsOf(each.slot, pool.name, each.name), each)
    }
  const everywhere: Builders['everywhere'] = samples =>
    function* () {
      yield samples(labelsOf(SLOT_OF_VIGIA, '', ''), SLOT_OF_VIGIA, false)
      for (const { slot, name, upstreams } of source.pools()) {
        yield samples(labelsOf(slot, name, ''), slot, false)
        for (const each of upstreams) yield samples(labelsOf(each.slot, name, each.name), each.slot, true)
      }
    }
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

type LabelsOf = (slot: number, pool: string, upstream?: string) => string

/** Of each source, the labels of its slots, written once: a slot never stands for anything else. */
const caches = new WeakMap<MetricsSource, LabelsOf>()

function labelCache(source: MetricsSource): LabelsOf {
  return caches.getOrInsertComputed(source, () => {
    const ofPools: string[] = []
    const written: string[] = []
    return (slot, pool, upstream) => {
      const known = upstream === undefined ? ofPools : written
      known[slot] ??= labelText(upstream === undefined ? { pool } : { pool, upstream })
      return known[slot]
    }
  })
}
