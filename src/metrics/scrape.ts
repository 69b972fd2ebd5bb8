// Answers a scrape: vigia's own metrics from shared memory, and those of the process (memory, CPU, event loop of the main thread).
// No worker is asked for anything. prom-client gathers those of the process; vigia's own are thousands of lines, for which it is too slow.

import { setImmediate } from 'node:timers/promises'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { defineMetrics } from './definitions.ts'
import { writeMetric } from './scraped-metric.ts'
import type { MetricsSource, PoolSample } from './source.ts'
import { TextBuffer } from './text-buffer.ts'

export interface Scrape {
  readonly contentType: string
  /** The text format of Prometheus, in UTF-8. One at a time: who asks meanwhile gets the same. */
  collect(): Promise<Buffer>
}

/** Gauges that are called like counters: promtool objects, and the same is told by type. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** After that much of a scrape everything else has its turn. */
const LONGEST_MS = 10

export function createScrape(source: MetricsSource): Scrape {
  const registry = registryOfProcess()
  // All metrics of one scrape see the pools as they are at its beginning; to gather them is not cheap.
  const text = new TextBuffer()
  let pools: readonly PoolSample[] = []
  const metrics = defineMetrics({ ...source, pools: () => pools })
  const collect = async () => {
    const ofProcess = await registry.metrics()
    pools = source.pools()
    let sinceMs = performance.now()
    for (const metric of metrics) {
      writeMetric(metric, text)
      // Thousands of upstreams have hundreds of thousands of lines: probes and the admin API get their turn in between.
      if (performance.now() - sinceMs < LONGEST_MS) continue
      await setImmediate()
      sinceMs = performance.now()
    }
    text.add(ofProcess)
    pools = []
    return text.take()
  }
  let running: Promise<Buffer> | undefined
  return {
    contentType: registry.contentType,
    collect: () => {
      running ??= collect().finally(() => {
        running = undefined
      })
      return running
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
