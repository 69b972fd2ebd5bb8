// Who is behind one client connection, for the PROXY header of connections to upstreams: its other end, or whom a trusted proxy names.

import type { Socket } from 'node:net'
import { parseAddress } from '../../policy/request/client-address.ts'
import type { ProxyDetails, ProxyHeader } from '../../proxy-protocol/header.ts'
import { ProxiedClient } from './proxied-client.ts'

/** What is known of the connection. */
interface Side {
  /** Address of its other end, as a PROXY header has it that began it. */
  readonly peer: string
  readonly scheme: 'http' | 'https'
  readonly said?: Pick<ProxyHeader, 'addresses' | 'details'> | undefined
  readonly tls: { readonly serverName: string | undefined } | undefined
}

/** Of one client connection. */
export class Proxied {
  readonly #transport: Socket
  #address = ''
  #client: ProxiedClient | undefined = undefined

  constructor(transport: Socket) {
    this.#transport = transport
  }

  /** @param address the client's, as forwarding fields of trusted proxies have it */
  of(address: string, side: Side): ProxiedClient {
    if (this.#client !== undefined && this.#address === address) return this.#client
    // A trusted proxy sends requests of many: what was said of the last one is no good for this one.
    if (this.#client !== undefined) this.#client.end()
    else this.#transport.once('close', () => this.#client?.end())
    this.#address = address
    this.#client = new ProxiedClient(addressesOf(address, side, this.#transport), detailsOf(side))
    if (this.#transport.destroyed) this.#client.end()
    return this.#client
  }
}

function addressesOf(address: string, { peer, said }: Side, transport: Socket) {
  const { remotePort = 0, localPort = 0, localAddress = '' } = transport
  const sourcePort = said?.addresses?.sourcePort ?? remotePort
  const destination = said?.addresses?.destination ?? parseAddress(localAddress)
  const destinationPort = said?.addresses?.destinationPort ?? localPort
  const source = parseAddress(address)
  if (source === undefined || destination === undefined) return undefined
  // Of a client behind a trusted proxy nobody knows the port.
  return { source, sourcePort: address === peer ? sourcePort : 0, destination, destinationPort }
}

function detailsOf({ scheme, said, tls }: Side): ProxyDetails {
  const { uniqueId, ssl } = said?.details ?? {}
  const authority = tls?.serverName ?? said?.details.authority
  return {
    ...(authority === undefined ? {} : { authority }),
    ...(uniqueId === undefined ? {} : { uniqueId }),
    ...(scheme === 'https' ? { ssl: tls || !ssl ? { secure: true, verified: false } : ssl } : {}),
  }
}
