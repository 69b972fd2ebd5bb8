// A stream that carries a tunnel (RFC 8441 5), as the tunnel wants it: its DATA frames are the bytes, END_STREAM is the end of one side,
// RST_STREAM what a reset is for TCP.

import { Duplex } from 'node:stream'
import { GrowingBuffer } from '../../runtime/growing-buffer.ts'

/** The stream below it. */
export interface TunnelCarrier {
  /** Takes all of it. @returns false where the client is slow: `StreamTunnel.onDrain` is called when it has room again */
  write(chunk: Buffer): boolean
  endTunnel(): void
  /** The client may send as much again as it has sent. */
  replenish(): void
  /** Nothing more is sent or taken. */
  abort(): void
}

export class StreamTunnel extends Duplex {
  readonly #carrier: TunnelCarrier
  #written: (() => void) | undefined = undefined
  /** What came while nobody reads, in one piece: a client may cut it into frames of a byte. */
  #held: GrowingBuffer | undefined = undefined
  #ends = false

  constructor(carrier: TunnelCarrier) {
    super({ allowHalfOpen: true })
    this.#carrier = carrier
  }

  /** Bytes came. */
  onBytes(chunk: Buffer, start: number, end: number): void {
    if (this.#held) this.#held.append(Buffer.from(chunk.subarray(start, end)))
    else if (this.push(chunk.subarray(start, end))) this.#carrier.replenish()
    else this.#held = new GrowingBuffer()
  }

  /** The client will send no more. */
  onEnd(): void {
    this.#ends = true
    if (!this.#held) this.push(null)
  }

  /** The client takes bytes again. */
  onDrain(): void {
    const written = this.#written
    this.#written = undefined
    written?.()
  }

  /** The client has reset the stream, or is gone. */
  onReset(): void {
    this.destroy(Object.assign(new Error('stream reset'), { code: 'ECONNRESET' }))
  }

  override _read(): void {
    const bytes = this.#held?.bytes()
    this.#held = undefined
    if (bytes?.length) this.push(bytes)
    if (this.#ends) this.push(null)
    else this.#carrier.replenish()
  }

  override _write(chunk: Buffer, _encoding: string, written: () => void): void {
    if (this.#carrier.write(chunk)) written()
    else this.#written = written
  }

  override _final(done: () => void): void {
    this.#carrier.endTunnel()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#carrier.abort()
    done(error)
  }
}
