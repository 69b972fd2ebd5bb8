// How certificates are got by ACME (RFC 8555), as compiled.

export interface AcmePlan {
  /** URL of the CA's directory. */
  readonly directory: string
  /** Where the CA writes to; undefined = nowhere. */
  readonly email: string | undefined
  /** External account binding (RFC 8555 7.3.4); undefined = the CA asks for none. */
  readonly eab: ExternalAccount | undefined
  readonly challenge: AcmeChallenge
  /** Each gets a certificate of its own; lower case, no wildcards. */
  readonly names: readonly string[]
  /** PEM of the authorities that the CA's own server is verified with; undefined = those of the system. */
  readonly ca: string | undefined
}

export interface ExternalAccount {
  readonly keyId: string
  /** Base64url, a secret. */
  readonly hmacKey: string
}

export type AcmeChallenge = 'http-01' | 'tls-alpn-01'
