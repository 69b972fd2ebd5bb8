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
  /** Undefined = plain. */
  readonly tls?: ListenerTls | undefined
}

/** Where workers answer /healthz and /readyz themselves. */
export interface HealthListenerPlan {
  readonly host: string
  readonly port: number
}
