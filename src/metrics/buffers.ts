// Metrics of buffered bodies: what they hold, what upstreams were spared, and where there was no room for more.

import type { ScrapedMetric } from './scraped-metric.ts'
import type { BuffersSample, MetricsSource } from './source.ts'

export function defineBuffers({ buffers }: MetricsSource): ScrapedMetric[] {
  if (buffers === undefined) return []
  const metric = (
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    value: (sample: BuffersSample) => number,
  ): ScrapedMetric => ({ name, help, type, samples: () => [{ labels: '', value: value(buffers()) }] })
  return [
    metric('gauge', 'vigia_buffer_memory_bytes', 'Memory of buffered bodies now.', each => each.memoryBytes),
    metric('gauge', 'vigia_buffer_memory_limit_bytes', 'Memory that they may take.', each => each.memoryLimitBytes),
    metric('gauge', 'vigia_buffer_disk_bytes', 'Disk space of buffered bodies now.', each => each.diskBytes),
    metric('gauge', 'vigia_buffer_disk_limit_bytes', 'Disk space that they may take.', each => each.diskLimitBytes),
    metric('gauge', 'vigia_buffer_files', 'Files of buffered bodies now.', each => each.files),
    metric(
      'counter',
      'vigia_buffered_requests_total',
      'Requests whose body was gathered before an upstream was chosen.',
      each => each.requests,
    ),
    metric(
      'counter',
      'vigia_buffered_answers_total',
      'Answers that were taken off their upstreams faster than their clients took them.',
      each => each.answers,
    ),
    metric(
      'counter',
      'vigia_buffered_answer_bytes_total',
      'Body bytes of these answers that had to wait for their clients.',
      each => each.answerBytes,
    ),
    metric(
      'counter',
      'vigia_buffer_spooled_bytes_total',
      'Body bytes, of requests and answers, that were written to files.',
      each => each.spooledBytes,
    ),
    {
      name: 'vigia_buffer_saved_seconds_total',
      help: 'For how long slow clients would have held an upstream without buffers, by direction.',
      type: 'counter',
      samples: () => {
        const { requests, answers } = buffers().savedSeconds
        return [
          { labels: { direction: 'request' }, value: requests },
          { labels: { direction: 'response' }, value: answers },
        ]
      },
    },
    {
      name: 'vigia_buffer_troubles_total',
      help: 'Bodies that were streamed from some place on, as without a buffer, by why.',
      type: 'counter',
      samples: () => Object.entries(buffers().troubles).map(([reason, value]) => ({ labels: { reason }, value })),
    },
  ]
}
