// TLS on a listener, as compiled. Certificates and keys are never part of a snapshot: control owns them, and workers get them by
// message (shared/tls-material.ts).

export interface ListenerTls {
  /** Of each certificate that is a file, absolute paths; empty = all come by ACME. */
  readonly certificates: readonly CertificateFiles[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Offers HTTP/2 (ALPN h2). */
  readonly http2: boolean
  /** From the beginning of a connection to the end of its handshake. */
  readonly handshakeTimeoutMs: number
  /** In each worker: those in progress. */
  readonly maxHandshakes: number
}

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}
