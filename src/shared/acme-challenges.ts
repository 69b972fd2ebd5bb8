// What a CA that looks at our names is to be answered, in every worker. None of it is a secret of ours but the key of a certificate that
// only the CA accepts.

export interface AcmeChallenges {
  /** Counts up with each change. */
  readonly version: number
  readonly http: readonly HttpChallenge[]
  readonly tls: readonly TlsChallenge[]
}

/** RFC 8555 8.3. */
export interface HttpChallenge {
  readonly name: string
  /** Last segment of the path; base64url. */
  readonly token: string
  readonly keyAuthorization: string
}

/** RFC 8737. */
export interface TlsChallenge {
  readonly name: string
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

/** RFC 8555 8.3. */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/'
/** RFC 8737 6.2. */
export const CHALLENGE_PROTOCOL = 'acme-tls/1'
