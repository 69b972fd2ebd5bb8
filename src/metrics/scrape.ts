// Answers a scrape: vigia's own metrics from shared memory, and those of the process (memory, CPU, event loop of the main thread).

import { collectDefaultMetrics, Registry } from 'prom-client'
import { defineMetrics } from './definitions.ts'
import { register } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

export interface Scrape {
  readonly contentType: string
  /** The text format of Prometheus. */
  collect(): Promise<string>
}

export function createScrape(source: MetricsSource): Scrape {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const metric of defineMetrics(source)) register(registry, metric)
  return { contentType: registry.contentType, collect: () => registry.metrics() }
}
