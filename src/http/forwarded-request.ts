// What of a client's request goes to an upstream, as data. It does not depend on the request line, so it is often the same for the
// connection's next request.

import type { BodyLength } from './body.ts'
import type { Fields } from './fields.ts'

export interface ForwardedRequest {
  /** All but Host, X-Request-Id and what frames the body, which are the business of who writes it. */
  readonly fields: Fields
  readonly length: BodyLength
  /** Protocols that the client offers to switch to; undefined = none. */
  readonly upgrade: string | undefined
  /** The client as far as it is believed. */
  readonly clientAddress: string
  /** How the client came, as far as it is believed. */
  readonly scheme: 'http' | 'https'
  /** Who says that the request has passed through it: CDN-Loop (RFC 8586), undefined = nobody. */
  readonly passed: string | undefined
  /** Fields that it has no part of, since only a proxy may say such things; a route may keep some. Undefined = there were none. */
  readonly claimed: Fields | undefined
  /** The request id that a trusted proxy gave, or undefined. */
  readonly requestId: string | undefined
  /** Only for who writes it: the text that it had on the wire before; undefined = it has not been written yet. */
  written: string | undefined
}
