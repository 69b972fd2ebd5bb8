// Metrics of the worker threads, by worker: CPU time, event loop, heap, restarts. Read from what each writes into its row.

import { LOOP_DELAY_BUCKETS_S, WORKER } from '../shared/counter-cells.ts'
import type { CounterRow } from '../shared/counters.ts'
import { histogramSamples, type Sample, type ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource, WorkerSample } from './source.ts'

export function defineWorkers(source: MetricsSource): ScrapedMetric[] {
  const each = (samples: (labels: string, row: CounterRow) => readonly Sample[]) => () =>
    source.counters.rows.flatMap((row, worker) => samples(`worker="${worker}"`, row))
  const workers = (value: (worker: WorkerSample) => number) => () =>
    source.workers().map((each, worker) => ({ labels: `worker="${worker}"`, value: value(each) }))
  return [
    {
      name: 'vigia_worker_cpu_seconds_total',
      help: 'CPU time of the worker thread.',
      type: 'counter',
      samples: each((labels, row) => [
        { labels: `${labels},mode="user"`, value: row.own(WORKER.cpuUserSeconds) },
        { labels: `${labels},mode="system"`, value: row.own(WORKER.cpuSystemSeconds) },
      ]),
    },
    {
      name: 'vigia_worker_event_loop_busy_seconds_total',
      help: 'Time in which the event loop of the worker was not waiting: its rate is the utilisation, 1 = no more to give.',
      type: 'counter',
      samples: each((labels, row) => [{ labels, value: row.own(WORKER.loopBusySeconds) }]),
    },
    {
      name: 'vigia_worker_event_loop_delay_seconds',
      help: 'How much later than asked the event loop of the worker came to a timer.',
      type: 'histogram',
      samples: each((labels, row) =>
        histogramSamples(
          labels,
          LOOP_DELAY_BUCKETS_S,
          bucket => row.own(WORKER.firstBucket + bucket),
          row.own(WORKER.loopDelaySum),
        ),
      ),
    },
    {
      name: 'vigia_own_trouble_total',
      help: 'Attempts that failed for want of descriptors, ports or memory of vigia itself; they count against no upstream.',
      type: 'counter',
      samples: each((labels, row) => [{ labels, value: row.own(WORKER.ownTroubles) }]),
    },
    {
      name: 'vigia_worker_heap_used_bytes',
      help: 'JavaScript memory of the worker in use.',
      type: 'gauge',
      samples: each((labels, row) => [{ labels, value: row.own(WORKER.heapUsedBytes) }]),
    },
    {
      name: 'vigia_worker_memory_bytes',
      help: 'Memory that V8 holds for the worker: heap, buffers and the rest.',
      type: 'gauge',
      samples: each((labels, row) => [{ labels, value: row.own(WORKER.memoryBytes) }]),
    },
    {
      name: 'vigia_worker_restarts_total',
      help: 'Worker threads that ended, or were ended for the memory that they held or because they stood still, and were replaced.',
      type: 'counter',
      samples: workers(({ restarts }) => restarts),
    },
    {
      name: 'vigia_worker_stalled',
      help: '1 = the worker has not come round in its event loop for a second: its clients wait.',
      type: 'gauge',
      samples: workers(({ isStalled }) => (isStalled ? 1 : 0)),
    },
    {
      name: 'vigia_worker_stalls_total',
      help: 'How often the worker stood still for a second or longer.',
      type: 'counter',
      samples: workers(({ stalls }) => stalls),
    },
    {
      name: 'vigia_control_stalls_total',
      help: 'How often the control plane stood still for a second or longer: no probe, no scrape, no order meanwhile.',
      type: 'counter',
      samples: () => [{ labels: {}, value: source.controlStalls().count }],
    },
    {
      name: 'vigia_control_stalled_seconds_total',
      help: 'For how long it did.',
      type: 'counter',
      samples: () => [{ labels: {}, value: source.controlStalls().seconds }],
    },
  ]
}
