// Whether a client's certificate is one of those that a route is for. That it is genuine, and not revoked, was found at the handshake.

import type { CertificateMatch, NamePattern } from '../../../plan/route.ts'

/** What counts of a certificate. */
export interface PresentedCertificate {
  /** Attributes of its subject by type in lower case; some come several times. */
  readonly subjectAttributes: ReadonlyMap<string, readonly string[]>
  readonly issuerAttributes: ReadonlyMap<string, readonly string[]>
  /** Its subject alternative names with their kind: `DNS:` (in lower case), `URI:`, `email:`, `IP:`. */
  readonly names: readonly string[]
  /** SHA-256 of its DER form, lower-case hexadecimal. */
  readonly fingerprint: string
}

/** @param certificate undefined = the client has none */
export function matchesCertificate(
  { subject, issuer, san, fingerprint }: CertificateMatch,
  certificate: PresentedCertificate | undefined,
): boolean {
  if (certificate === undefined) return false
  const { subjectAttributes, issuerAttributes, names } = certificate
  return (
    isOneOf(subject, subjectAttributes) &&
    isOneOf(issuer, issuerAttributes) &&
    (san.length === 0 || san.some(pattern => names.some(name => isName(name, pattern)))) &&
    (fingerprint.length === 0 || fingerprint.includes(certificate.fingerprint))
  )
}

function isOneOf(patterns: readonly NamePattern[], attributes: PresentedCertificate['subjectAttributes']): boolean {
  if (patterns.length === 0) return true
  return patterns.some(pattern =>
    pattern.every(([type, value]) => attributes.get(type)?.some(found => isValue(found, value)) === true),
  )
}

/** To the letter; with a star in front of a dot as hosts of routes. */
function isValue(found: string, pattern: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('*.') ? isBelow(found.toLowerCase(), pattern.slice(1).toLowerCase()) : found === pattern
}

function isName(found: string, pattern: string): boolean {
  if (pattern.startsWith('DNS:*.')) return found.startsWith('DNS:') && isBelow(found.slice(4), pattern.slice(5))
  if (pattern.startsWith('URI:') && pattern.endsWith('/*')) return isBelow(found, pattern.slice(0, -1), true)
  return found === pattern
}

/** Whether something stands before `end`, or behind it. */
function isBelow(found: string, end: string, behind = false): boolean {
  return found.length > end.length && (behind ? found.startsWith(end) : found.endsWith(end))
}
