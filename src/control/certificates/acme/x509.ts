// What node:crypto can't do with certificates: make a self-signed one, and name one as a CA's renewal information does. Loaded with
// the first order only.

import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  cryptoProvider,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto as Crypto)

export interface KeyAndCertificate {
  /** PEM. */
  readonly key: string
  /** PEM. */
  readonly cert: string
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const DAY_MS = 86_400_000
const BACKDATED_MS = 3_600_000

/** For the time until a CA has given a certificate. */
export async function selfSigned(names: readonly string[], days: number, nowMs: number): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: ECDSA,
    // Its first bit is 0, so that the number is positive (RFC 5280 4.1.2.2).
    serialNumber: `40${randomBytes(15).toString('hex')}`,
    name: 'CN=vigia (self-signed)',
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + days * DAY_MS),
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([SERVER_AUTH]),
      new SubjectAlternativeNameExtension(names.map(value => ({ type: 'dns', value }))),
    ],
  })
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { key: PemConverter.encode(der, PemConverter.PrivateKeyTag), cert: certificate.toString('pem') }
}

/** How RFC 9773 4.1 names a certificate; undefined = it says not whose key has signed it. @param cert PEM, its leaf first */
export function renewalId(cert: string): string | undefined {
  const leaf = new X509Certificate(cert)
  const keyId = leaf.getExtension(AuthorityKeyIdentifierExtension)?.keyId
  if (keyId === undefined) return undefined
  // As in the certificate: a zero in front of a number whose first bit is set.
  const serial = Buffer.from(leaf.serialNumber, 'hex')
  const encoded = serial[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), serial]) : serial
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${encoded.toString('base64url')}`
}
