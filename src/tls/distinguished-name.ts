// Distinguished names in DER: one spelling of each, to tell whether two are the same (RFC 5280 7.1), and words for people.

import { DerReader, TAG } from './der.ts'

export interface DistinguishedName {
  /** Two that are the same have the same. */
  readonly id: string
  /** On one line, the nearest attribute first: `CN=Partner CA, O=Partner`. */
  readonly words: string
}

const TYPES: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
}

/** Names stand in logs, on one line. */
const CONTROL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/** @param der a Name @throws BadDer */
export function readName(der: Buffer): DistinguishedName {
  const parts: { id: string; words: string }[] = []
  const sequence = new DerReader(der).within(TAG.sequence)
  while (!sequence.isAtEnd) {
    const set = sequence.within(TAG.set)
    while (!set.isAtEnd) {
      const attribute = set.within(TAG.sequence)
      const type = attribute.content(TAG.objectIdentifier).toString('hex')
      const isWide = attribute.tag === TAG.bmpString
      const value = textOf(attribute.content(), isWide)
      parts.push({ id: `${type}=${plain(value)}`, words: `${TYPES[type] ?? type}=${value}` })
    }
  }
  return {
    id: parts.map(({ id }) => id).join('\n'),
    words: parts
      .map(({ words }) => words)
      .reverse()
      .join(', '),
  }
}

/** Of a certificate. @param der the whole of it @throws BadDer */
export function namesInCertificate(der: Buffer): {
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
} {
  const certificate = new DerReader(der).within(TAG.sequence).within(TAG.sequence)
  certificate.skip(TAG.version)
  certificate.content(TAG.integer)
  certificate.content(TAG.sequence)
  const issuer = readName(certificate.whole(TAG.sequence))
  certificate.content(TAG.sequence)
  return { issuer, subject: readName(certificate.whole(TAG.sequence)) }
}

function textOf(bytes: Buffer, isWide: boolean): string {
  const isUtf16 = isWide && bytes.length % 2 === 0
  const text = isUtf16 ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('utf8')
  return text.replace(CONTROL, '?')
}

/** Case and width of spaces make no difference. */
function plain(value: string): string {
  return value.trim().replace(/\s+/g, ' ').toLowerCase()
}
