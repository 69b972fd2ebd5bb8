// Metrics of compression: what it saves, by coding, and where there was no room for it.

import { CODINGS, WORKER } from '../shared/counter-cells.ts'
import type { ScrapedMetric } from './scraped-metric.ts'
import type { MetricsSource } from './source.ts'

export function defineCompression({ counters }: MetricsSource): ScrapedMetric[] {
  const byCoding = (name: string, cell: number, help: string): ScrapedMetric => ({
    ...{ name, help, type: 'counter' },
    samples: () =>
      CODINGS.map((coding, i) => ({ labels: { coding }, value: counters.own(WORKER.firstCoding + 3 * i + cell) })),
  })
  return [
    byCoding('vigia_compressed_answers_total', 0, 'Answers that vigia has compressed, by content coding.'),
    byCoding('vigia_compression_input_bytes_total', 1, 'Body bytes of these answers before.'),
    byCoding('vigia_compression_output_bytes_total', 2, 'Body bytes of these answers after, as sent to clients.'),
    {
      name: 'vigia_compression_encoders',
      help: 'Answers that are compressed now as they come; `limits.compressions` bounds them for each worker.',
      type: 'gauge',
      samples: () => [{ labels: '', value: counters.own(WORKER.encoders) }],
    },
    {
      name: 'vigia_compressions_refused_total',
      help: 'Answers that were sent as they are because as many as `limits.compressions` were compressed already.',
      type: 'counter',
      samples: () => [{ labels: '', value: counters.own(WORKER.compressionsRefused) }],
    },
  ]
}
