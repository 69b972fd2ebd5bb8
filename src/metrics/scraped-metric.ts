// A metric whose samples are computed when Prometheus asks, not counted per request: prom-client only names and prints it.

import type { Metric, Registry } from 'prom-client'

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Where it is not the metric's own name: a histogram's `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string
}

export interface ScrapedMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  samples(): Sample[]
}

export function register(registry: Registry, { name, help, type, samples }: ScrapedMetric): void {
  const metric = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, values: samples() }) }
  // prom-client's registry asks a metric for its name and its get(), nothing else.
  registry.registerMetric(metric as unknown as Metric)
}

/**
 * The samples of a histogram.
 * @param counts by bucket, not cumulative; one longer than `bounds`
 */
export function histogramSamples(
  name: string,
  labels: Readonly<Record<string, string>>,
  bounds: readonly number[],
  counts: readonly number[],
  sum: number,
): Sample[] {
  const samples: Sample[] = []
  let below = 0
  for (let i = 0; i < bounds.length; i += 1) {
    below += counts[i]!
    samples.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bounds[i]! }, value: below })
  }
  below += counts[bounds.length]!
  samples.push(
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: below },
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: below },
  )
  return samples
}
