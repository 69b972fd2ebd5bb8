// What a certificate file says, and whether it and its key can be served: one reading of both for `vigia check`, reloads and swaps.
// It opens no file, and nothing of a key is ever in what it says.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { namesOf, oneLine } from './certificate-names.ts'

/** What there is to know of a certificate; nothing of it is secret. */
export interface CertificateFacts {
  /** DNS names and addresses of its subject alternative names, lower case; a wildcard is `*.example.com`. */
  readonly names: readonly string[]
  /** Distinguished name on one line. */
  readonly issuer: string
  readonly isSelfSigned: boolean
  readonly keyType: 'rsa' | 'ecdsa'
  /** For people: `RSA 2048`, `ECDSA P-256`. */
  readonly keyWords: string
  /** From when it counts, epoch ms. */
  readonly fromMs: number
  /** Until when, epoch ms. */
  readonly untilMs: number
  /** Of its DER form, SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string
}

/** Why a certificate and its key can't be served. */
export interface PairFault {
  /** Whose fault it is. */
  readonly in: 'certificate' | 'key'
  /** To follow the file's name: `holds ...`, `is ...`. One line, what to do included. */
  readonly message: string
  /** `time`: it was good once, or will be. `halves`: each may be good, but they are not of one pair. */
  readonly kind: 'unreadable' | 'halves' | 'time'
}

export interface PairReading {
  /** Undefined = the certificate could not be read. */
  readonly facts: CertificateFacts | undefined
  /** Empty = it can be served. */
  readonly faults: readonly PairFault[]
  /** What is worth a word though it can be served; each to follow the file's name. */
  readonly warnings: readonly string[]
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }
/** Ways to read it would be without end. */
const MOST_CERTIFICATES = 20

/** @param cert the text of the certificate file, PEM @param key that of the key file @param nowMs epoch ms */
export function readPair(cert: string, key: string, nowMs: number): PairReading {
  try {
    return judge(cert, key, nowMs)
  } catch {
    // Some parts of a certificate are looked at by OpenSSL only when they are asked for.
    const message = 'holds a certificate that OpenSSL can read in parts only: ask for another one'
    return { facts: undefined, faults: [{ in: 'certificate', message, kind: 'unreadable' }], warnings: [] }
  }
}

function judge(cert: string, key: string, nowMs: number): PairReading {
  const chain = readChain(cert)
  const privateKey = readKey(key)
  const facts = typeof chain === 'string' ? chain : factsOf(chain[0]!)
  const faults: PairFault[] = []
  const say = (half: PairFault['in'], message: string | undefined, kind: PairFault['kind'] = 'unreadable') => {
    if (message !== undefined) faults.push({ in: half, message, kind })
  }
  if (typeof facts === 'string') say('certificate', facts)
  if (typeof privateKey === 'string') say('key', privateKey)
  if (typeof chain === 'string' || typeof facts === 'string') return { facts: undefined, faults, warnings: [] }

  if (typeof privateKey !== 'string') {
    const at = chain.findIndex(each => each.checkPrivateKey(privateKey))
    // What it says is then of another one.
    if (at > 0) {
      say(
        'certificate',
        `has the server's certificate at place ${at + 1} of ${chain.length}: put it first, then its issuers`,
      )
      return { facts: undefined, faults, warnings: [] }
    }
    if (at === -1) say('key', 'is not the key of this certificate: name the one that it was asked for with', 'halves')
  }
  say('certificate', wrongInOrder(chain))
  if (facts.names.length === 0)
    say('certificate', 'names no host: clients look at subjectAltName only, ask for one that has it')
  say('certificate', wrongInTime(facts, nowMs), 'time')
  if (faults.length === 0) say('certificate', wrongForTls(cert, key))
  return { facts, faults, warnings: [...warningsOf(chain, nowMs)] }
}

/** The certificates of a file as they stand in it; or why there are none. */
function readChain(pem: string): readonly X509Certificate[] | string {
  if (pem.trim() === '') return 'is empty'
  const blocks = pem.match(BLOCK)
  if (blocks === null) {
    const what = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)
      ? 'holds a key, and no certificate'
      : 'holds no PEM certificate'
    return `${what}, expected "-----BEGIN CERTIFICATE-----" ...`
  }
  if (blocks.length > MOST_CERTIFICATES)
    return `holds ${blocks.length} certificates, at most ${MOST_CERTIFICATES} are taken: leave those of the server and its issuers`
  const chain: X509Certificate[] = []
  for (const block of blocks) {
    try {
      chain.push(new X509Certificate(block))
    } catch {
      return `holds a PEM block that is not a certificate (number ${chain.length + 1} of ${blocks.length})`
    }
  }
  return chain
}

function readKey(pem: string): KeyObject | string {
  if (pem.trim() === '') return 'is empty'
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem))
    return 'is encrypted, and nobody could be asked for its passphrase: decrypt it with openssl pkey -in FILE -out NEW'
  try {
    return createPrivateKey(pem)
  } catch {
    return 'holds no PEM key that can be read, expected "-----BEGIN PRIVATE KEY-----" ...'
  }
}

function factsOf(leaf: X509Certificate): CertificateFacts | string {
  const { publicKey, subject, issuer, subjectAltName, validFromDate, validToDate, fingerprint256 } = leaf
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey
  const isRsa = type === 'rsa' || type === 'rsa-pss'
  if (!isRsa && type !== 'ec')
    return `has a key of type ${type}, which browsers do not take: ask for one of RSA or ECDSA P-256`
  if (Number.isNaN(validFromDate.getTime()) || Number.isNaN(validToDate.getTime()))
    return 'does not say from when to when it counts: ask for another one'
  const curve = details.namedCurve ?? ''
  return {
    names: namesOf(subjectAltName),
    issuer: oneLine(issuer),
    isSelfSigned: subject === issuer,
    keyType: isRsa ? 'rsa' : 'ecdsa',
    keyWords: isRsa ? `RSA ${details.modulusLength}` : `ECDSA ${CURVES[curve] ?? curve}`,
    fromMs: validFromDate.getTime(),
    untilMs: validToDate.getTime(),
    fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/** RFC 5246 7.4.2: each certificate certifies the one before it. */
function wrongInOrder(chain: readonly X509Certificate[]): string | undefined {
  const at = chain.findIndex((each, i) => i > 0 && !chain[i - 1]!.checkIssued(each))
  if (at === -1) return undefined
  return `is no chain: certificate ${at + 1} of ${chain.length} (${oneLine(chain[at]!.subject)}) is not the issuer of the one before it; put the server's first, then its issuer, then that one's`
}

function wrongInTime({ fromMs, untilMs }: CertificateFacts, nowMs: number): string | undefined {
  if (untilMs <= nowMs) return `has expired at ${instant(untilMs)}: renew it`
  if (fromMs > nowMs) return `counts from ${instant(fromMs)} only: set the clock of this machine right, or wait`
  return undefined
}

/** What OpenSSL refuses for its own reasons: a key that is too short, a signature that is too weak. */
function wrongForTls(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key })
    return undefined
  } catch (error) {
    const { message } = error as Error
    return `is refused by OpenSSL: ${message.replace(/^error:[0-9A-F]*:|SSL routines:[^:]*:/g, '').trim()}`
  }
}

function* warningsOf(chain: readonly X509Certificate[], nowMs: number): Iterable<string> {
  for (const [i, { validToDate, subject }] of chain.entries()) {
    if (i > 0 && validToDate.getTime() <= nowMs)
      yield `has an issuer that has expired (${oneLine(subject)}): take the chain that came with the newest renewal`
  }
  const leaf = chain[0]!
  const isSelfSigned = leaf.subject === leaf.issuer
  if (chain.length === 1 && !isSelfSigned && /CA Issuers - URI:http/.test(leaf.infoAccess ?? ''))
    yield `holds the server's certificate without its issuer (${oneLine(leaf.issuer)}), which many clients do not have: take the full chain (fullchain.pem)`
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
