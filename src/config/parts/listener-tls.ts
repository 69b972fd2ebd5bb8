// TLS on a listener: its certificates, what is spoken, and how many handshakes at once. What the files hold is judged by the control plane,
// which reads and watches them.

import Type, { type Static } from 'typebox'
import type { ListenerTls } from '../../plan/tls.ts'
import { certificateSchema, compilePairs } from '../forms/certificate-pair.ts'
import { error, type Finding, type Path, quote } from '../forms/problem.ts'
import { boolean, described, duration, integer, section } from '../forms/schema-blocks.ts'
import { parseDuration } from '../forms/units.ts'
import { checkClientCertificates, clientCertificatesSchema, compileClientCertificates } from './client-certificates.ts'

export const OLDEST_TLS = 'TLSv1.2'
const DEFAULTS = { minVersion: OLDEST_TLS, http2: true, handshakeTimeout: '10s', maxHandshakes: 1000 } as const

export const minVersionSchema = Type.Union([Type.Literal('TLSv1.2'), Type.Literal('TLSv1.3')], {
  title: 'TLSv1.2 or TLSv1.3',
  ...described(
    'Oldest version that is spoken. With TLSv1.2 come ECDHE key exchange with AES-GCM or ChaCha20-Poly1305 only, in the order that the client prefers; key exchange is X25519 (with ML-KEM where the client has it) or a NIST curve.',
    DEFAULTS.minVersion,
  ),
})

export const listenerTlsSchema = section(
  {
    certificates: Type.Optional(
      Type.Array(certificateSchema, {
        minItems: 1,
        title: 'a list with at least one certificate',
        description:
          'Certificates of this listener. Default: those that `acme` brings. A client gets one that names the host it asks for (SNI), else one with a wildcard for it (`*` stands for one label), else the first of the list. For the same names there may be one with an RSA key and one with an ECDSA key: each client gets what it understands.',
      }),
    ),
    minVersion: Type.Optional(minVersionSchema),
    http2: Type.Optional(boolean('Offers HTTP/2 to clients (ALPN h2).', DEFAULTS.http2)),
    handshakeTimeout: Type.Optional(
      duration(
        'Duration. From the beginning of a connection to the end of its TLS handshake. Effect: a slower client is disconnected, and counted in vigia_tls_handshake_failures_total.',
        DEFAULTS.handshakeTimeout,
      ),
    ),
    maxHandshakes: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most handshakes in progress, per listener and worker. Effect: further clients wait for their turn, within handshakeTimeout.',
        DEFAULTS.maxHandshakes,
      ),
    ),
    clients: Type.Optional(clientCertificatesSchema),
  },
  'The listener speaks TLS. Default: no TLS.',
)

export type ListenerTlsDocument = Static<typeof listenerTlsSchema>

export function* checkListenerTls({ certificates = [], clients }: ListenerTlsDocument, at: Path): Iterable<Finding> {
  if (clients) yield* checkClientCertificates(clients, [...at, 'clients'])
  for (const [i, { certFile }] of certificates.entries()) {
    if (certificates.findIndex(each => each.certFile === certFile) < i)
      yield error([...at, 'certificates', i, 'certFile'], `${quote(certFile)} stands in the list already: leave it out`)
  }
}

/** @param resolvePath makes a path of the document absolute */
export function compileListenerTls(tls: ListenerTlsDocument, resolvePath: (path: string) => string): ListenerTls {
  const { certificates = [], minVersion, http2, handshakeTimeout, maxHandshakes, clients } = tls
  return {
    certificates: compilePairs(certificates, resolvePath),
    minVersion: minVersion ?? DEFAULTS.minVersion,
    http2: http2 ?? DEFAULTS.http2,
    handshakeTimeoutMs: parseDuration(handshakeTimeout ?? DEFAULTS.handshakeTimeout)!,
    maxHandshakes: maxHandshakes ?? DEFAULTS.maxHandshakes,
    clients: clients && compileClientCertificates(clients, resolvePath),
  }
}
