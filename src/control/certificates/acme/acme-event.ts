// What is told of certificates by ACME. Nothing in it is secret. Types only.

import type { OrderTrouble } from '../../../policy/certificates/order-tries.ts'
import type { CertificateFacts } from '../../../tls/certificate.ts'

export type AcmeEvent = { readonly type: 'acme' } & (IssuedCertificateEvent | FailedOrderEvent | SelfSignedEvent)

export interface IssuedCertificateEvent {
  readonly kind: 'issued'
  readonly name: string
  /** URL of the CA's directory. */
  readonly directory: string
  /** Undefined = it is the first one. */
  readonly before: CertificateFacts | undefined
  readonly now: CertificateFacts
}

/** Told for the first time, when the reason is another one, and now and then. */
export interface FailedOrderEvent {
  readonly kind: 'failed'
  readonly name: string
  /** URL of the CA's directory. */
  readonly directory: string
  readonly trouble: OrderTrouble
  /** One line. */
  readonly reason: string
  /** In a row. */
  readonly failures: number
  /** Of the next try, epoch ms. */
  readonly retryAtMs: number
  /** Until when the one in use counts, epoch ms; undefined = it is self-signed. */
  readonly untilMs: number | undefined
}

/** These names have no certificate yet: until they have, a self-signed one is served. */
export interface SelfSignedEvent {
  readonly kind: 'self-signed'
  readonly names: readonly string[]
}
