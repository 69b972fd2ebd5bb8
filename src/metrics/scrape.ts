// Answers a scrape: vigia's own metrics from shared memory, and those of the process (memory, CPU, event loop of the main thread).
// No worker is asked for anything. prom-client gathers those of the process; vigia's own are thousands of lines, for which it is too slow.

import { collectDefaultMetrics, Registry } from 'prom-client'
import { defineMetrics } from './definitions.ts'
import { writeMetric } from './scraped-metric.ts'
import type { MetricsSource, PoolSample } from './source.ts'
import { TextBuffer } from './text-buffer.ts'

export interface Scrape {
  readonly contentType: string
  /** The text format of Prometheus. */
  collect(): Promise<string>
}

/** Gauges that are called like counters: promtool objects, and the same is told by type. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

export function createScrape(source: MetricsSource): Scrape {
  const registry = registryOfProcess()
  // All metrics of one scrape see the pools as they are at its beginning; to gather them is not cheap.
  const text = new TextBuffer()
  let pools: readonly PoolSample[] = []
  const metrics = defineMetrics({ ...source, pools: () => pools })
  return {
    contentType: registry.contentType,
    collect: async () => {
      const processText = await registry.metrics()
      pools = source.pools()
      for (const metric of metrics) writeMetric(metric, text)
      text.add(processText)
      pools = []
      return text.take()
    },
  }
}

let ofProcess: Registry | undefined

/** One for all scrapes: each would watch the event loop and the garbage collector as long as the process lives. */
function registryOfProcess(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
    for (const name of MISNAMED) ofProcess.removeSingleMetric(name)
  }
  return ofProcess
}
