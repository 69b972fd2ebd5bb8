// A connection of a client on which what is written leaves piece by piece, each when its time has come: for handshakes in slow motion.

import { connect, type Socket } from 'node:net'
import { Duplex } from 'node:stream'

const PIECE_BYTES = 40

export class PacedSocket extends Duplex {
  readonly #socket: Socket
  readonly #pace: (sentBytes: number) => Promise<unknown>
  #sentBytes = 0

  /** @param pace resolves when the next piece may follow */
  constructor(port: number, pace: (sentBytes: number) => Promise<unknown>) {
    super()
    this.#pace = pace
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (piece: Buffer) => this.push(piece))
    this.#socket.on('end', () => this.push(null))
    this.#socket.on('error', error => this.destroy(error))
    this.#socket.on('close', () => this.destroy())
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    void this.#send(bytes).then(() => done(), done)
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }

  async #send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#socket.destroyed; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES)
      this.#socket.write(piece)
      this.#sentBytes += piece.length
      await this.#pace(this.#sentBytes)
    }
  }
}
