// vigia certificates: the certificates that a running vigia shows to its clients: whose, by whom, how long they last.

import type { CertificatesReport } from '../../admin/contract/certificates.ts'
import { certificateLines, isWell } from '../words/certificate-lines.ts'
import { ASKED } from '../words/exit-codes.ts'
import { hereZone } from '../words/times.ts'
import { fetchJson } from './admin-client.ts'
import { failed } from './operate.ts'

export interface CertificatesOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

/** Where nobody counts the columns. */
const WIDE = 80

/** Resolves with the exit code; 0 = none ends soon, and what the files hold is in use. */
export async function listCertificates({ admin, json }: CertificatesOptions): Promise<number> {
  try {
    const report = (await fetchJson(admin, '/certificates')) as CertificatesReport
    const all = report.certificates.toSorted((a, b) => a.notAfter.localeCompare(b.notAfter))
    if (json) console.log(JSON.stringify(report, null, 2))
    else if (all.length === 0) console.log('no certificates: no listener has tls')
    for (const certificate of json ? [] : all) {
      const columns = process.stdout.isTTY === true ? process.stdout.columns : WIDE
      console.log(certificateLines(certificate, Date.now(), columns, hereZone()).join('\n'))
    }
    return all.every(isWell) ? ASKED.done : ASKED.refused
  } catch (error) {
    return failed('certificates', error)
  }
}
