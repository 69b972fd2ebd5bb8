// What a connection sends: frames are gathered and leave in one write at the end of a turn. Where windows or the socket have no room, streams
// wait for their turn: each sends one frame, then it is the next one's, so that a long answer never holds up a short one. Priorities that
// a client signals are ignored (RFC 9218 lets a server).

import type { Socket } from 'node:net'
import type { FrameWriter } from '../../../http2/frame-writer.ts'
import type { Wire } from '../accept/wire.ts'
import { type AtTurnEnd, atTurnEnd } from './turn-end.ts'

/** So much is written at once, not only at the end of the turn. */
const WRITE_BYTES = 65_536
/** Beyond it DATA waits in its streams: the upstreams' sockets are the buffer then. */
const FULL_BYTES = 262_144

/** A stream with DATA that had to wait. */
export interface Sender {
  readonly hasWaiting: boolean
  /** Sends one frame of it. @returns true where it got on */
  sendWaiting(): boolean
}

export class Outlet implements AtTurnEnd {
  readonly #socket: Socket
  /** TLS has encrypted what is written to it at once where nothing was before it, though it says that it has left only later. */
  readonly #isSecure: boolean
  readonly #writer: FrameWriter
  readonly #onTurn: () => void
  /** In the order of their turns. */
  readonly #senders = new Set<Sender>()
  #woken = false

  /** @param onTurn is called at the end of each turn in which something was sent, when it has left */
  constructor({ socket, transport }: Wire, writer: FrameWriter, onTurn: () => void) {
    this.#socket = socket
    this.#isSecure = socket !== transport
    this.#writer = writer
    this.#onTurn = onTurn
  }

  /** Bytes that have not left this process. */
  get bytes(): number {
    return this.#writer.length + this.#socket.writableLength
  }

  get isFull(): boolean {
    if (this.#writer.length >= WRITE_BYTES) this.#write()
    return this.#socket.writableLength >= FULL_BYTES
  }

  wake(): void {
    if (this.#woken) return
    this.#woken = true
    atTurnEnd(this)
  }

  onTurnEnd(): void {
    this.#woken = false
    this.flush()
    this.#onTurn()
  }

  add(sender: Sender): void {
    this.#senders.add(sender)
  }

  /** Sends what may be sent, now. */
  flush(): void {
    this.sendWaiting()
    this.#write()
  }

  /** Round after round, as long as somebody gets on. */
  sendWaiting(): void {
    let idle = 0
    // Who is put back comes again in this very loop.
    for (const sender of this.#senders) {
      if (this.isFull) return
      this.#senders.delete(sender)
      if (!sender.hasWaiting) continue
      idle = sender.sendWaiting() ? 0 : idle + 1
      if (sender.hasWaiting) this.#senders.add(sender)
      if (idle >= this.#senders.size) return
    }
  }

  #write(): void {
    if (this.#writer.length === 0 || this.#socket.destroyed) return
    const isEncrypted = this.#isSecure && this.#socket.writableLength === 0
    this.#socket.write(this.#writer.take())
    this.#writer.release(isEncrypted || this.#socket.writableLength === 0)
  }
}
