// A file that the configuration names, and whether what it holds is what its key asks for. It reads no file; what one holds stays
// out of every message.

import { X509Certificate } from 'node:crypto'
import { isHeaderValue } from './http.ts'
import type { Path } from './problem.ts'

export interface NamedFile {
  /** Of the key that names it. */
  readonly path: Path
  /** As the document writes it. */
  readonly file: string
  /** `base64`: it is no text, and its content is handed on so. */
  readonly encoding?: 'base64'
  /** What is wrong with its content, to follow `the file "NAME" `; undefined = nothing. */
  readonly wrongIn: (content: string) => string | undefined
}

/** Contents by the name that the document uses; a newline at the end is dropped. */
export type Contents = ReadonlyMap<string, string>

export function wrongInCertificates(pem: string): string | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  try {
    if (blocks?.every(block => new X509Certificate(block).raw.length > 0)) return undefined
  } catch {
    // Said below.
  }
  return 'holds no valid PEM certificate, expected "-----BEGIN CERTIFICATE-----" ...'
}

export function wrongInHeaderFile(content: string): string | undefined {
  return isHeaderValue(content) ? undefined : 'holds more than one line, or characters that a header value cannot have'
}
