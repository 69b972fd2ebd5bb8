// vigia certificates: the certificates that a running vigia shows to its clients, and the authorities of theirs: whose, by whom, how long they
// last. vigia certificates
// renew: a new one for a name that has its own by ACME.

import type { AcmeNameReport, CertificatesReport } from '../../admin/contract/certificates.ts'
import { acmeLines, isWellByAcme } from '../words/acme-lines.ts'
import { authorityLines, certificateLines, isWell } from '../words/certificate-lines.ts'
import { ASKED } from '../words/exit-codes.ts'
import { hereZone } from '../words/times.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, postChange } from './client/admin-client.ts'
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
    const columns = process.stdout.isTTY === true ? process.stdout.columns : WIDE
    for (const certificate of json ? [] : all) {
      console.log(certificateLines(certificate, Date.now(), columns, hereZone()).join('\n'))
    }
    const { acme, authorities } = report
    for (const authority of json ? [] : authorities) {
      console.log(authorityLines(authority, Date.now(), columns, hereZone()).join('\n'))
    }
    if (!json && acme !== null) console.log(acmeLines(acme, Date.now(), columns, hereZone()).join('\n'))
    return [...all, ...authorities].every(isWell) && (acme === null || isWellByAcme(acme)) ? ASKED.done : ASKED.refused
  } catch (error) {
    return failed('certificates', error)
  }
}

export interface RenewOptions extends CertificatesOptions {
  readonly reason: string
  /** Default: the user of the operating system. */
  readonly by?: string
  /** Also where the store can't record it now. */
  readonly unrecorded?: boolean
}

/** Resolves with the exit code; where it is 0, the order is about to begin. */
export async function renewCertificate(
  name: string,
  { admin, json, reason, by = userName(), unrecorded = false }: RenewOptions,
): Promise<number> {
  try {
    const path = `/certificates/${encodeURIComponent(name)}/renew`
    const state = await postChange(admin, path, { reason, by, ...(unrecorded && { unrecorded }) })
    const { name: renewed } = state as AcmeNameReport
    if (json) console.log(JSON.stringify(state, null, 2))
    else console.log(`${renewed}: a new certificate is ordered; vigia certificates says what comes of it`)
    return ASKED.done
  } catch (error) {
    return failed(`certificates renew ${name}`, error)
  }
}
