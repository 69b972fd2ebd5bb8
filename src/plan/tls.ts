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
  /** Clients are asked for certificates of their own; undefined = they are not. */
  readonly clients?: ClientCertificatesPlan | undefined
}

export interface ClientCertificatesPlan extends AuthorityFiles {
  /** Who has none is served like any other client, or refused. */
  readonly mode: 'request' | 'require'
  /** Name of the field that tells upstreams of the certificate (RFC 9440). */
  readonly field: string
  /** Of the one with the certificates of its issuers; undefined = they are not told. */
  readonly chainField: string | undefined
}

/** Absolute paths. What they hold is never part of a snapshot either. */
export interface AuthorityFiles {
  /** Whose certificates are accepted. */
  readonly caFile: string
  /** Lists of those that are revoked; undefined = there are none. */
  readonly revokedFile: string | undefined
}

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** The key that session tickets are sealed with, for all listeners and workers. */
export interface TicketPlan {
  /** Absolute path of the file that has it; undefined = vigia draws it. */
  readonly file: string | undefined
  /** How often it is drawn anew, ms; 0 = never, and never where it is a file's. */
  readonly rotationMs: number
}

export const TICKETS_BY_DEFAULT: TicketPlan = { file: undefined, rotationMs: 12 * 3_600_000 }
