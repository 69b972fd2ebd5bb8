// Looks at the ends of the certificates in use, and tells each mark that one passes once. When that is says policy/certificates/expiry.ts.

import { type ExpiryMark, expiryMark } from '../../policy/certificates/expiry.ts'
import type { CertificateFacts } from '../../tls/certificate.ts'
import type { CertificateEvent } from './certificate-event.ts'

export class ExpiryWatch {
  readonly #tell: (event: CertificateEvent) => void
  /** What was told last, by fingerprint. */
  #told = new Map<string, ExpiryMark>()

  constructor(tell: (event: CertificateEvent) => void) {
    this.#tell = tell
  }

  /** @param inUse all of them: what was told of others is forgotten @param nowMs epoch ms */
  look(inUse: readonly CertificateFacts[], nowMs: number): void {
    const told = new Map<string, ExpiryMark>()
    for (const facts of inUse) {
      const mark = expiryMark(facts, nowMs)
      // A clock that was set back makes what was told untrue: it is told again when its time comes.
      if (mark === undefined || told.has(facts.fingerprint)) continue
      const before = this.#told.get(facts.fingerprint)
      told.set(facts.fingerprint, mark)
      if (before === undefined || mark < before)
        this.#tell({ type: 'certificate', kind: 'expires', inUse: facts, mark })
    }
    this.#told = told
  }
}
