// Whom connections to upstreams speak for where they begin with a PROXY header: one client, as one connection brings it. The header
// names it for all that follows, so nobody else's request may ride these connections, and they end with the client's own.

import type { ProxiedAddresses, ProxyDetails } from '../../proxy-protocol/header.ts'
import { type ProxyVersion, proxyHeader } from '../../proxy-protocol/write.ts'

interface Closable {
  abandon(): void
}

export class ProxiedClient {
  readonly #addresses: ProxiedAddresses | undefined
  readonly #details: ProxyDetails
  readonly #idle = new Set<Closable>()
  #ended = false

  /** @param addresses undefined = it had gone before it was asked for them */
  constructor(addresses: ProxiedAddresses | undefined, details: ProxyDetails) {
    this.#addresses = addresses
    this.#details = details
  }

  /** @returns the bytes as text, latin1 */
  header(version: ProxyVersion): string {
    return proxyHeader(version, this.#addresses, this.#details).toString('latin1')
  }

  /** The connection waits for the client's next request. @returns false where none will come: it is to be closed */
  keep(connection: Closable): boolean {
    if (!this.#ended) this.#idle.add(connection)
    return !this.#ended
  }

  /** It carries a request, or is closed. */
  forget(connection: Closable): void {
    this.#idle.delete(connection)
  }

  /** The client has gone, or its connection brings another one's requests now. */
  end(): void {
    this.#ended = true
    for (const connection of [...this.#idle]) connection.abandon()
  }
}
