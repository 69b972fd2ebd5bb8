// Looks at the certificates, keys, authorities of clients and the ticket key that a configuration names: whether they can be served now. They are no part of the
// configuration; who serves them reads them again.

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type PairFault, readPair } from '../../tls/certificate.ts'
import { readAuthorities } from '../../tls/client-authorities.ts'
import { readTicketKey } from '../../tls/ticket-key.ts'
import type { NamedAuthorities } from '../forms/authority-files.ts'
import type { NamedPair } from '../forms/certificate-pair.ts'
import { error, type Finding, type Path, quote, warning } from '../forms/problem.ts'
import { readBytes } from './files.ts'

/** What there is to say of a certificate that can be served. */
export interface CheckedCertificate {
  /** Of the entry that names it. */
  readonly path: Path
  readonly names: readonly string[]
  /** Epoch ms. */
  readonly untilMs: number
}

export interface LiveFiles {
  readonly pairs: readonly NamedPair[]
  readonly authorities: readonly NamedAuthorities[]
  readonly ticketKey: { readonly path: Path; readonly file: string } | undefined
}

export interface LookedAt {
  readonly findings: readonly Finding[]
  readonly inputs: ReadonlyMap<string, string>
  readonly certificates: readonly CheckedCertificate[]
}

export interface LookOptions {
  /** Of the configuration. */
  readonly folder: string
  /** Folders in which links are not followed. */
  readonly guarded?: readonly string[] | undefined
  /** Epoch ms. */
  readonly nowMs: number
  /** Of one that has expired: what ran must be able to run again. */
  readonly ifTime: Finding['severity']
}

const READABLE_BY_ALL = 0o004

export function lookAtCertificates({ pairs, authorities, ticketKey }: LiveFiles, options: LookOptions): LookedAt {
  const { folder, guarded, nowMs, ifTime } = options
  const findings: Finding[] = []
  const inputs = new Map<string, string>()
  const certificates: CheckedCertificate[] = []
  const read = (path: Path, file: string): Buffer | undefined => {
    const absolute = resolve(folder, file)
    const found = readBytes(absolute, guarded)
    inputs.set(absolute, found.print)
    if ('bytes' in found) return found.bytes
    findings.push(error(path, `the file ${quote(file)} ${found.failed}`))
    return undefined
  }
  for (const { path, certFile, keyFile } of pairs) {
    const places = { certificate: [...path, 'certFile'], key: [...path, 'keyFile'] } as const
    const cert = read(places.certificate, certFile)
    const key = read(places.key, keyFile)
    if (cert === undefined || key === undefined) continue
    const { facts, faults, warnings } = readPair(cert.toString('utf8'), key.toString('utf8'), nowMs)
    const words = ({ in: half, message }: PairFault) =>
      `the file ${quote(half === 'key' ? keyFile : certFile)} ${message}`
    for (const fault of faults)
      findings.push({ ...error(places[fault.in], words(fault)), severity: fault.kind === 'time' ? ifTime : 'error' })
    for (const each of warnings) findings.push(warning(places.certificate, `the file ${quote(certFile)} ${each}`))
    findings.push(...readableByAll(places.key, keyFile, folder))
    if (facts !== undefined) certificates.push({ path, names: facts.names, untilMs: facts.untilMs })
  }
  for (const { path, caFile, revokedFile } of authorities) {
    const places = { ca: [...path, 'caFile'], revoked: [...path, 'revokedFile'] }
    const ca = read(places.ca, caFile)
    const revoked = revokedFile === undefined ? undefined : read(places.revoked, revokedFile)
    if (ca === undefined || (revokedFile !== undefined && revoked === undefined)) continue
    const { faults, warnings } = readAuthorities(ca.toString('utf8'), revoked, nowMs)
    for (const { in: half, message, kind } of faults) {
      const words = `the file ${quote(half === 'ca' ? caFile : revokedFile!)} ${message}`
      findings.push({ ...error(places[half], words), severity: kind === 'time' ? ifTime : 'error' })
    }
    for (const each of warnings) findings.push(warning(places.ca, `the file ${quote(caFile)} ${each}`))
  }
  if (ticketKey !== undefined) {
    const bytes = read(ticketKey.path, ticketKey.file)
    const found = bytes && readTicketKey(bytes)
    if (found && 'wrong' in found)
      findings.push(error(ticketKey.path, `the file ${quote(ticketKey.file)} ${found.wrong}`))
    findings.push(...readableByAll(ticketKey.path, ticketKey.file, folder))
  }
  return { findings, inputs, certificates }
}

function* readableByAll(path: Path, file: string, folder: string): Iterable<Finding> {
  const stat = statSync(resolve(folder, file), { throwIfNoEntry: false })
  if (stat !== undefined && (stat.mode & READABLE_BY_ALL) !== 0)
    yield warning(path, `the file ${quote(file)} can be read by everyone on this machine: chmod 640 it, or less`)
}
