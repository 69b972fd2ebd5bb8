// Certificates that are files: a certificate and its key, both or neither. What they hold leaves this room to workers only.

import type { CertificateFiles } from '../../plan/tls.ts'
import { type CertificateFacts, readPair } from '../../tls/certificate.ts'
import type { CertificateEvent } from './certificate-event.ts'
import { inFile, readNow } from './file-read.ts'
import type { LiveFault, LiveKind, LiveRead } from './live-files.ts'

/** What two files hold. */
export interface PairRead extends LiveRead {
  readonly cert: string
  readonly key: string
  /** Undefined = the certificate could not be read. */
  readonly facts: CertificateFacts | undefined
  readonly warnings: readonly string[]
}

export function pairFiles(tell: (event: CertificateEvent) => void): LiveKind<CertificateFiles, PairRead> {
  return {
    name: 'certificates',
    idOf: ({ certFile, keyFile }) => `${certFile}\0${keyFile}`,
    read,
    swapped: (files, before, { facts, warnings }) =>
      tell({ type: 'certificate', kind: 'swapped', files, before: before.facts!, now: facts!, warnings }),
    refused: (files, why, { facts }) => tell({ type: 'certificate', kind: 'refused', files, why, inUse: facts! }),
    restored: (files, { facts }) => tell({ type: 'certificate', kind: 'restored', files, inUse: facts! }),
  }
}

async function read({ certFile, keyFile }: CertificateFiles, nowMs: number): Promise<PairRead> {
  const [certRead, keyRead] = await Promise.all([readNow(certFile), readNow(keyFile)])
  const inputs = new Map([
    [certFile, certRead.print],
    [keyFile, keyRead.print],
  ])
  const [cert, key] = [certRead.bytes.toString('utf8'), keyRead.bytes.toString('utf8')]
  const unread: LiveFault[] = []
  if (certRead.why !== undefined) unread.push({ why: inFile(certFile, certRead.why), kind: 'unreadable' })
  if (keyRead.why !== undefined) unread.push({ why: inFile(keyFile, keyRead.why), kind: 'unreadable' })
  const all = { cert, key, inputs, content: `${cert}\0${key}` }
  if (unread.length > 0) return { ...all, facts: undefined, faults: unread, warnings: [] }
  const { facts, faults, warnings } = readPair(cert, key, nowMs)
  const told = faults.map(({ in: half, message, kind }) => ({
    why: inFile(half === 'key' ? keyFile : certFile, message),
    kind,
  }))
  return { ...all, facts, faults: told, warnings }
}
