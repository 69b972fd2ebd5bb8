// Puts together what workers need: each certificate once for all listeners that serve it, and which are the defaults. Pure.

import type { ServedCertificate } from '../../shared/tls-material.ts'
import type { CertificateFacts } from '../../tls/certificate.ts'

/** A certificate that a listener serves. */
export interface ListenedCertificate {
  readonly listener: string
  readonly cert: string
  readonly key: string
  readonly facts: CertificateFacts
}

/**
 * @param certificates of each listener in the order in which they count: the first is its default, together with one for the same names
 * whose key is of the other type
 */
export function servedCertificates(certificates: readonly ListenedCertificate[]): ServedCertificate[] {
  const firsts = new Map<string, ListenedCertificate>()
  const served = new Map<string, ServedCertificate & { listeners: string[] }>()
  for (const each of certificates) {
    const { listener, cert, key, facts } = each
    const first = firsts.get(listener) ?? each
    firsts.set(listener, first)
    const isDefault = first.facts.fingerprint === facts.fingerprint || isTwin(first.facts, facts)
    const id = `${isDefault} ${facts.fingerprint}`
    const known = served.get(id)
    if (known === undefined) {
      const { names, keyType } = facts
      served.set(id, { listeners: [listener], names, keyType, cert, key, isDefault })
    } else if (!known.listeners.includes(listener)) known.listeners.push(listener)
  }
  return [...served.values()]
}

function isTwin(a: CertificateFacts, b: CertificateFacts): boolean {
  return a.keyType !== b.keyType && a.names.length === b.names.length && a.names.every(name => b.names.includes(name))
}
