// Certificates for tests, made in the process: of any names and dates, by themselves or by an authority.

import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityInfoAccessExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509'

cryptoProvider.set(webcrypto as Crypto)

const DAY_MS = 86_400_000
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const

export interface MadeCertificate {
  /** PEM, without its issuers. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
  readonly keys: webcrypto.CryptoKeyPair
}

export interface MakeOptions {
  /** Default: none. */
  readonly names?: readonly string[]
  readonly subject?: string
  /** From now, days; negative = before. Default: yesterday. */
  readonly fromDays?: number
  /** Default: 90. */
  readonly untilDays?: number
  /** Who signs it; undefined = it itself. */
  readonly by?: MadeCertificate
  readonly isAuthority?: boolean
  readonly keyType?: 'rsa' | 'ecdsa'
  /** Where its issuer is to be had, as public authorities say. */
  readonly issuerUrl?: string
}

export async function makeCertificate({
  names = [],
  subject = `CN=${names[0] ?? 'nobody'}`,
  fromDays = -1,
  untilDays = 90,
  by,
  isAuthority = false,
  keyType = 'ecdsa',
  issuerUrl,
}: MakeOptions): Promise<MadeCertificate> {
  const algorithm = keyType === 'rsa' ? RSA : ECDSA
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const extensions: Extension[] = [new BasicConstraintsExtension(isAuthority)]
  if (names.length > 0) extensions.push(new SubjectAlternativeNameExtension(names.map(nameOf)))
  if (issuerUrl !== undefined) extensions.push(new AuthorityInfoAccessExtension({ caIssuers: issuerUrl }))
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `40${randomBytes(15).toString('hex')}`,
    subject,
    issuer: by === undefined ? subject : new X509Certificate(by.cert).subject,
    notBefore: new Date(Date.now() + fromDays * DAY_MS),
    notAfter: new Date(Date.now() + untilDays * DAY_MS),
    publicKey: keys.publicKey,
    signingKey: (by?.keys ?? keys).privateKey,
    signingAlgorithm: by === undefined ? algorithm : ECDSA,
    extensions,
  })
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(der, 'PRIVATE KEY')}\n`, keys }
}

/** A revocation list in PEM. @param revoked certificates, PEM @param fromDays from now, days */
export async function makeRevocationList(
  by: MadeCertificate,
  revoked: readonly string[] = [],
  { fromDays = -1, untilDays = 30 }: Pick<MakeOptions, 'fromDays' | 'untilDays'> = {},
): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: new X509Certificate(by.cert).subject,
    thisUpdate: new Date(Date.now() + fromDays * DAY_MS),
    nextUpdate: new Date(Date.now() + untilDays * DAY_MS),
    entries: revoked.map(cert => ({
      serialNumber: new X509Certificate(cert).serialNumber,
      revocationDate: new Date(),
    })),
    signingAlgorithm: ECDSA,
    signingKey: by.keys.privateKey,
  })
  // Its own words, BEGIN CRL, no OpenSSL reads.
  return `${PemConverter.encode(list.rawData, 'X509 CRL')}\n`
}

function nameOf(value: string) {
  return { type: /^[0-9.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const), value }
}
