// What is told of certificates: each thing once. Nothing in it is secret. Types only.

import type { AuthorityFiles, CertificateFiles } from '../../plan/tls.ts'
import type { ExpiryMark } from '../../policy/certificates/expiry.ts'
import type { CertificateFacts } from '../../tls/certificate.ts'
import type { AuthorityFacts } from '../../tls/client-authorities.ts'

export type CertificateEvent = { readonly type: 'certificate' } & (
  | SwappedCertificate
  /** Files hold something else that can't be used: what is in use stays. */
  | {
      readonly kind: 'refused'
      readonly files: CertificateFiles
      /** Why: names the file. One line. */
      readonly why: string
      readonly inUse: CertificateFacts
    }
  /** Files that held something unusable hold what is in use again. */
  | { readonly kind: 'restored'; readonly files: CertificateFiles; readonly inUse: CertificateFacts }
  /** One in use has passed a mark on the way to its end. */
  | { readonly kind: 'expires'; readonly inUse: CertificateFacts; readonly mark: ExpiryMark }
  | AuthoritiesEvent
  /** The ticket key file holds something else. @see why undefined = it is in use */
  | { readonly kind: 'ticket-key'; readonly file: string; readonly why: string | undefined }
)

/** Of the authorities of clients. */
export type AuthoritiesEvent =
  | SwappedAuthorities
  /** Files hold something else that can't be used: what is in use stays. @see why names the file; one line */
  | { readonly kind: 'authorities-refused'; readonly files: AuthorityFiles; readonly why: string }
  | { readonly kind: 'authorities-restored'; readonly files: AuthorityFiles }
  /** One, or a list, has passed a mark on the way to its end. */
  | {
      readonly kind: 'authority-expires'
      readonly files: AuthorityFiles
      readonly inUse: AuthorityFacts & { readonly untilMs: number }
      readonly mark: ExpiryMark
    }

/** Files hold other authorities, or other lists: they count from now on. */
export interface SwappedAuthorities {
  readonly kind: 'authorities-swapped'
  readonly files: AuthorityFiles
  readonly before: readonly AuthorityFacts[]
  readonly now: readonly AuthorityFacts[]
}

/** Files hold another certificate or key: new connections get it. */
export interface SwappedCertificate {
  readonly kind: 'swapped'
  readonly files: CertificateFiles
  readonly before: CertificateFacts
  readonly now: CertificateFacts
  readonly warnings: readonly string[]
}
