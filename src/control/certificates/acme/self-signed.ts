// A certificate that nobody has signed, for names that have no other yet: made anew when it is for other names. It lives in memory only.

import type { KeyAndCertificate } from './x509.ts'

const DAYS = 365

export class SelfSigned {
  #names: readonly string[] = []
  #pair: KeyAndCertificate | undefined

  /** Undefined = it has not been made. */
  get pair(): KeyAndCertificate | undefined {
    return this.#pair
  }

  /** Resolves when there is one for all of these names. */
  async prepare(names: readonly string[]): Promise<void> {
    if (names.every(name => this.#names.includes(name))) return
    const { selfSigned } = await import('./x509.ts')
    this.#pair = await selfSigned(names, DAYS, Date.now())
    this.#names = names
  }
}
