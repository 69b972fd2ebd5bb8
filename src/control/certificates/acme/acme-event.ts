// What happens to orders of certificates by ACME.

import type { OrderTrouble } from '../../../policy/certificates/order-tries.ts'

export type AcmeEvent = CertificateIssuedEvent | OrderFailedEvent

export interface CertificateIssuedEvent {
  readonly type: 'certificate-issued'
  readonly name: string
  /** URL of the CA's directory. */
  readonly directory: string
  /** Distinguished name on one line. */
  readonly issuer: string
  /** Epoch ms. */
  readonly untilMs: number
  /** In the place of one that was in use. */
  readonly isRenewal: boolean
}

/** Told for the first time, and whenever the reason is another one. */
export interface OrderFailedEvent {
  readonly type: 'certificate-order-failed'
  readonly name: string
  readonly directory: string
  readonly trouble: OrderTrouble
  /** One line. */
  readonly reason: string
  /** Of the next try, epoch ms. */
  readonly retryAtMs: number
  /** Until when the one in use counts, epoch ms; undefined = it is self-signed. */
  readonly untilMs: number | undefined
}
