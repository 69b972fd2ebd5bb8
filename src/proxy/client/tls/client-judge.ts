// Whether the certificates of clients are accepted: at the handshake by OpenSSL's verdict, and again when there are other authorities, when
// another certificate is revoked, or when one has come to its end.

import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ClientCertificatesPlan } from '../../../plan/tls.ts'
import type { ClientTrust } from '../../../tls/client-authorities.ts'
import {
  type CertificateRefusal,
  type ClientCertificate,
  clientCertificate,
  refusalBy,
  refusalOf,
  refusalWords,
} from '../../../tls/client-certificate.ts'

/** What a client has presented. */
export interface Presented {
  /** Undefined = none, or none that can be read. */
  readonly certificate: ClientCertificate | undefined
  readonly refused: CertificateRefusal | undefined
  /** Why, for the operator: one line. */
  readonly words: string
}

/** What a TLSSocket has of OpenSSL beside what is documented: null = the certificate is good. */
interface Verifying {
  readonly _handle: { verifyError(): (Error & { readonly code: string }) | null } | null
}

/** More issuers than OpenSSL follows. */
const MOST_ISSUERS = 100
const NOTHING: Presented = { certificate: undefined, refused: undefined, words: '' }

export class ClientJudge {
  readonly required: boolean
  readonly #authorities: readonly X509Certificate[]
  readonly #revoked: ClientTrust['revoked']
  readonly #accepted = new WeakSet<ClientCertificate>()

  constructor({ mode }: ClientCertificatesPlan, { ca, revoked }: ClientTrust) {
    this.required = mode === 'require'
    this.#authorities = ca.split(/(?<=-----END CERTIFICATE-----\n)/).map(pem => new X509Certificate(pem))
    this.#revoked = revoked
  }

  /** At the end of a handshake. Whatever goes wrong here, the client is refused. */
  presented(socket: TLSSocket): Presented {
    const own = socket.getPeerX509Certificate()
    if (own === undefined)
      return this.required ? { ...NOTHING, refused: 'certificate-missing', words: 'it has none' } : NOTHING
    let certificate: ClientCertificate | undefined
    try {
      certificate = clientCertificate(chainOf(own))
    } catch {
      return { ...NOTHING, refused: 'certificate-unverified', words: 'it can be read in parts only' }
    }
    const handle = (socket as unknown as Verifying)._handle
    if (handle === null) return { certificate, refused: 'certificate-unverified', words: 'the connection is gone' }
    const verdict = handle.verifyError()
    if (verdict) {
      const { code, message } = verdict
      return { certificate, refused: refusalOf(code), words: refusalWords(code, message) }
    }
    // The handshake may have begun with other authorities.
    const refused = this.refusalNow(certificate, Date.now())
    return { certificate, refused, words: refused ?? '' }
  }

  /** Of one that is connected. @param nowMs epoch ms */
  refusalNow(certificate: ClientCertificate | undefined, nowMs: number): CertificateRefusal | undefined {
    if (certificate === undefined) return this.required ? 'certificate-missing' : undefined
    return certificate.untilMs <= nowMs ? 'certificate-expired' : this.#verdictOn(certificate)
  }

  /** To verify a chain takes a tenth of a millisecond. */
  #verdictOn(certificate: ClientCertificate): CertificateRefusal | undefined {
    if (this.#accepted.has(certificate)) return undefined
    const refused = refusalBy(certificate, { authorities: this.#authorities, revoked: this.#revoked })
    if (refused === undefined) this.#accepted.add(certificate)
    return refused
  }
}

function chainOf(own: X509Certificate): X509Certificate[] {
  const chain = [own]
  for (
    let next = own.issuerCertificate;
    next !== undefined && chain.length < MOST_ISSUERS;
    next = next.issuerCertificate
  ) {
    chain.push(next)
    if (next.subject === next.issuer) break
  }
  return chain
}
