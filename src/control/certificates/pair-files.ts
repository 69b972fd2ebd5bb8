// Reads a certificate and its key from their files, both or neither. What they hold leaves this room to workers only.

import { fingerprint, fingerprintOfFailure, type Inputs } from '../../config/read/inputs.ts'
import { readRegularFileAside } from '../../config/read/regular-file.ts'
import type { CertificateFiles } from '../../plan/tls.ts'
import { type PairFault, type PairReading, readPair } from '../../tls/certificate.ts'

/** What two files hold. */
export interface PairRead extends PairReading {
  readonly cert: string
  readonly key: string
  /** What was read, for the watch. */
  readonly inputs: Inputs
}

/** Never rejects. @param nowMs epoch ms */
export async function readPairFiles({ certFile, keyFile }: CertificateFiles, nowMs: number): Promise<PairRead> {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)])
  const inputs = new Map([
    [certFile, cert.print],
    [keyFile, key.print],
  ])
  const unread: PairFault[] = []
  if (cert.why !== undefined) unread.push({ in: 'certificate', message: cert.why, kind: 'unreadable' })
  if (key.why !== undefined) unread.push({ in: 'key', message: key.why, kind: 'unreadable' })
  const read =
    unread.length > 0 ? { facts: undefined, faults: unread, warnings: [] } : readPair(cert.text, key.text, nowMs)
  return { ...read, cert: cert.text, key: key.text, inputs }
}

async function readText(file: string): Promise<{ text: string; print: string; why?: string }> {
  try {
    const found = await readRegularFileAside(file)
    if ('not' in found) return { text: '', print: found.not, why: `is ${found.not}` }
    return { text: found.bytes.toString('utf8'), print: fingerprint(found.bytes) }
  } catch (error) {
    const print = fingerprintOfFailure(error)
    return { text: '', print, why: `cannot be read (${print})` }
  }
}
