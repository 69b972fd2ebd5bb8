// The certificate that a client has presented: what it says, what routes are matched by, and why it is refused.

import type { X509Certificate } from 'node:crypto'
import type { FaultCode } from '../http/faults.ts'
import { oneLine, shortAddress } from './certificate-names.ts'
import type { ClientTrust } from './client-authorities.ts'
import { namesInCertificate } from './distinguished-name.ts'

export interface ClientCertificate {
  /** Its own first, then those of its issuers that came with it or are known, without a root. */
  readonly chain: readonly X509Certificate[]
  /** Distinguished name on one line. */
  readonly subject: string
  /** Attributes of its subject by type in lower case (cn, o, ou ...), as they stand in it. */
  readonly subjectAttributes: NameAttributes
  readonly issuerAttributes: NameAttributes
  /** Its subject alternative names with their kind: `DNS:` (in lower case), `URI:`, `email:`, `IP:`. */
  readonly names: readonly string[]
  /** SHA-256 of its DER form, lower-case hexadecimal. */
  readonly fingerprint: string
  /** Epoch ms. */
  readonly untilMs: number
}

export type NameAttributes = ReadonlyMap<string, readonly string[]>

export type CertificateRefusal = Extract<FaultCode, `certificate-${string}`>

/** By what OpenSSL says, as node:tls writes it; everything else can't be verified for reasons of its own. */
const REFUSALS: Readonly<Record<string, CertificateRefusal>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  CERT_REVOKED: 'certificate-revoked',
  INVALID_PURPOSE: 'certificate-purpose',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-untrusted',
  CERT_UNTRUSTED: 'certificate-untrusted',
  CERT_REJECTED: 'certificate-untrusted',
  CERT_SIGNATURE_FAILURE: 'certificate-untrusted',
}

/** What to look at, for the operator; to follow what OpenSSL says. */
const HINTS: Readonly<Record<string, string>> = {
  UNABLE_TO_GET_CRL: 'revokedFile has no list of one of its issuers',
  CRL_HAS_EXPIRED: 'fetch the newest list for revokedFile',
  CRL_NOT_YET_VALID: 'look at the clock of this machine',
  CRL_SIGNATURE_FAILURE: 'a list in revokedFile is not of the authority in caFile',
  CERT_HAS_EXPIRED: 'it, or one of its issuers',
  UNABLE_TO_GET_ISSUER_CERT: 'caFile has not the authority that its chain ends with',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'caFile has not its authority, or the client leaves out one in between',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'caFile does not have it',
  SELF_SIGNED_CERT_IN_CHAIN: 'caFile has not the authority that its chain ends with',
}

/** @param code of OpenSSL's verdict, such as CERT_HAS_EXPIRED */
export function refusalOf(code: string): CertificateRefusal {
  return REFUSALS[code] ?? 'certificate-unverified'
}

/** Why, for the operator: `certificate revoked`. */
export function refusalWords(code: string, message: string): string {
  const hint = HINTS[code]
  // Node has advice of its own behind a semicolon, about its command line.
  return `${message.split(';', 1)[0]}${hint === undefined ? '' : ` (${hint})`}`
}

/** @param chain its own certificate first, at least that */
export function clientCertificate(chain: readonly X509Certificate[]): ClientCertificate {
  const own = chain[0]!
  const { subject, issuer } = own.toLegacyObject() as unknown as Record<'subject' | 'issuer', object>
  return {
    chain: chain.filter((each, i) => i === 0 || each.subject !== each.issuer),
    subject: oneLine(own.subject ?? ''),
    subjectAttributes: attributesOf(subject),
    issuerAttributes: attributesOf(issuer),
    names: [...alternativeNames(own.subjectAltName ?? '')],
    fingerprint: own.fingerprint256.replaceAll(':', '').toLowerCase(),
    untilMs: own.validToDate.getTime(),
  }
}

/** Whether a certificate that was accepted would be by these, as far as that shows without a handshake. Its own time is another matter. */
export function refusalBy(
  { chain }: Pick<ClientCertificate, 'chain'>,
  {
    authorities,
    revoked,
  }: { readonly authorities: readonly X509Certificate[]; readonly revoked: ClientTrust['revoked'] },
): CertificateRefusal | undefined {
  if (revoked.size > 0 && chain.some(each => isRevoked(each, revoked))) return 'certificate-revoked'
  for (const [i, each] of chain.entries()) {
    if (authorities.some(authority => each.raw.equals(authority.raw) || isIssuedBy(each, authority))) return undefined
    const issuer = chain[i + 1]
    if (issuer === undefined || !isIssuedBy(each, issuer)) break
  }
  return 'certificate-untrusted'
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** Its value in a field of its own (RFC 9440 2.2): a byte sequence of structured fields. */
export function certificateField({ chain }: ClientCertificate): string {
  return byteSequence(chain[0]!)
}

/** Those of its issuers (RFC 9440 2.3); undefined = it has none but a root. */
export function chainField({ chain }: ClientCertificate): string | undefined {
  return chain.length === 1 ? undefined : chain.slice(1).map(byteSequence).join(', ')
}

function byteSequence({ raw }: X509Certificate): string {
  return `:${raw.toString('base64')}:`
}

function isRevoked({ raw, serialNumber }: X509Certificate, revoked: ClientTrust['revoked']): boolean {
  return revoked.get(namesInCertificate(raw).issuer.id)?.has(serialNumber.toUpperCase()) === true
}

function attributesOf(name: object | undefined): NameAttributes {
  return new Map(
    Object.entries(name ?? {}).map(([type, value]) => [type.toLowerCase(), [value as string | string[]].flat()]),
  )
}

const ENTRY = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g

/** @param text such as `DNS:a.example, URI:spiffe://a/b, email:a@b.example, IP Address:10.0.0.1`; a value in quotes is JSON */
function* alternativeNames(text: string): Iterable<string> {
  for (const [, kind, value = ''] of text.matchAll(ENTRY)) {
    const name = value.startsWith('"') ? (JSON.parse(value) as string) : value
    if (kind === 'DNS') yield `DNS:${name.toLowerCase()}`
    else if (kind === 'IP Address') yield `IP:${shortAddress(name)}`
    else if (kind === 'URI' || kind === 'email') yield `${kind}:${name}`
  }
}
