// Metrics of TLS handshakes with clients.

import { GAUGE, WORKER } from '../../shared/counter-cells.ts'
import { SLOT_OF_VIGIA } from '../../shared/upstream-table.ts'
import { HANDSHAKE_FAILURES } from '../../tls/handshake-failure.ts'
import type { ScrapedMetric } from '../scraped-metric.ts'
import type { MetricsSource } from '../source.ts'

export function defineHandshakes({ counters }: MetricsSource): ScrapedMetric[] {
  return [
    {
      name: 'vigia_tls_handshakes_total',
      help: 'TLS handshakes with clients that came to their end, by whether they resumed a session.',
      type: 'counter',
      samples: () => [
        { labels: { resumed: 'false' }, value: counters.own(WORKER.handshakesFull) },
        { labels: { resumed: 'true' }, value: counters.own(WORKER.handshakesResumed) },
      ],
    },
    {
      name: 'vigia_tls_handshake_failures_total',
      help: 'TLS handshakes with clients that failed, by why; left = the client broke off without a word.',
      type: 'counter',
      samples: () =>
        HANDSHAKE_FAILURES.map((reason, i) => ({
          labels: { reason },
          value: counters.own(WORKER.firstHandshakeFailure + i),
        })),
    },
    {
      name: 'vigia_tls_handshakes_in_progress',
      help: 'TLS handshakes with clients that are under way.',
      type: 'gauge',
      samples: () => [{ labels: {}, value: counters.gauge(SLOT_OF_VIGIA, GAUGE.handshakes) }],
    },
    {
      name: 'vigia_tls_handshakes_waiting',
      help: 'Clients whose TLS handshake waits until others have ended (tls.maxHandshakes).',
      type: 'gauge',
      samples: () => [{ labels: {}, value: counters.gauge(SLOT_OF_VIGIA, GAUGE.handshakesWaiting) }],
    },
  ]
}
