// Authorities of clients that are files: the authorities, and the lists of what they have revoked.

import type { AuthorityFiles } from '../../plan/tls.ts'
import { type AuthorityFacts, type ClientTrust, readAuthorities } from '../../tls/client-authorities.ts'
import type { CertificateEvent } from './certificate-event.ts'
import { inFile, readNow } from './file-read.ts'
import type { LiveFault, LiveKind, LiveRead } from './live-files.ts'

/** What the two files hold, or the one. */
export interface AuthoritiesRead extends LiveRead {
  readonly facts: readonly AuthorityFacts[]
  readonly trust: ClientTrust
}

export function authorityFiles(tell: (event: CertificateEvent) => void): LiveKind<AuthorityFiles, AuthoritiesRead> {
  return {
    name: 'the authorities of clients',
    idOf: authoritiesId,
    read,
    swapped: (files, before, now) =>
      tell({ type: 'certificate', kind: 'authorities-swapped', files, before: before.facts, now: now.facts }),
    refused: (files, why) => tell({ type: 'certificate', kind: 'authorities-refused', files, why }),
    restored: files => tell({ type: 'certificate', kind: 'authorities-restored', files }),
  }
}

export function authoritiesId({ caFile, revokedFile }: AuthorityFiles): string {
  return `${caFile}\0${revokedFile ?? ''}`
}

async function read({ caFile, revokedFile }: AuthorityFiles, nowMs: number): Promise<AuthoritiesRead> {
  const ca = await readNow(caFile)
  const revoked = revokedFile === undefined ? undefined : await readNow(revokedFile)
  const inputs = new Map([[caFile, ca.print]])
  const faults: LiveFault[] = []
  if (ca.why !== undefined) faults.push({ why: inFile(caFile, ca.why), kind: 'unreadable' })
  if (revokedFile !== undefined && revoked !== undefined) {
    inputs.set(revokedFile, revoked.print)
    if (revoked.why !== undefined) faults.push({ why: inFile(revokedFile, revoked.why), kind: 'unreadable' })
  }
  const { facts, faults: found, trust } = readAuthorities(ca.bytes.toString('utf8'), revoked?.bytes, nowMs)
  // What could not be read is not empty.
  if (faults.length === 0)
    for (const { in: half, message, kind } of found)
      faults.push({ why: inFile(half === 'ca' ? caFile : revokedFile!, message), kind })
  return { facts, trust, faults, inputs, content: [...inputs.values()].join('\0') }
}
