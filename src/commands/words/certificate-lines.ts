// The words of `vigia certificates`, and of `vigia status` about certificates. Pure text.

import type { AuthorityReport, CertificateReport } from '../../admin/contract/certificates.ts'
import { formatAge } from '../../util/words.ts'
import { printable } from './text.ts'
import { withLocalTimes } from './times.ts'
import { wrap } from './wrap.ts'

const CAME = { acme: 'came by ACME', 'self-signed': 'made by vigia itself' } as const
const STATE = {
  ok: 'ok',
  'expires-soon': 'EXPIRES SOON',
  expired: 'EXPIRED',
  'not-yet-valid': 'NOT YET VALID',
} as const

/** A certificate in a few lines. @param nowMs epoch ms @param zone IANA name */
export function certificateLines(
  certificate: CertificateReport,
  nowMs: number,
  columns: number,
  zone: string,
): string[] {
  const { names, issuer, selfSigned, key, notBefore, notAfter, state, came, certFile, listeners, problem } = certificate
  const lines = (text: string) => wrap(withLocalTimes(printable(text), zone), columns, '    ', '  ')
  return [
    ...wrap(`${STATE[state]}  ${printable(names.join(', '))}`, columns, '    '),
    ...lines(`until ${notAfter} (${leftWords(certificate, nowMs)}), from ${notBefore}`),
    ...lines(`issued by ${selfSigned ? 'itself' : issuer}; ${key}`),
    ...lines(`${listenerWords(listeners)}; ${came === 'file' ? `file ${certFile}` : CAME[came]}`),
    ...(problem === null ? [] : lines(`NOT IN USE: ${problem}`)),
  ]
}

/** An authority of clients, or a list of one, in a few lines. @param nowMs epoch ms @param zone IANA name */
export function authorityLines(authority: AuthorityReport, nowMs: number, columns: number, zone: string): string[] {
  const { kind, name, notBefore, notAfter, state, revoked, file, listeners, problem } = authority
  const lines = (text: string) => wrap(withLocalTimes(printable(text), zone), columns, '    ', '  ')
  const until = notAfter === null ? 'no end' : `until ${notAfter} (${leftWords({ notAfter }, nowMs)})`
  return [
    ...wrap(`${STATE[state]}  ${authorityName({ kind, name })}`, columns, '    '),
    ...lines(`${until}, from ${notBefore}${revoked === null ? '' : `; revokes ${revoked}`}`),
    ...lines(`clients of ${listenerWords(listeners)}; file ${file}`),
    ...(problem === null ? [] : lines(`NOT IN USE: ${problem}`)),
  ]
}

/** One sentence about one that has come to its end, or more to know; undefined = there is nothing to say. */
export function authorityTrouble(authority: AuthorityReport, nowMs: number): string | undefined {
  const { state, notAfter, notBefore } = authority
  const who = sentenceName(authority)
  if (state === 'expired')
    return `${who} has EXPIRED, ${leftWords({ notAfter: notAfter! }, nowMs)} (${notAfter}): all its clients are refused.`
  return state === 'not-yet-valid' ? `${who} is NOT YET VALID, until ${notBefore}: its clients are refused.` : undefined
}

export function authorityRemarks(authority: AuthorityReport, nowMs: number): string[] {
  const { state, notAfter, problem } = authority
  const who = sentenceName(authority)
  return [
    ...(state === 'expires-soon' ? [`${who}: ${leftWords({ notAfter: notAfter! }, nowMs)}, until ${notAfter}.`] : []),
    ...(problem === null ? [] : [`${who}: ${printable(problem)}; the former one stays in use.`]),
  ]
}

function authorityName({ kind, name }: Pick<AuthorityReport, 'kind' | 'name'>): string {
  return `${kind === 'authority' ? 'authority' : 'revocation list of'} ${printable(name)}`
}

function sentenceName(authority: AuthorityReport): string {
  return `The ${authorityName(authority)} (clients)`
}

/** Nothing of it needs anybody's hand. */
export function isWell({ state, problem }: Pick<CertificateReport, 'state' | 'problem'>): boolean {
  return state === 'ok' && problem === null
}

/** One sentence about a certificate that has come to its end; undefined = it has not. */
export function certificateTrouble(certificate: CertificateReport, nowMs: number): string | undefined {
  const { state, names, notAfter, notBefore } = certificate
  const who = `The certificate of ${namesWords(names)}`
  if (state === 'expired')
    return `${who} has EXPIRED, ${leftWords(certificate, nowMs)} (${notAfter}): clients refuse it.`
  if (state === 'not-yet-valid') return `${who} is NOT YET VALID, until ${notBefore}: clients refuse it.`
  return undefined
}

/** What else there is to know of it. */
export function certificateRemarks(certificate: CertificateReport, nowMs: number): string[] {
  const { state, names, problem, came } = certificate
  const who = `Certificate of ${namesWords(names)}`
  return [
    ...(state === 'expires-soon' ? [`${who}: ${leftWords(certificate, nowMs)}, until ${certificate.notAfter}.`] : []),
    ...(problem === null ? [] : [`${who}: ${printable(problem)}; the former one stays in use.`]),
    ...(came === 'self-signed'
      ? [`${who}: made by vigia itself, which clients don't trust, until another one comes.`]
      : []),
  ]
}

/** `88 d 3 h left`, `2 h 5 min ago` */
function leftWords({ notAfter }: Pick<CertificateReport, 'notAfter'>, nowMs: number): string {
  const leftMs = Date.parse(notAfter) - nowMs
  return leftMs > 0 ? `${formatAge(leftMs)} left` : `${formatAge(-leftMs)} ago`
}

function listenerWords(listeners: readonly string[]): string {
  return `${listeners.length === 1 ? 'listener' : 'listeners'} ${listeners.join(', ')}`
}

function namesWords([first = '', ...others]: readonly string[]): string {
  return `${printable(first)}${others.length === 0 ? '' : ` and ${others.length} more`}`
}
