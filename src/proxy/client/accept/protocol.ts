// Which protocol a connection speaks once it has arrived: what is offered to clients by ALPN, and who carries what they choose.

import type { ListenerTls } from '../../../plan/tls.ts'
import type { ExchangeContext } from '../../exchange/context.ts'
import type { ClientSide } from '../../exchange/downstream.ts'
import type { ClientConnection, ConnectionHost } from '../client-connection.ts'
import { H1Connection } from '../h1-connection.ts'
import { H2Connection } from '../http2/h2-connection.ts'
import type { Wire } from './wire.ts'

const HTTP_1 = ['http/1.1']
const HTTP_2 = ['h2', 'http/1.1']

/** In the order in which vigia prefers them (RFC 7301 3.2). */
export function protocolsOf({ http2 }: ListenerTls): string[] {
  return http2 ? HTTP_2 : HTTP_1
}

export function connectionOf(
  wire: Wire,
  client: ClientSide,
  context: ExchangeContext,
  host: ConnectionHost,
): ClientConnection {
  return client.http2 ? new H2Connection(wire, client, context, host) : new H1Connection(wire, client, context, host)
}
