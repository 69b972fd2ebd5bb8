// The certificate of all peers where clients speak TLS: self-signed, with a P-256 key, made once for each run.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Both in one. */
  readonly bothFile: string
}

let made: { readonly cert: string; readonly key: string } | undefined

/** Writes it into a folder. */
export function certificateIn(folder: string): CertificateFiles {
  const certFile = join(folder, 'tls.pem')
  const keyFile = join(folder, 'tls.key')
  const bothFile = join(folder, 'tls.both.pem')
  if (made === undefined) {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
    const cert = ['-out', certFile, '-days', '30', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', ...key, ...cert], { stdio: 'pipe' })
    made = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  }
  writeFileSync(certFile, made.cert)
  writeFileSync(keyFile, made.key, { mode: 0o600 })
  writeFileSync(bothFile, made.cert + made.key, { mode: 0o600 })
  return { certFile, keyFile, bothFile }
}
