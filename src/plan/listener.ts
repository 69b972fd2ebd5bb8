// A listener as compiled: an address that clients connect to.

import type { ListenerTls } from './tls.ts'

export interface ListenerPlan {
  readonly name: string
  readonly host: string
  readonly port: number
  /** After so long without a byte a client's machine is asked whether it is still there (TCP keepalive), ms; 0 or undefined = never. */
  readonly tcpKeepAliveMs?: number | undefined
  /** Of a plain one: takes HTTP/2 with prior knowledge (RFC 9113 3.3) beside HTTP/1.1; undefined = no. */
  readonly http2?: boolean | undefined
  /** Whose connections begin with a PROXY header; undefined = nobody's. */
  readonly proxyProtocol?: ProxySendersPlan | undefined
  /** Undefined = plain. */
  readonly tls?: ListenerTls | undefined
  /** Requests that came without TLS are sent to https:// on this port; undefined = they are served. */
  readonly redirectPort?: number | undefined
  /** Value of Strict-Transport-Security (RFC 6797) in every answer; undefined = vigia says nothing of its own. */
  readonly hsts?: string | undefined
}

export interface ProxySendersPlan {
  /** Addresses and ranges: these send a header, and are believed. */
  readonly from: readonly string[]
  /** What becomes of connections from elsewhere: they are ended, or count as clients that come without a header. */
  readonly others: 'refuse' | 'direct'
}

/** Where workers answer /healthz and /readyz themselves. */
export interface HealthListenerPlan {
  readonly host: string
  readonly port: number
}
