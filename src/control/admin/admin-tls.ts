// TLS of the admin listener: which certificate a client gets, for new connections always of those in use now.

import type { ServerOptions } from 'node:https'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { AdminTls } from '../../plan/admin.ts'
import type { ServedCertificate } from '../../shared/tls-material.ts'
import { CertificateChoice } from '../../tls/certificate-choice.ts'

/** A client that says nothing holds a place no longer than that. */
const HANDSHAKE_MS = 5_000

export class AdminSecurity {
  readonly #minVersion: AdminTls['minVersion']
  #choice: CertificateChoice<ServedCertificate>
  #contexts = new Map<readonly ServedCertificate[], SecureContext>()

  constructor({ minVersion }: AdminTls, certificates: readonly ServedCertificate[]) {
    this.#minVersion = minVersion
    this.#choice = new CertificateChoice(certificates)
  }

  use(certificates: readonly ServedCertificate[]): void {
    this.#choice = new CertificateChoice(certificates)
    this.#contexts = new Map()
  }

  /** For clients that name no host. */
  get default(): SecureContextOptions {
    return this.#optionsOf(this.#choice.of(undefined))
  }

  /** What node:https is given. */
  get serverOptions(): ServerOptions {
    return {
      ...this.default,
      handshakeTimeout: HANDSHAKE_MS,
      SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
        const certificates = this.#choice.of(name)
        const context = this.#contexts.get(certificates) ?? createSecureContext(this.#optionsOf(certificates))
        this.#contexts.set(certificates, context)
        done(null, context)
      },
    }
  }

  #optionsOf(certificates: readonly ServedCertificate[]): SecureContextOptions {
    return {
      cert: certificates.map(({ cert }) => cert),
      key: certificates.map(({ key }) => key),
      minVersion: this.#minVersion,
    }
  }
}
