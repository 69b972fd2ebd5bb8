// Which generator drives a scenario: wrk or autocannon for a closed loop, h2load for one over HTTP/2 or TLS, the suite's own for fixed rates and WebSocket.
import type { LoadKind } from '../scenarios/scenario.ts'
import { autocannon, wrk } from './closed-load.ts'
import { http2Load } from './http2-load.ts'
import type { Load } from './load.ts'
import { ownLoad } from './own-load.ts'
import { findProgram } from './process.ts'
import { tlsLoad } from './tls-load.ts'

/** Throws where the one that was asked for is not installed. */
export function chooseClosedLoad(wanted: 'auto' | 'wrk' | 'autocannon'): Load {
  const program = wanted === 'autocannon' ? undefined : findProgram('wrk')
  if (program !== undefined) return wrk(program)
  if (wanted === 'wrk') throw new Error('wrk is not installed: apt-get install wrk, or use --load autocannon')
  return autocannon
}

export function loadFor({ kind }: LoadKind, closed: Load): Load {
  switch (kind) {
    case 'closed':
      return closed
    case 'http2':
      return http2Load
    case 'tls':
      return tlsLoad
    case 'share-of-capacity':
    case 'fixed-rate':
      return ownLoad('http-generator')
    case 'websocket':
      return ownLoad('websocket-generator')
  }
}
