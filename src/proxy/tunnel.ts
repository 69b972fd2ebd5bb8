// An upgraded connection: bytes both ways with backpressure, half-close and an idle deadline. Looks at none of them.

import type { Socket } from 'node:net'
import { GAUGE } from '../shared/counters.ts'
import type { Runtime } from './runtime.ts'
import { type Expiring, Timer } from './timer-wheel.ts'

/** One end, with the bytes that it sent before the tunnel was open. */
export interface TunnelEnd {
  readonly socket: Socket
  readonly early: Buffer | undefined
  /** Sets who gets what is read; it returns true where it keeps bytes of the chunk beyond the call. */
  onData(listener: (chunk: Buffer) => boolean): void
}

/** @param idleMs both directions quiet for so long ends the tunnel; 0 = never */
export function openTunnel(
  runtime: Runtime,
  slot: number,
  idleMs: number,
  client: TunnelEnd,
  upstream: TunnelEnd,
): void {
  new Tunnel(runtime, slot, idleMs, client, upstream).open()
}

class Tunnel implements Expiring {
  readonly #runtime: Runtime
  readonly #slot: number
  readonly #idleMs: number
  readonly #client: TunnelEnd
  readonly #upstream: TunnelEnd
  readonly #timer = new Timer(this)
  #open = true

  constructor(runtime: Runtime, slot: number, idleMs: number, client: TunnelEnd, upstream: TunnelEnd) {
    this.#runtime = runtime
    this.#slot = slot
    this.#idleMs = idleMs
    this.#client = client
    this.#upstream = upstream
  }

  open(): void {
    this.#runtime.row.move(this.#slot, GAUGE.tunnels, 1)
    this.#runtime.row.move(this.#slot, GAUGE.connections, 1)
    this.#join(this.#client, this.#upstream.socket)
    this.#join(this.#upstream, this.#client.socket)
    this.#touch()
  }

  onDeadline(): void {
    this.#close()
  }

  #join(from: TunnelEnd, to: Socket): void {
    const { socket, early } = from
    from.onData(chunk => {
      this.#touch()
      if (!to.write(chunk)) socket.pause()
      return to.writableLength > 0
    })
    to.on('drain', () => socket.resume())
    socket.on('end', () => {
      this.#touch()
      to.end()
    })
    socket.on('error', () => this.#close())
    socket.on('close', () => this.#closedOne(to))
    if (early && !to.write(early)) socket.pause()
    else socket.resume()
    if (socket.destroyed) this.#close()
    else if (socket.readableEnded) to.end()
  }

  /** One side is gone altogether: the other gets what is under way, then ends. */
  #closedOne(other: Socket): void {
    if (other.destroyed || other.writableFinished) this.#close()
    else other.end(() => this.#close())
  }

  #touch(): void {
    this.#runtime.wheel.arm(this.#timer, this.#idleMs)
  }

  #close(): void {
    if (!this.#open) return
    this.#open = false
    this.#runtime.wheel.drop(this.#timer)
    this.#runtime.row.move(this.#slot, GAUGE.tunnels, -1)
    this.#runtime.row.move(this.#slot, GAUGE.connections, -1)
    this.#client.socket.destroy()
    this.#upstream.socket.destroy()
  }
}
