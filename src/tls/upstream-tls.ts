// How a TLS connection to an upstream is opened, for probes and for traffic alike: a node whose probes are green must not fail its users.

import type { UpstreamTls } from '../plan/pool.ts'

/** What node:tls is given. */
export interface UpstreamTlsOptions {
  /** Left out: none is sent (SNI), and the certificate has to be for the address that is connected to. */
  readonly servername?: string
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly ALPNProtocols: string[]
}

export function upstreamTlsOptions({ serverName, verify, ca }: UpstreamTls): UpstreamTlsOptions {
  return {
    rejectUnauthorized: verify,
    ALPNProtocols: ['http/1.1'],
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
  }
}
