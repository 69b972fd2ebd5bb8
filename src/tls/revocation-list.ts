// Certificate revocation lists (RFC 5280 5): whose, from when to when they count, and which certificates they revoke. node:crypto can't
// read them, and @peculiar/x509 refuses one of 20,000 entries; whether a client is revoked at its handshake says OpenSSL.

import { type KeyObject, verify } from 'node:crypto'
import { BadDer, DerReader, TAG } from './der.ts'
import { type DistinguishedName, readName } from './distinguished-name.ts'

export interface RevocationList {
  readonly issuer: DistinguishedName
  /** When it was made, epoch ms. */
  readonly fromMs: number
  /** When the next one is to be there, epoch ms; undefined = it does not say. */
  readonly untilMs: number | undefined
  /** Serial numbers as node:crypto writes them: hexadecimal, upper case. */
  readonly revoked: readonly string[]
  /** As node:tls takes it. */
  readonly pem: string
  readonly der: Buffer
}

const BLOCK = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g
const SEQUENCE_OF_MANY = 0x30
/** Ways to read it would be without end. */
const MOST_LISTS = 100
/** What of signatures is judged here, by OID; the others are left to OpenSSL. */
const HASHES: Readonly<Record<string, string>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
}

/** @param bytes of a file: lists in PEM, or one in DER @returns why there are none, to follow the file's name */
export function readRevocationLists(bytes: Buffer): readonly RevocationList[] | string {
  if (bytes.length === 0) return 'is empty'
  const blocks = bytes[0] === SEQUENCE_OF_MANY ? [bytes] : blocksOf(bytes.toString('latin1'))
  if (blocks.length === 0) return 'holds no revocation list, expected "-----BEGIN X509 CRL-----" ...'
  if (blocks.length > MOST_LISTS) return `holds ${blocks.length} revocation lists, at most ${MOST_LISTS} are taken`
  const lists: RevocationList[] = []
  for (const block of blocks) {
    try {
      lists.push(readList(block))
    } catch (error) {
      if (!(error instanceof BadDer)) throw error
      return `holds a block that is not a revocation list (number ${lists.length + 1} of ${blocks.length})`
    }
  }
  return lists
}

/** Whether the list is signed with this key; undefined = only OpenSSL can tell. */
export function isSignedBy({ der }: RevocationList, key: KeyObject): boolean | undefined {
  try {
    const list = new DerReader(der).within(TAG.sequence)
    const signed = list.whole(TAG.sequence)
    const hash = HASHES[list.within(TAG.sequence).content(TAG.objectIdentifier).toString('hex')]
    // Its first byte says how many bits of the last one do not count: none.
    const signature = list.content(TAG.bitString).subarray(1)
    return hash === undefined ? undefined : verify(hash, signed, key, signature)
  } catch {
    // An algorithm that is not one, or none for this kind of key.
    return undefined
  }
}

function blocksOf(text: string): Buffer[] {
  return [...text.matchAll(BLOCK)].map(([, base64 = '']) => Buffer.from(base64, 'base64'))
}

function readList(der: Buffer): RevocationList {
  const outer = new DerReader(der).within(TAG.sequence)
  const list = outer.within(TAG.sequence)
  outer.content(TAG.sequence)
  outer.content(TAG.bitString)
  list.skip(TAG.integer)
  list.content(TAG.sequence)
  const issuer = readName(list.whole(TAG.sequence))
  const fromMs = timeOf(list)
  const hasNext = list.tag === TAG.utcTime || list.tag === TAG.generalizedTime
  const untilMs = hasNext ? timeOf(list) : undefined
  const revoked: string[] = []
  if (list.tag === TAG.sequence) {
    const entries = list.within(TAG.sequence)
    while (!entries.isAtEnd) revoked.push(serialOf(entries.within(TAG.sequence).content(TAG.integer)))
  }
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return {
    issuer,
    fromMs,
    untilMs,
    revoked,
    pem: `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`,
    der,
  }
}

/** A zero stands in front of a number whose first bit is set. */
function serialOf(bytes: Buffer): string {
  return (bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('hex').toUpperCase()
}

/** YYMMDDHHMMSSZ until 2049, then YYYYMMDDHHMMSSZ (RFC 5280 5.1.2.4). */
function timeOf(list: DerReader): number {
  const isShort = list.tag === TAG.utcTime
  const text = list.content(isShort ? TAG.utcTime : TAG.generalizedTime).toString('latin1')
  const century = isShort ? (Number(text.slice(0, 2)) < 50 ? '20' : '19') : ''
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + text)
  if (parts === null) throw new BadDer()
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number)
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!)
}
