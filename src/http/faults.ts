// Why a message is refused: one table of code, status and words. Nothing here decides; the parsers name the code.

interface FaultText {
  /** Status for the client when its request has this fault. A response with any fault is answered 502. */
  readonly status: 400 | 403 | 408 | 411 | 413 | 414 | 417 | 431 | 501 | 505
  readonly message: string
}

export const FAULTS = {
  'bad-start-line': { status: 400, message: 'The first line is malformed.' },
  'bad-line-break': { status: 400, message: 'A line ends with a bare CR or a bare LF.' },
  'bad-character': { status: 400, message: 'The head has a control character.' },
  'bad-field': { status: 400, message: 'A header field is malformed.' },
  'line-folding': { status: 400, message: 'Header fields folded over lines (obs-fold) are not accepted.' },
  'bad-target': { status: 400, message: 'The request target is malformed.' },
  'bad-host': { status: 400, message: 'The Host field is missing, repeated or malformed.' },
  'host-mismatch': { status: 400, message: 'The Host field and the request target name different hosts.' },
  'bad-content-length': { status: 400, message: 'Content-Length is malformed or repeated.' },
  'length-and-encoding': { status: 400, message: 'Content-Length and Transfer-Encoding must not come together.' },
  'bad-transfer-encoding': { status: 400, message: 'Transfer-Encoding is malformed or not allowed here.' },
  'unknown-transfer-encoding': { status: 501, message: 'No transfer coding but chunked is understood.' },
  'bad-chunk': { status: 400, message: 'The chunked body is malformed.' },
  'bad-trailer': { status: 400, message: 'The trailer section is malformed or too large.' },
  'bad-upgrade': { status: 400, message: 'The Upgrade field is malformed.' },
  'bad-pseudo-field': {
    status: 400,
    message: 'A pseudo-header field of HTTP/2 is missing, repeated, unknown or malformed.',
  },
  'connection-field': {
    status: 400,
    message: 'A field that belongs to a connection of HTTP/1.1 must not come over HTTP/2.',
  },
  'length-required': {
    status: 411,
    message: 'The request has to say how long its body is (Content-Length): it is too long to be gathered here.',
  },
  'body-too-large': { status: 413, message: 'The request body is larger than allowed.' },
  'target-too-long': { status: 414, message: 'The request target is longer than allowed.' },
  'head-too-large': { status: 431, message: 'The head is larger than allowed.' },
  'too-many-fields': { status: 431, message: 'The head has more fields than allowed.' },
  'unknown-expectation': { status: 417, message: 'No expectation but 100-continue is understood.' },
  'unknown-method': { status: 501, message: 'CONNECT, and methods of more than 64 characters, are not implemented.' },
  'bad-version': { status: 505, message: 'Only HTTP/1.0, HTTP/1.1 and later versions of HTTP/1 are spoken here.' },
  'http-on-tls-port': {
    status: 400,
    message: 'Plain HTTP came to a port that speaks HTTPS: ask for https://, not http://.',
  },
  'tls-on-plain-port': {
    status: 400,
    message: 'TLS came to a port that speaks plain HTTP: ask for http://, not https://.',
  },
  'certificate-missing': { status: 403, message: 'A client certificate is required here.' },
  'certificate-untrusted': {
    status: 403,
    message: 'The client certificate is not of an authority that is trusted here.',
  },
  'certificate-expired': { status: 403, message: 'The client certificate has expired, or is not valid yet.' },
  'certificate-revoked': { status: 403, message: 'The client certificate has been revoked.' },
  'certificate-purpose': { status: 403, message: 'The certificate is not one for clients (extended key usage).' },
  'certificate-unverified': { status: 403, message: 'The client certificate could not be verified.' },
  'head-timeout': { status: 408, message: 'The request head did not arrive in time.' },
  'body-timeout': { status: 408, message: 'The request body did not arrive in time.' },
} as const satisfies Record<string, FaultText>

export type FaultCode = keyof typeof FAULTS

/** All of them, in an order that does not change while the program runs: who counts them counts by index. */
export const FAULT_CODES = Object.keys(FAULTS) as readonly FaultCode[]
