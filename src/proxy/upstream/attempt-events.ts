// What a connection to an upstream tells the exchange whose attempt it carries.

import type { BodySink } from '../../http/body.ts'
import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import type { ProxiedClient } from './proxied-client.ts'

/**
 * How an attempt failed below HTTP; `own` = for want of something of vigia itself
 * (policy/process/own-trouble.ts), `silent` = its probes get no answer either.
 */
export type FailureKind = 'connect' | 'timeout' | 'reset' | 'garbage' | 'own' | 'silent'

export interface AttemptEvents extends BodySink {
  /** Of the request: HEAD has no response body. */
  readonly method: string
  /** For whom its connection speaks, where it begins with a PROXY header; undefined = it has none. */
  readonly proxied: ProxiedClient | undefined
  /** True once the whole request has been written. */
  readonly requestSent: boolean
  /** Protocols that the request offers to switch to; undefined = none. */
  readonly offers: string | undefined
  /** The Sec-WebSocket-Accept that a 101 must have; undefined = it is the client's business. */
  readonly webSocketAccept: string | undefined
  /** Bytes of the response that were passed on have not left this process yet. */
  readonly holdsBuffers: boolean
  /** The connection takes the request now. */
  onConnected(): void
  /** 1xx but 101. */
  onInterim(head: ResponseHead): void
  onResponseHead(head: ResponseHead, bodiless: boolean): void
  /** 101: the connection is the exchange's now. `early` = bytes after the head. */
  onUpgraded(head: ResponseHead, early: Buffer | undefined): void
  /** The response is complete; the connection is no longer the exchange's. */
  onResponseEnd(trailers: Fields): void
  /** All bytes at hand have been passed on: a good moment to send them. @returns false to stop reading until `resume` */
  onReadEnd(): boolean
  /** The upstream takes more of the request body again. */
  onUpstreamDrain(): void
  /** The attempt is over without a complete response; the connection is closed and no longer the exchange's. */
  onFailure(kind: FailureKind, detail: string): void
}
