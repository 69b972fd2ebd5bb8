// The secure contexts of one listener, one for each set of certificates that clients may get, and whose certificates they may have. They hold until certificates, ticket keys or
// the listener's plan change; connections that have begun keep theirs.

import { constants, hash } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { ListenerTls } from '../../../plan/tls.ts'
import type { ClientAuthorities, ServedCertificate, TlsMaterial } from '../../../shared/tls-material.ts'
import { CertificateChoice } from '../../../tls/certificate-choice.ts'
import type { ClientTrust } from '../../../tls/client-authorities.ts'

/**
 * Forward secrecy and AEAD only (RFC 9325 4.2). The client's order counts: it knows what its machine is fast at.
 * TLS 1.3 has none but such.
 */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

export class SecureContexts {
  readonly #listener: string
  readonly #tls: ListenerTls
  readonly #ticketKeys: Buffer
  readonly #choice: CertificateChoice<ServedCertificate>
  readonly #trust: ClientTrust | undefined
  /** Each is made when the first client asks for it: a listener may have hundreds. */
  readonly #made = new Map<readonly ServedCertificate[], SecureContext>()

  constructor(listener: string, tls: ListenerTls, { certificates, ticketKeys, authorities }: TlsMaterial) {
    this.#listener = listener
    this.#tls = tls
    this.#ticketKeys = Buffer.from(ticketKeys)
    this.#trust = trustOf(tls, authorities)
    this.#choice = new CertificateChoice(certificates.filter(({ listeners }) => listeners.includes(listener)))
  }

  /** @param serverName undefined = the client names none @returns undefined = the listener has no certificate @throws what OpenSSL says of one that it can't use */
  of(serverName: string | undefined): SecureContext | undefined {
    const certificates = this.#choice.of(serverName)
    if (certificates.length === 0) return undefined
    let context = this.#made.get(certificates)
    if (!context) {
      context = this.#make(certificates)
      this.#made.set(certificates, context)
    }
    return context
  }

  #make(certificates: readonly ServedCertificate[]): SecureContext {
    const { clients } = this.#tls
    const trust = this.#trust
    if (clients && !trust) throw new Error(`the authorities of ${clients.caFile} are not there`)
    return createSecureContext({
      cert: certificates.map(({ cert }) => cert),
      key: certificates.map(({ key }) => key),
      minVersion: this.#tls.minVersion,
      ciphers: CIPHERS,
      // A session that is resumed keeps a certificate that has been revoked since.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (clients ? constants.SSL_OP_NO_TICKET : 0),
      ...(trust && { ca: trust.ca, ...(trust.lists.length > 0 && { crl: [...trust.lists] }) }),
      ticketKeys: this.#ticketKeys,
      // A ticket resumes on a listener of the same name, in whichever worker or instance. Node's own default hashes argv.
      sessionIdContext: hash('sha256', `vigia ${this.#listener}`).slice(0, 32),
    })
  }
}

/** Undefined = clients are not asked, or control has not sent it. */
export function trustOf({ clients }: ListenerTls, authorities: TlsMaterial['authorities']): ClientTrust | undefined {
  const isOf = ({ files }: ClientAuthorities) =>
    files.caFile === clients?.caFile && files.revokedFile === clients.revokedFile
  return authorities?.find(isOf)?.trust
}
