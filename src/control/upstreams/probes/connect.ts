// The fresh connection of a probe.

import { once } from 'node:events'
import { connect as connectTcp, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { parseAddress } from '../../../policy/request/client-address.ts'
import { type ProxyVersion, proxyHeader } from '../../../proxy-protocol/write.ts'
import { upstreamTlsOptions } from '../../../tls/upstream-tls.ts'
import type { ProbedPlace } from './probe.ts'

/** Never throws: authorities that are no PEM make node:tls throw, and that, too, is a socket that fails. */
export function connectProbe({ upstream: { port, tls }, target }: ProbedPlace): Socket {
  const options = { ...target, port }
  try {
    return tls === undefined ? connectTcp(options) : connectTls({ ...options, ...upstreamTlsOptions(tls) })
  } catch (error) {
    return new Socket().destroy(error as Error)
  }
}

/**
 * A connection that begins with a PROXY header. It names the probe's own ends: LOCAL is what the specification has for probes, but
 * Traffic Server closes for it.
 * @returns the socket; plain ones are corked, so that the header leaves in one write with what the caller writes before `uncork`
 * @throws what keeps it from being connected
 */
export async function connectBehindHeader(
  { upstream: { port, tls }, target }: ProbedPlace,
  version: ProxyVersion,
  signal: AbortSignal,
): Promise<Socket> {
  const transport = connectTcp({ ...target, port })
  try {
    await once(transport, 'connect', { signal })
    const header = proxyHeader(version, endsOf(transport), {})
    if (tls === undefined) {
      transport.cork()
      transport.write(header)
      return transport
    }
    transport.write(header)
    return connectTls({ ...upstreamTlsOptions(tls), host: target.host, socket: transport })
  } catch (error) {
    transport.destroy()
    throw error
  }
}

function endsOf({ localAddress = '', localPort = 0, remoteAddress = '', remotePort = 0 }: Socket) {
  const source = parseAddress(localAddress)
  const destination = parseAddress(remoteAddress)
  // It has ended already.
  if (source === undefined || destination === undefined) return undefined
  return { source, sourcePort: localPort, destination, destinationPort: remotePort }
}
