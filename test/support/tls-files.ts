// Certificates and keys in files, as a configuration names them.

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MadeCertificate, type MakeOptions, makeCertificate } from './certificates.ts'

export interface CertificatePair extends MadeCertificate {
  readonly certFile: string
  readonly keyFile: string
}

/** Each option makes one, in a folder of its own. */
export async function certificateFiles(...all: readonly MakeOptions[]): Promise<CertificatePair[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-tls-'))
  return Promise.all(
    all.map(async (options, i) => {
      const made = await makeCertificate(options)
      const certFile = join(folder, `${i}.pem`)
      const keyFile = join(folder, `${i}.key`)
      await writeFile(certFile, made.cert)
      await writeFile(keyFile, made.key, { mode: 0o600 })
      return { ...made, certFile, keyFile }
    }),
  )
}
