// A certificate and its key as a document names them: two files that are read and watched by themselves, since a renewed certificate is no
// other configuration. Reads no file.

import type { CertificateFiles } from '../../plan/tls.ts'
import type { Path } from './problem.ts'
import { section, text } from './schema-blocks.ts'

export const certificateSchema = section(
  {
    certFile: text(
      'the path of a file',
      'File with the certificate in PEM, and behind it those of its chain, the issuer of each after it (certbot calls it fullchain.pem). Watched, whatever `watch` says: a renewed one is used for new connections as soon as both files have it.',
    ),
    keyFile: text('the path of a file', 'File with its private key in PEM, without a passphrase.'),
  },
  'A certificate and its key. Paths are relative to the configuration file.',
)

export interface NamedPair extends CertificateFiles {
  /** Of the entry that names both. */
  readonly path: Path
}

/** @param at path of the list */
export function namedPairs(certificates: readonly CertificateFiles[], at: Path): NamedPair[] {
  return certificates.map((files, i) => ({ ...files, path: [...at, i] }))
}

/** @param resolvePath makes a path of the document absolute */
export function compilePairs(
  certificates: readonly CertificateFiles[],
  resolvePath: (path: string) => string,
): CertificateFiles[] {
  return certificates.map(({ certFile, keyFile }) => ({
    certFile: resolvePath(certFile),
    keyFile: resolvePath(keyFile),
  }))
}
