// The admin listener and who may use it, as compiled.

import type { CertificateFiles, ListenerTls } from './tls.ts'

export interface AdminPlan {
  readonly host: string
  readonly port: number
  /** Most that follow the events at once; undefined = as many as without a word. */
  readonly followers?: number | undefined
  /** Undefined = plain HTTP. */
  readonly tls?: AdminTls | undefined
  /** Who may use it; undefined = there are no tokens: everyone reads, and only this machine changes something. */
  readonly tokens?: readonly AdminTokenPlan[] | undefined
  /** Folders in which what comes over the API may name files, absolute; undefined = there are none. */
  readonly files?: readonly string[] | undefined
}

export interface AdminTls {
  /** Absolute paths; empty = those of the listeners. */
  readonly certificates: readonly CertificateFiles[]
  readonly minVersion: ListenerTls['minVersion']
}

/** Each may what the one before may. */
export type AdminRole = 'read' | 'operate' | 'admin'

export interface AdminTokenPlan {
  /** Stands as the author in all that is done with it. */
  readonly name: string
  readonly role: AdminRole
  /** Of the token, in lower-case hexadecimal. */
  readonly sha256: string
}
