// Reads the PROXY header of one connection. What follows it stays in the socket, unread.

import type { Socket } from 'node:net'
import type { HeaderRefusal, ProxyHeader } from '../../../proxy-protocol/header.ts'
import { ProxyHeaderReader } from '../../../proxy-protocol/read.ts'
import { allRead } from './all-read.ts'

interface HeaderEvents {
  onHeader(header: ProxyHeader): void
  /** @param why undefined = it has ended without a byte, as some health checks do */
  onNoHeader(why: HeaderRefusal | undefined): void
}

export class AwaitedHeader {
  readonly #transport: Socket
  readonly #events: HeaderEvents
  readonly #reader = new ProxyHeaderReader()

  constructor(transport: Socket, events: HeaderEvents) {
    this.#transport = transport
    this.#events = events
  }

  begin(): void {
    this.#transport.on('readable', this.#onReadable)
    this.#transport.once('end', this.#onGone)
    this.#transport.once('close', this.#onGone)
  }

  /** Reads no more, and tells nothing. */
  cancel(): void {
    this.#transport.off('readable', this.#onReadable)
    this.#transport.off('end', this.#onGone)
    this.#transport.off('close', this.#onGone)
  }

  /** The time is up. */
  expire(): void {
    this.#end('timeout')
  }

  readonly #onReadable = (): void => {
    const bytes = allRead(this.#transport)
    if (bytes === undefined) return
    const result = this.#reader.push(bytes)
    if (result === undefined) return
    if (typeof result === 'string') return this.#end(result)
    this.cancel()
    const { rest } = this.#reader
    if (rest.length > 0) this.#transport.unshift(rest)
    this.#events.onHeader(result)
  }

  readonly #onGone = (): void => this.#end(this.#reader.begun ? 'incomplete' : undefined)

  #end(why: HeaderRefusal | undefined): void {
    this.cancel()
    this.#events.onNoHeader(why)
  }
}
