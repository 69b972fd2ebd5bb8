// What an exchange may ask of the client's side, whatever protocol carries it. The other direction is client-events.ts.

import type { Fields } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import type { Timeouts } from '../../plan/bounds.ts'
import type { ListenerPlan } from '../../plan/listener.ts'
import type { ProxyHeader } from '../../proxy-protocol/header.ts'
import type { CertificateRefusal, ClientCertificate } from '../../tls/client-certificate.ts'
import type { TunnelEnd } from '../runtime/tunnel-end.ts'
import type { ClientLogins } from '../upstream/connection.ts'
import type { Proxied } from '../upstream/proxied.ts'

/** In place of the address of a connection that had ended before it was asked. */
export const UNKNOWN_PEER = 'unknown'

/** Who sent the request, as far as vigia believes it. */
export interface ClientSide {
  /** Address of the connection's other end. */
  readonly peer: string
  /** True where `peer` is one of the trusted proxies. */
  readonly trusted: boolean
  readonly scheme: 'http' | 'https'
  /** It speaks HTTP/2: its requests share one connection, and no login of a connection can be theirs. */
  readonly http2: boolean
  /** That took the connection. */
  readonly listener: ListenerPlan
  /** The PROXY header that began the connection; undefined = it had none. */
  readonly said?: SaidOfClient | undefined
  /** What the access log says of the connection, see AccessEntry; undefined = nothing more. */
  readonly about?: string | undefined
  /** For whom connections to upstreams speak that begin with a PROXY header. */
  readonly proxied?: Proxied | undefined
  /** Undefined = it came without TLS. */
  readonly tls: TlsFacts | undefined
  /** Why none of its requests is served: its certificate; undefined = they are. */
  readonly refused: CertificateRefusal | undefined
}

/** What somebody in front of vigia said of the connection that it passes on. */
export interface SaidOfClient extends ProxyHeader {
  /** Address of whoever said it. */
  readonly by: string
}

/** What the TLS handshake of a connection said. */
export interface TlsFacts {
  /** The host that the client named (SNI), lower case; undefined = none. */
  readonly serverName: string | undefined
  /** That the client has presented, accepted or not; undefined = none. */
  readonly certificate: ClientCertificate | undefined
  /** Chosen by ALPN; undefined = the client offered none. */
  readonly alpn: string | undefined
}

export interface Downstream {
  readonly client: ClientSide
  /** Connections to upstreams that are this client's, and end with its own; undefined = it has not logged in on any. */
  logins: ClientLogins | undefined
  /**
   * The Sec-WebSocket-Accept that a 101 must have where vigia made the key, for a client whose protocol knows none (RFC 8441 5). To such
   * a client any 2xx says that the WebSocket is open. undefined = the client shakes hands itself, or asks for no WebSocket.
   */
  readonly webSocketAccept: string | undefined
  /** Flushed bytes that have not left this process yet. */
  readonly bytesWaiting: number
  /** Buffers of flushed bytes are still to be read: they must not be written to. */
  readonly holdsBuffers: boolean
  /** An interim response (1xx but 101). */
  interim(head: ResponseHead): void
  /** The response that follows is the connection's last: what the client sends can't be trusted to be in step, or nothing of it is served. */
  endAfterResponse(why: 'out-of-step' | 'refused'): void
  /** The final head. `bodiless` = nothing follows it, whatever its fields say; `cookie` = the value of a further Set-Cookie, which makes the answer private, '' = none. */
  head(head: ResponseHead, bodiless: boolean, requestId: string, cookie: string): void
  body(chunk: Buffer, start: number, end: number): void
  /** The response is complete. */
  end(trailers: Fields): void
  /** Sends what was gathered since the last flush. @returns false where the client reads too slowly: wait for the exchange's `onDownstreamDrain` */
  flush(): boolean
  /** The exchange is over: the connection may go on with its next one. @param timeouts hold until then */
  finished(timeouts: Timeouts): void
  /** The client counts as gone: ends its connection, with the last word where nothing has answered its request, and tells the exchange. */
  abandon(): void
  /** Breaks the response off so that the client can't take it for complete. */
  cut(): void
  /** Nothing answers the request here: the client is to send it over HTTP/1.1 (RFC 9113 7, HTTP_1_1_REQUIRED). For HTTP/2 only. */
  requireHttp1(): void
  /** Stops and restarts the reading of the request body. */
  pauseBody(): void
  resumeBody(): void
  /** Sends the 101 and gives the socket away, with what the client sent early. */
  upgrade(head: ResponseHead, requestId: string): TunnelEnd
}
