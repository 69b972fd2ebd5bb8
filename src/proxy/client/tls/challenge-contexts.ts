// What a CA gets that looks at a name by TLS (tls-alpn-01, RFC 8737): it alone offers `acme-tls/1`, and is shown the certificate of the
// order under way. All others are served as ever.

import { createSecureContext, type SecureContext } from 'node:tls'
import type { AcmeChallenges } from '../../../shared/acme-challenges.ts'

/** By name. */
export type ChallengeContexts = ReadonlyMap<string, SecureContext>

/** Undefined = there are none. */
export function challengeContexts({ tls }: AcmeChallenges): ChallengeContexts | undefined {
  if (tls.length === 0) return undefined
  return new Map(tls.map(({ name, cert, key }) => [name, createSecureContext({ cert, key })]))
}
