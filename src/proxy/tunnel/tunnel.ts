// An upgraded connection: bytes both ways, half-close, an idle deadline, and an end that both sides understand when it has to go:
// a WebSocket is closed by Close frames (RFC 6455 7), any other protocol by the end of its connections.

import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Timeouts } from '../../plan/bounds.ts'
import { GAUGE, TOTAL } from '../../shared/counters.ts'
import { CLOSE_STATUS, closeFrame, FrameTracker } from '../../websocket/frames.ts'
import type { Runtime } from '../runtime.ts'
import { type Expiring, Timer } from '../timer-wheel.ts'
import { TunnelFlow } from './tunnel-flow.ts'
import type { EndReason, OpenTunnel } from './tunnels.ts'

/** One end, with the bytes that it sent before the tunnel was open. */
export interface TunnelEnd {
  readonly socket: Socket
  readonly early: Buffer | undefined
  /** Sets who gets what is read; it returns true where it keeps bytes of the chunk beyond the call. */
  onData(listener: (chunk: Buffer) => boolean): void
}

export interface TunnelPlan {
  /** `ended`: its drain had come to its end while the connection was being upgraded. */
  readonly upstream: { readonly slot: number; readonly ended: boolean }
  /** `tunnelMs`: both directions quiet for so long ends it; `idleMs`: likewise, once one side has finished sending. */
  readonly timeouts: Timeouts
  /** What the connection was upgraded to. */
  readonly protocol: string | undefined
}

/** How long a frame under way may take to end, then the client to answer its Close frame. */
const CLOSE_MS = 2000
/** How long both sides may take to close their connections once they were ended from here. */
const LINGER_MS = 1000

/** closing: Close frames are exchanged; ending: both connections were ended from here and are to follow. */
type Phase = 'open' | 'closing' | 'ending' | 'gone'

export function openTunnel(runtime: Runtime, plan: TunnelPlan, client: TunnelEnd, upstream: TunnelEnd): void {
  const tunnel = new Tunnel(runtime, plan, client, upstream)
  tunnel.open()
  if (plan.upstream.ended) runtime.tunnels.endLate(tunnel)
}

class Tunnel implements Expiring, OpenTunnel {
  readonly slot: number
  readonly #runtime: Runtime
  readonly #client: TunnelEnd
  readonly #upstream: TunnelEnd
  /** From the client to the upstream, and back. */
  readonly #up: TunnelFlow
  readonly #down: TunnelFlow
  readonly #timer = new Timer(this)
  /** When it is to end for a reason of vigia's own. */
  #planned: Timer | undefined = undefined
  #phase: Phase = 'open'
  #idleMs: number
  readonly #halfClosedMs: number

  constructor(runtime: Runtime, plan: TunnelPlan, client: TunnelEnd, upstream: TunnelEnd) {
    const {
      upstream: { slot },
      timeouts,
      protocol,
    } = plan
    const isWebSocket = protocol?.toLowerCase() === 'websocket'
    this.#runtime = runtime
    this.slot = slot
    this.#client = client
    this.#upstream = upstream
    this.#up = new TunnelFlow(client.socket, upstream.socket, isWebSocket ? new FrameTracker('client') : undefined)
    this.#down = new TunnelFlow(upstream.socket, client.socket, isWebSocket ? new FrameTracker('server') : undefined)
    this.#idleMs = timeouts.tunnelMs
    this.#halfClosedMs = sooner(timeouts.tunnelMs, timeouts.idleMs)
  }

  open(): void {
    this.#runtime.row.move(this.slot, GAUGE.tunnels, 1)
    this.#runtime.row.move(this.slot, GAUGE.connections, 1)
    this.#touch()
    this.#runtime.tunnels.add(this)
    this.#join(this.#client, this.#upstream.socket, this.#up)
    this.#join(this.#upstream, this.#client.socket, this.#down)
  }

  endIn(ms: number, reason: EndReason): void {
    if (this.#phase !== 'open') return
    if (this.#planned) this.#runtime.wheel.drop(this.#planned)
    this.#planned = new Timer({ onDeadline: () => this.#safely(() => this.#end(reason)) })
    this.#runtime.wheel.arm(this.#planned, Math.max(1, ms))
  }

  onDeadline(): void {
    if (this.#phase === 'closing') this.#safely(() => this.#endSockets())
    else this.#close()
  }

  #join(from: TunnelEnd, to: Socket, flow: TunnelFlow): void {
    const { socket, early } = from
    from.onData(chunk => this.#onChunk(flow, chunk))
    socket.on('end', () => this.#onEnd(flow, to))
    socket.on('error', () => this.#close())
    socket.on('close', () => this.#closedOne(to))
    if (early) flow.take(early)
    if (!to.writableNeedDrain) socket.resume()
    if (socket.destroyed) this.#close()
    else if (socket.readableEnded) this.#onEnd(flow, to)
  }

  #onChunk(flow: TunnelFlow, chunk: Buffer): boolean {
    try {
      if (this.#phase === 'open') this.#touch()
      return flow.take(chunk)
    } catch (error) {
      this.#break(error)
      return true
    }
  }

  /** One side has finished sending: the other is told, and may go on for a while. */
  #onEnd(flow: TunnelFlow, to: Socket): void {
    if (this.#phase === 'ending' || flow.ended) return
    // A client that is gone answers no Close frame.
    if (this.#phase === 'closing' && flow === this.#up) return this.#safely(() => this.#endSockets())
    this.#idleMs = this.#halfClosedMs
    if (this.#phase === 'open') this.#touch()
    to.end()
  }

  /** One side is gone altogether: the other gets what is under way, then ends. */
  #closedOne(other: Socket): void {
    if (this.#phase === 'ending' && !other.destroyed) return
    if (other.destroyed || other.writableFinished) this.#close()
    else other.end(() => this.#close())
  }

  #touch(): void {
    this.#runtime.wheel.arm(this.#timer, this.#idleMs)
  }

  // ---- an end for a reason of vigia's own ----

  /** 1. The client is told where no frame is under way: control frames may stand between the fragments of a message. */
  #end(reason: EndReason): void {
    if (this.#phase !== 'open') return
    this.#phase = 'closing'
    this.#runtime.wheel.arm(this.#timer, CLOSE_MS)
    if (reason === 'upstream-drained') this.#runtime.row.add(this.slot, TOTAL.tunnelsDrained, 1)
    const [up, down] = [this.#up.frames, this.#down.frames]
    if (!up?.valid || !down?.valid) return this.#endSockets()
    // They are closing already: all they need is time.
    if (up.closed || down.closed) return
    this.#down.endAtBoundary(closeForClient(reason), () => this.#onClientTold())
  }

  /** 2. What the client had sent before it read that still counts; its own Close frame is the last. */
  #onClientTold(): void {
    const up = this.#up.frames
    if (!this.#down.ended || !up?.valid || up.closed || this.#client.socket.readableEnded) return this.#endSockets()
    this.#runtime.wheel.arm(this.#timer, CLOSE_MS)
    this.#up.endBeforeClose(closeForUpstream(), () => this.#endSockets())
  }

  /** 3. Both connections end; what still comes is read and dropped, so that neither end becomes a reset. */
  #endSockets(): void {
    if (this.#phase !== 'closing') return
    this.#phase = 'ending'
    this.#runtime.wheel.arm(this.#timer, LINGER_MS)
    this.#up.end(closeForUpstream())
    this.#down.end(undefined)
    this.#client.socket.end()
    this.#upstream.socket.end()
  }

  #safely(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#break(error)
    }
  }

  #break(error: unknown): void {
    this.#runtime.unexpected(error, undefined)
    this.#close()
  }

  #close(): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    this.#runtime.tunnels.delete(this)
    this.#runtime.wheel.drop(this.#timer)
    if (this.#planned) this.#runtime.wheel.drop(this.#planned)
    this.#runtime.row.move(this.slot, GAUGE.tunnels, -1)
    this.#runtime.row.move(this.slot, GAUGE.connections, -1)
    this.#client.socket.destroy()
    this.#upstream.socket.destroy()
  }
}

function closeForClient(reason: EndReason): Uint8Array {
  switch (reason) {
    case 'upstream-drained':
      return closeFrame(CLOSE_STATUS.serviceRestart, 'service restart')
    case 'shutdown':
      return closeFrame(CLOSE_STATUS.goingAway, 'going away')
  }
}

function closeForUpstream(): Uint8Array {
  return closeFrame(CLOSE_STATUS.goingAway, 'going away', randomBytes(4))
}

/** The earlier of two deadlines, of which 0 is none. */
function sooner(a: number, b: number): number {
  return a === 0 || b === 0 ? a + b : Math.min(a, b)
}
