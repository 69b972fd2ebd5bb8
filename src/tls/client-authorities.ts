// The authorities whose certificates clients may present, and the lists of those that they have revoked: one reading of both files for
// `vigia check`, reloads and swaps. It opens no file. OpenSSL judges certificates by them; here is said what it would refuse, and why.

import { X509Certificate } from 'node:crypto'
import { oneLine } from './certificate-names.ts'
import { namesInCertificate } from './distinguished-name.ts'
import { isSignedBy, type RevocationList, readRevocationLists } from './revocation-list.ts'

/** An authority, or a list of one. */
export interface AuthorityFacts {
  readonly kind: 'authority' | 'revocation-list'
  /** Distinguished name on one line: its own, or that of the list's issuer. */
  readonly name: string
  /** From when it counts, epoch ms. */
  readonly fromMs: number
  /** Until when, epoch ms; of a list when the next one is to be there. Undefined = it does not say. */
  readonly untilMs: number | undefined
  /** Of a list: how many certificates it revokes. */
  readonly revoked: number | undefined
}

export interface AuthoritiesFault {
  /** Whose fault it is. */
  readonly in: 'ca' | 'revoked'
  /** To follow the file's name: `holds ...`, `is ...`. One line, what to do included. */
  readonly message: string
  /** `time`: it was good once, or will be. `halves`: each may be good, but they do not belong to each other. */
  readonly kind: 'unreadable' | 'halves' | 'time'
}

export interface AuthoritiesReading {
  /** Authorities, then lists. Empty where they could not be read. */
  readonly facts: readonly AuthorityFacts[]
  /** Empty = clients can be judged by them. */
  readonly faults: readonly AuthoritiesFault[]
  /** What is worth a word all the same; each to follow the name of the authorities' file. */
  readonly warnings: readonly string[]
  readonly trust: ClientTrust
}

/** What clients are judged by, as workers get it. */
export interface ClientTrust {
  /** PEM. */
  readonly ca: string
  /** PEM, each by itself. Empty = nothing is revoked. */
  readonly lists: readonly string[]
  /** What they revoke: by issuer (see readName) the serial numbers, hexadecimal in upper case. */
  readonly revoked: ReadonlyMap<string, ReadonlySet<string>>
}

interface Authority {
  readonly certificate: X509Certificate
  /** Its subject, see readName. */
  readonly id: string
  readonly name: string
  readonly fromMs: number
  readonly untilMs: number
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g
/** Each is told to every client (RFC 8446 4.2.4), and ways to read the file would be without end. */
const MOST_AUTHORITIES = 200
const NO_TRUST: ClientTrust = { ca: '', lists: [], revoked: new Map() }

/** @param ca the authorities' file, PEM @param revoked the file of their lists; undefined = there is none @param nowMs epoch ms */
export function readAuthorities(ca: string, revoked: Buffer | undefined, nowMs: number): AuthoritiesReading {
  const authorities = authoritiesOf(ca)
  const lists = revoked === undefined ? [] : readRevocationLists(revoked)
  const faults: AuthoritiesFault[] = []
  if (typeof authorities === 'string') faults.push({ in: 'ca', message: authorities, kind: 'unreadable' })
  if (typeof lists === 'string') faults.push({ in: 'revoked', message: lists, kind: 'unreadable' })
  if (typeof authorities === 'string' || typeof lists === 'string')
    return { facts: [], faults, warnings: [], trust: NO_TRUST }
  faults.push(...wrongInAuthorities(authorities, nowMs))
  if (revoked !== undefined) faults.push(...wrongInLists(lists, authorities, nowMs))
  const isSomeGood = authorities.some(each => isNow(each, nowMs))
  return {
    facts: [...authorities.map(authorityFacts), ...newest(lists).map(listFacts)],
    faults,
    warnings: isSomeGood ? authorities.filter(each => !isNow(each, nowMs)).map(each => outOfTime(each, nowMs)) : [],
    trust: {
      ca: authorities.map(({ certificate }) => certificate.toString()).join(''),
      lists: lists.map(({ pem }) => pem),
      revoked: new Map(newest(lists).map(({ issuer, revoked }) => [issuer.id, new Set(revoked)])),
    },
  }
}

/** Those of a file; or why there are none. */
function authoritiesOf(pem: string): readonly Authority[] | string {
  if (pem.trim() === '') return 'is empty'
  const blocks = pem.match(BLOCK)
  if (blocks === null) return 'holds no PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...'
  if (blocks.length > MOST_AUTHORITIES)
    return `holds ${blocks.length} certificates, at most ${MOST_AUTHORITIES} are taken: leave the authorities that your clients have theirs from`
  const authorities: Authority[] = []
  for (const block of blocks) {
    try {
      const certificate = new X509Certificate(block)
      const { subject, validFromDate, validToDate } = certificate
      const [fromMs, untilMs] = [validFromDate.getTime(), validToDate.getTime()]
      if (Number.isNaN(fromMs) || Number.isNaN(untilMs)) throw new Error()
      const { id } = namesInCertificate(certificate.raw).subject
      authorities.push({ certificate, id, name: oneLine(subject), fromMs, untilMs })
    } catch {
      return `holds a PEM block that is not a certificate (number ${authorities.length + 1} of ${blocks.length})`
    }
  }
  return authorities
}

function* wrongInAuthorities(authorities: readonly Authority[], nowMs: number): Iterable<AuthoritiesFault> {
  for (const { certificate, name } of authorities) {
    // A chain ends with an authority that is its own issuer, as OpenSSL has it.
    if (authorities.some(({ certificate: issuer }) => certificate.checkIssued(issuer))) continue
    const message = `holds ${name} without its issuer (${oneLine(certificate.issuer)}): no client's chain would come to its end, add that`
    yield { in: 'ca', message, kind: 'unreadable' }
  }
  const [first] = authorities
  if (first !== undefined && !authorities.some(each => isNow(each, nowMs)))
    yield { in: 'ca', message: outOfTime(first, nowMs), kind: 'time' }
}

/** OpenSSL wants a list of each authority in a chain, and none that is out of time. */
function* wrongInLists(
  lists: readonly RevocationList[],
  authorities: readonly Authority[],
  nowMs: number,
): Iterable<AuthoritiesFault> {
  for (const list of lists) {
    const issuers = authorities.filter(({ id }) => id === list.issuer.id)
    if (issuers.length === 0 || issuers.some(({ certificate }) => isSignedBy(list, certificate.publicKey) !== false))
      continue
    const message = `holds a list of ${list.issuer.words} that is signed with another key than that of the authority in caFile`
    yield { in: 'revoked', message, kind: 'halves' }
  }
  for (const { issuer, fromMs, untilMs } of newest(lists)) {
    const refused = 'until then all certificates of it are refused'
    if (untilMs !== undefined && untilMs <= nowMs) {
      const message = `holds a list of ${issuer.words} that was to be replaced until ${instant(untilMs)}: fetch the newest; ${refused}`
      yield { in: 'revoked', message, kind: 'time' }
    }
    if (fromMs > nowMs) {
      const message = `holds a list of ${issuer.words} that counts from ${instant(fromMs)} only: set the clock of this machine right, or wait; ${refused}`
      yield { in: 'revoked', message, kind: 'time' }
    }
  }
  const there = new Set(lists.map(({ issuer }) => issuer.id))
  for (const { id, name } of new Map(authorities.map(each => [each.id, each])).values()) {
    if (there.has(id)) continue
    const message = `holds no list of ${name}, an authority in caFile: all certificates of it would be refused, add its list`
    yield { in: 'revoked', message, kind: 'halves' }
  }
}

/** Of each issuer the list that was made last. */
function newest(lists: readonly RevocationList[]): RevocationList[] {
  const byIssuer = new Map<string, RevocationList>()
  for (const list of lists.toSorted((a, b) => a.fromMs - b.fromMs)) byIssuer.set(list.issuer.id, list)
  return [...byIssuer.values()]
}

function isNow({ fromMs, untilMs }: Authority, nowMs: number): boolean {
  return fromMs <= nowMs && nowMs < untilMs
}

function outOfTime({ name, fromMs, untilMs }: Authority, nowMs: number): string {
  return untilMs <= nowMs
    ? `holds ${name}, which has expired at ${instant(untilMs)}: its certificates are refused, take the authority's new one`
    : `holds ${name}, which counts from ${instant(fromMs)} only: until then its certificates are refused`
}

function authorityFacts({ name, fromMs, untilMs }: Authority): AuthorityFacts {
  return { kind: 'authority', name, fromMs, untilMs, revoked: undefined }
}

function listFacts({ issuer, fromMs, untilMs, revoked }: RevocationList): AuthorityFacts {
  return { kind: 'revocation-list', name: issuer.words, fromMs, untilMs, revoked: revoked.length }
}

function instant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
