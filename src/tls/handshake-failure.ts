// Why a handshake with a client has failed: a reason that is counted, and words for people.

export const HANDSHAKE_FAILURES = [
  'timeout',
  'left',
  'plain-http',
  'not-tls',
  'version',
  'no-shared-cipher',
  'alpn',
  'client-refused',
  'no-certificate',
  'no-client-certificate',
  'bad-client-certificate',
  'other',
] as const

export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number]

export interface ExplainedFailure {
  readonly reason: HandshakeFailure
  /** One line, to follow "the handshake failed: ". */
  readonly words: string
}

const VERSION = explain('version', 'the client speaks only versions of TLS older than tls.minVersion')
const CIPHER = 'no-shared-cipher'
export const NOT_TLS = explain('not-tls', 'what the client sends is not TLS')
export const PLAIN_HTTP = explain('plain-http', 'the client speaks plain HTTP')

/** By what node:tls writes behind ERR_SSL_. */
const REASONS: Readonly<Record<string, ExplainedFailure>> = {
  UNSUPPORTED_PROTOCOL: VERSION,
  UNKNOWN_PROTOCOL: VERSION,
  VERSION_TOO_LOW: VERSION,
  NO_SHARED_CIPHER: explain(CIPHER, 'the client has no cipher suite for this certificate in common with vigia'),
  NO_SHARED_SIGNATURE_ALGORITHMS: explain(CIPHER, 'the client accepts no signature that the certificate can make'),
  NO_SUITABLE_SIGNATURE_ALGORITHM: explain(CIPHER, 'the client accepts no signature that the certificate can make'),
  NO_SUITABLE_KEY_SHARE: explain(CIPHER, 'the client has no key exchange in common with vigia'),
  PEER_DID_NOT_RETURN_A_CERTIFICATE: explain(
    'no-client-certificate',
    'the client has shown no certificate, and tls.clients requires one',
  ),
  NO_APPLICATION_PROTOCOL: explain('alpn', 'the client offers only protocols (ALPN) that this listener does not speak'),
  WRONG_VERSION_NUMBER: NOT_TLS,
  HTTP_REQUEST: PLAIN_HTTP,
  UNEXPECTED_MESSAGE: NOT_TLS,
  PACKET_LENGTH_TOO_LONG: NOT_TLS,
  RECORD_LAYER_FAILURE: NOT_TLS,
}

/** What clients say when they refuse a certificate (RFC 8446 6.2), in words. */
const REFUSALS: Readonly<Record<string, string>> = {
  unknown_ca: 'it does not know who has signed the certificate: is its chain complete in the file?',
  certificate_unknown: 'it does not accept the certificate',
  bad_certificate: 'it does not accept the certificate',
  certificate_expired: 'the certificate has expired by its clock',
  unsupported_certificate: 'it does not understand this kind of certificate',
  certificate_revoked: 'the certificate is revoked',
}

/** @param code of the error of node:tls, or of the socket @param serverName that the client asked for */
export function explainFailure(code: string | undefined, serverName: string | undefined): ExplainedFailure {
  const what = code?.startsWith('ERR_SSL_') ? code.slice('ERR_SSL_'.length) : undefined
  if (what === undefined) return explain('left', `the client broke off${code === undefined ? '' : ` (${code})`}`)
  const known = REASONS[what]
  if (known) return known
  // SSLV3_ALERT_BAD_CERTIFICATE, TLSV1_ALERT_UNKNOWN_CA, TLSV13_ALERT_...: an alert that came from the client.
  const alert = /^(?:SSLV3|TLSV1|TLSV13)_ALERT_(\w+)$/.exec(what)?.[1]?.toLowerCase()
  if (alert === undefined) return explain('other', what.toLowerCase().replaceAll('_', ' '))
  const name = serverName === undefined ? 'it named no host (SNI)' : `for the host ${JSON.stringify(serverName)}`
  return explain(
    'client-refused',
    `the client refuses with the alert ${alert}, ${name}${REFUSALS[alert] ? `: ${REFUSALS[alert]}` : ''}`,
  )
}

function explain(reason: HandshakeFailure, words: string): ExplainedFailure {
  return { reason, words }
}
