// A certificate that nobody has signed, for names that have no other yet: made anew when it is for other names. It lives in memory only.

import type { CertificateSource, SourceOf, SuppliedCertificate } from '../certificate-source.ts'
import type { KeyAndCertificate } from './x509.ts'

const DAYS = 365

export class SelfSigned implements CertificateSource {
  readonly came = 'self-signed'
  readonly #missing: (wanted: SourceOf) => readonly string[]
  readonly #made: (names: readonly string[]) => void
  #names: readonly string[] = []
  #pair: KeyAndCertificate | undefined

  /** @param missing names that have no certificate @param made called for each that is made */
  constructor(missing: (wanted: SourceOf) => readonly string[], made: (names: readonly string[]) => void) {
    this.#missing = missing
    this.#made = made
  }

  async prepare(wanted: SourceOf): Promise<void> {
    const names = this.#missing(wanted)
    if (names.every(name => this.#names.includes(name))) return
    const { selfSigned } = await import('./x509.ts')
    this.#pair = await selfSigned(names, DAYS, Date.now())
    this.#names = names
    this.#made(names)
  }

  certificatesFor(wanted: SourceOf): readonly SuppliedCertificate[] {
    if (this.#pair === undefined || this.#missing(wanted).length === 0) return []
    const { cert, key } = this.#pair
    return [{ listeners: withoutFiles(wanted), cert, key }]
  }
}

/** Names of the listeners with TLS whose certificates are no files. */
export function withoutFiles({ listeners }: SourceOf): string[] {
  return listeners.filter(({ tls }) => tls?.certificates.length === 0).map(({ name }) => name)
}
