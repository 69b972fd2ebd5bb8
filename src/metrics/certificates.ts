// Metrics of the certificates that listeners show, and of the authorities of their clients: when they end, and whether their files hold
// what is in use. Nothing where no listener has TLS.

import type { ScrapedMetric } from './scraped-metric.ts'
import type { AuthoritySample, CertificateSample, MetricsSource } from './source.ts'

export function defineCertificates(source: MetricsSource): ScrapedMetric[] {
  const gauge = (name: string, help: string, value: (sample: CertificateSample) => number): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () =>
      (source.certificates?.() ?? []).map(sample => {
        const { listener, name: host, keyType } = sample
        return { labels: { listener, name: host, key: keyType }, value: value(sample) }
      }),
  })
  const ofAuthorities = (name: string, help: string, value: (sample: AuthoritySample) => number): ScrapedMetric => ({
    name,
    help,
    type: 'gauge',
    samples: () =>
      (source.authorities?.() ?? []).map(sample => {
        const { kind, name: authority } = sample
        return { labels: { kind, name: authority }, value: value(sample) }
      }),
  })
  return [
    gauge(
      'vigia_certificate_not_after_timestamp_seconds',
      'When the certificate expires, Unix time; name = the first of its names.',
      ({ untilMs }) => untilMs / 1000,
    ),
    gauge(
      'vigia_certificate_not_before_timestamp_seconds',
      'From when the certificate counts, Unix time.',
      ({ fromMs }) => fromMs / 1000,
    ),
    gauge(
      'vigia_certificate_refused',
      '1 while the files of the certificate hold another one that can not be used, else 0.',
      ({ refused }) => (refused ? 1 : 0),
    ),
    ofAuthorities(
      'vigia_client_authority_not_after_timestamp_seconds',
      'When an authority of clients expires, or its revocation list is to be replaced, Unix time; +Inf = it does not say.',
      ({ untilMs }) => untilMs / 1000,
    ),
    ofAuthorities(
      'vigia_client_authority_not_before_timestamp_seconds',
      'From when the authority counts, or when its list was made, Unix time.',
      ({ fromMs }) => fromMs / 1000,
    ),
    ofAuthorities(
      'vigia_client_authority_refused',
      '1 while the files of the authority hold something else that can not be used, else 0.',
      ({ refused }) => (refused ? 1 : 0),
    ),
  ]
}
