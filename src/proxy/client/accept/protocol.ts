// Which protocol a connection speaks once it has arrived: what is offered to clients by ALPN, and who carries what they choose.

import type { ListenerTls } from '../../../plan/tls.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import type { ClientSide } from '../../exchange/downstream.ts'
import type { ClientConnection, ConnectionHost } from '../client-connection.ts'
import { H1Connection } from '../h1-connection.ts'
import type { Wire } from './wire.ts'

const HTTP_1 = ['http/1.1']

/** In the order in which vigia prefers them (RFC 7301 3.2). */
export function protocolsOf(_tls: ListenerTls): string[] {
  return HTTP_1
}

export function connectionOf(
  wire: Wire,
  client: ClientSide,
  context: ExchangeContext,
  host: ConnectionHost,
): ClientConnection {
  return new H1Connection(wire, client, context, host)
}
