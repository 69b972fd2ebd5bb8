// What workers need for TLS beside the snapshot: it holds secrets, so it is never logged, stored or shown.

import type { AuthorityFiles } from '../plan/tls.ts'
import type { ClientTrust } from '../tls/client-authorities.ts'

export interface TlsMaterial {
  readonly certificates: readonly ServedCertificate[]
  /** Of the listeners that ask clients for certificates; undefined = none does. */
  readonly authorities?: readonly ClientAuthorities[] | undefined
  /** Of session tickets: 48 bytes, as node:tls takes them; the same in all workers. */
  readonly ticketKeys: Uint8Array
}

export interface ClientAuthorities {
  /** By which listeners know them. */
  readonly files: AuthorityFiles
  readonly trust: ClientTrust
}

export interface ServedCertificate {
  /** Names of the listeners that serve it. */
  readonly listeners: readonly string[]
  /** DNS names and addresses of its subject alternative names, lower case; a wildcard is `*.example.com`. */
  readonly names: readonly string[]
  readonly keyType: 'rsa' | 'ecdsa'
  /** PEM, its chain behind it. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** For clients that name no host, or one that no certificate has. */
  readonly isDefault: boolean
}
