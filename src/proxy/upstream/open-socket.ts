// The socket of a new connection to an upstream: TCP, TLS, or TLS behind a PROXY header.

import { connect as connectTcp, type OnReadOpts, Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { UpstreamPlan, UpstreamTls } from '../../plan/pool.ts'
import type { UpstreamAddresses } from '../../shared/upstream-addresses.ts'
import { upstreamTlsOptions } from '../../tls/upstream-tls.ts'

/** How a connection is opened, and what it begins with. */
export interface Opening {
  /** @param onread how it is read */
  readonly open: (onread: OnReadOpts) => Socket
  readonly readyEvent: 'connect' | 'secureConnect'
  /** Latin1, in one write with the first request; '' = nothing. */
  readonly preface: string
}

/**
 * It never throws: what keeps a socket from being opened at all (authorities that are no PEM) fails as a refused connection does.
 * @param header what goes before TLS, latin1; '' = nothing
 */
export function openSocket(
  { tls, port }: UpstreamPlan,
  addresses: UpstreamAddresses,
  onread: OnReadOpts,
  header: string,
): Socket {
  const options = { ...addresses.target, port, allowHalfOpen: true, noDelay: true } as const
  try {
    if (tls && header !== '') {
      const transport = connectTcp(options)
      addresses.watch(transport)
      return tlsOver(transport, header, tls, addresses.target.host, onread)
    }
    const reading = { ...options, onread }
    const socket = tls ? connectTls({ ...reading, ...upstreamTlsOptions(tls) }) : connectTcp(reading)
    addresses.watch(socket)
    return socket
  } catch (error) {
    return new Socket().destroy(error as Error)
  }
}

/** @param host for which the certificate has to be where no name is asked for */
function tlsOver(transport: Socket, header: string, tls: UpstreamTls, host: string, onread: OnReadOpts): Socket {
  transport.write(header, 'latin1')
  try {
    const options = { host, socket: transport, allowHalfOpen: true }
    const socket = connectTls({ ...options, ...upstreamTlsOptions(tls) })
    // Over a socket that was there before, Node knows no `onread`.
    socket.on('data', (chunk: Buffer) => onread.callback(chunk.length, chunk))
    return socket
  } catch (error) {
    return transport.destroy(error as Error)
  }
}
