// What the admin listener may tell of the certificates in use. Control implements it. Nothing in it is secret.

export interface CertificatesReport {
  readonly certificates: readonly CertificateReport[]
  /** Of clients; empty = no listener asks clients for certificates. */
  readonly authorities: readonly AuthorityReport[]
  /** Null = none come by ACME. */
  readonly acme: AcmeReport | null
}

/** Certificates by ACME. */
export interface AcmeReport {
  /** URL of the CA's directory. */
  readonly directory: string
  readonly challenge: 'http-01' | 'tls-alpn-01'
  readonly names: readonly AcmeNameReport[]
}

export interface AcmeNameReport {
  readonly name: string
  /** `waiting`: there is none yet, and no order under way. `failing`: the last order has failed; what there is is served on. */
  readonly state: 'ok' | 'ordering' | 'failing' | 'waiting'
  /** Of the certificate in use, ISO 8601; null = a self-signed one is served. */
  readonly notAfter: string | null
  /** Orders that have failed in a row. */
  readonly failures: number
  /** Null = the last order did not fail. */
  readonly lastError: {
    /** ISO 8601. */
    readonly at: string
    readonly trouble: 'unreachable' | 'busy' | 'not-proven' | 'refused' | 'own'
    /** One line. */
    readonly reason: string
  } | null
  /** ISO 8601; null = it is under way, or the store is not open yet. */
  readonly nextOrder: string | null
}

/** An authority whose certificates clients may have, or a list of those that it has revoked. */
export interface AuthorityReport {
  readonly kind: 'authority' | 'revocation-list'
  /** Distinguished name on one line. */
  readonly name: string
  /** ISO 8601. */
  readonly notBefore: string
  /** ISO 8601; of a list when the next one is to be there; null = it does not say. */
  readonly notAfter: string | null
  /** As of a certificate. */
  readonly state: CertificateReport['state']
  /** Of a list: how many it revokes; null = it is none. */
  readonly revoked: number | null
  readonly file: string
  /** Names of the listeners that believe it. */
  readonly listeners: readonly string[]
  /** Why its files hold something else that can't be used; null = they hold what is in use. */
  readonly problem: string | null
}

/** A certificate that listeners show to their clients. */
export interface CertificateReport {
  /** DNS names and addresses, lower case; a wildcard is `*.example.com`. */
  readonly names: readonly string[]
  /** Distinguished name on one line. */
  readonly issuer: string
  readonly selfSigned: boolean
  /** `ECDSA P-256`, `RSA 2048`. */
  readonly key: string
  /** ISO 8601. */
  readonly notBefore: string
  /** ISO 8601. */
  readonly notAfter: string
  /** Whole ones; negative = it has expired. */
  readonly daysLeft: number
  /** `expires-soon`: 21 days are left, or the same share of the life of one that lasts for less than 90 days. */
  readonly state: 'ok' | 'expires-soon' | 'expired' | 'not-yet-valid'
  readonly came: 'file' | 'acme' | 'self-signed'
  /** Null = it is no file. */
  readonly certFile: string | null
  /** Names of the listeners that show it. */
  readonly listeners: readonly string[]
  /** SHA-256 of its DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  /** Why its files hold something else that can't be used; null = they hold what is in use, or it is no file. */
  readonly problem: string | null
}
