// What a CA gets that looks at a name by TLS (tls-alpn-01, RFC 8737): it alone offers `acme-tls/1`, and is shown the certificate of the
// order under way. All others are served as ever.

import { createSecureContext, type SecureContext, type TLSSocket, type TLSSocketOptions } from 'node:tls'
import { type AcmeChallenges, CHALLENGE_PROTOCOL } from '../../../shared/acme-challenges.ts'

/** By name. */
export type ChallengeContexts = ReadonlyMap<string, SecureContext>

/** Undefined = there are none. */
export function challengeContexts({ tls }: AcmeChallenges): ChallengeContexts | undefined {
  if (tls.length === 0) return undefined
  return new Map(tls.map(({ name, cert, key }) => [name, createSecureContext({ cert, key })]))
}

/** For a handshake that may be a CA's. @param protocols for everybody else, the preferred one first */
export function challengeOptions(
  contexts: ChallengeContexts,
  protocols: readonly string[],
  onServerName: NonNullable<TLSSocketOptions['SNICallback']>,
) {
  let shown: SecureContext | undefined
  return {
    // TLS 1.3 asks for the protocol first, and what is said here stands in the end; TLS 1.2 the other way round.
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
      shown === undefined ? onServerName(name, done) : done(null, shown),
    ALPNCallback(this: TLSSocket, offer: { readonly servername: string; readonly protocols: string[] }) {
      if (!offer.protocols.includes(CHALLENGE_PROTOCOL)) return protocols.find(each => offer.protocols.includes(each))
      shown = contexts.get((offer.servername || '').toLowerCase())
      if (shown === undefined) return undefined
      this.setKeyCert(shown)
      return CHALLENGE_PROTOCOL
    },
  }
}
