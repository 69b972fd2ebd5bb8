// Where certificates come from beside the files that the configuration names: the seam for what gets them by itself.

import type { Snapshot } from '../../plan/snapshot.ts'

/** What of a configuration says which certificates a source is to have. */
export type SourceOf = Pick<Snapshot, 'listeners' | 'routes' | 'acme'>

/** A certificate and its key, as a source has them. Holds a secret: never logged, stored or shown as it is. */
export interface SuppliedCertificate {
  /** Names of the listeners that are to serve it. */
  readonly listeners: readonly string[]
  /** PEM, the server's certificate first, then its issuers. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export interface CertificateSource {
  /** How its certificates came, for people: in `/status`, `vigia certificates`, events. */
  readonly came: 'acme' | 'self-signed'
  /** Resolves when it has something for a configuration that is about to be used; undefined = it always has. Never rejects. */
  prepare?(snapshot: SourceOf): Promise<void>
  /** Every worker uses this configuration now. */
  adopt?(used: SourceOf): void
  /**
   * What it has now for the listeners of a configuration that is about to be used. Asked at the start, at each reload, and whenever the
   * source says that it has others (`Certificates.refresh`). Does not wait, and never throws; what can't be served is left out and told.
   */
  certificatesFor(snapshot: SourceOf): readonly SuppliedCertificate[]
}
