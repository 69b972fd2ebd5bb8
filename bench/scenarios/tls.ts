// HTTP/1.1 over TLS, and handshakes alone, all with the same P-256 certificate.
import { download64k } from './bodies.ts'
import { type LoadKind, plainCase, type Scenario } from './scenario.ts'
import { smallGet } from './small-get.ts'

export const tlsGet = over(smallGet, 'tls-get', "over TLS: GET, a browser's headers, 150-byte JSON answer", 'once')
export const tlsDownload = over(download64k, 'tls-64k', 'over TLS: GET, 64 KiB answer', 'once')
export const tlsFull = over(smallGet, 'tls-full', 'full TLS handshakes, one after the other, no request', 'full')
export const tlsResumed = over(smallGet, 'tls-resumed', 'TLS handshakes that resume a session, no request', 'resumed')

function over(
  scenario: Scenario,
  name: string,
  title: string,
  handshakes: Extract<LoadKind, { kind: 'tls' }>['handshakes'],
): Scenario {
  return {
    ...scenario,
    name,
    title,
    weight: 'further',
    peers: ['vigia', 'haproxy', 'nginx', 'caddy', ...(handshakes === 'once' ? [] : ['node-tls'])],
    load: { kind: 'tls', handshakes },
    cases: [{ ...plainCase, setup: { ...plainCase.setup, tls: true } }],
  }
}
