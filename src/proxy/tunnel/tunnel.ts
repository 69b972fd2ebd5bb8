// An upgraded connection: bytes both ways, half-close, an idle deadline, and an end that both sides understand when it has to go:
// a WebSocket is closed by Close frames (RFC 6455 7), any other protocol by the end of its connections.

import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { protocolName } from '../../http/upgrades.ts'
import type { Timeouts } from '../../plan/bounds.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import { CLOSE_STATUS, closeFrame, FrameTracker } from '../../websocket/frames.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type Expiring, Timer } from '../runtime/timer-wheel.ts'
import type { TunnelEnd } from '../runtime/tunnel-end.ts'
import { TunnelFlow } from './tunnel-flow.ts'
import type { EndReason, OpenTunnel, Tunnels } from './tunnels.ts'

/** What a tunnel needs beside the ground. */
export interface TunnelRuntime extends Runtime {
  readonly tunnels: Tunnels
}

export interface TunnelPlan {
  /** `ended`: its drain had come to its end while the connection was being upgraded. */
  readonly upstream: { readonly slot: number; readonly ended: boolean }
  /**
   * `tunnelMs`: both directions quiet for so long ends it; `idleMs`: likewise, once one side has finished sending, and where bytes wait of
   * which one side takes none for so long.
   */
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

export function openTunnel(runtime: TunnelRuntime, plan: TunnelPlan, client: TunnelEnd, upstream: TunnelEnd): void {
  const tunnel = new Tunnel(runtime, plan, client, upstream)
  tunnel.open()
  if (plan.upstream.ended) runtime.tunnels.endLate(tunnel)
}

class Tunnel implements Expiring, OpenTunnel {
  readonly slot: number
  readonly #runtime: TunnelRuntime
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
  /** Of a tunnel that works in one direction only: one side has finished sending, or takes nothing. 0 = no limit. */
  readonly #oneWayMs: number

  constructor(runtime: TunnelRuntime, plan: TunnelPlan, client: TunnelEnd, upstream: TunnelEnd) {
    const {
      upstream: { slot },
      timeouts,
      protocol,
    } = plan
    const isWebSocket = protocol !== undefined && protocolName(protocol) === 'websocket'
    this.#runtime = runtime
    this.slot = slot
    this.#client = client
    this.#upstream = upstream
    this.#up = new TunnelFlow(client.stream, upstream.stream, isWebSocket ? new FrameTracker('client') : undefined)
    this.#down = new TunnelFlow(upstream.stream, client.stream, isWebSocket ? new FrameTracker('server') : undefined)
    this.#idleMs = timeouts.tunnelMs
    this.#oneWayMs = sooner(timeouts.tunnelMs, timeouts.idleMs)
  }

  open(): void {
    this.#runtime.row.move(this.slot, GAUGE.tunnels, 1)
    this.#runtime.row.move(this.slot, GAUGE.connections, 1)
    this.#touch()
    this.#runtime.tunnels.add(this)
    this.#join(this.#client, this.#upstream.stream, this.#up)
    this.#join(this.#upstream, this.#client.stream, this.#down)
  }

  endIn(ms: number, reason: EndReason): void {
    if (this.#phase !== 'open') return
    if (this.#planned) this.#runtime.wheel.drop(this.#planned)
    this.#planned = new Timer({ onDeadline: () => this.#safely(() => this.#end(reason)) })
    this.#runtime.wheel.arm(this.#planned, Math.max(1, ms))
  }

  look(elapsedMs: number): void {
    const stuckMs = Math.max(this.#up.stuckMs(elapsedMs), this.#down.stuckMs(elapsedMs))
    if (this.#phase === 'open' && this.#oneWayMs > 0 && stuckMs >= this.#oneWayMs)
      this.#safely(() => this.#end('stuck'))
  }

  onDeadline(): void {
    if (this.#phase === 'closing') this.#safely(() => this.#endStreams())
    else this.#close()
  }

  #join(from: TunnelEnd, to: Duplex, flow: TunnelFlow): void {
    const { stream, early } = from
    from.onData(chunk => this.#onChunk(flow, chunk))
    stream.on('end', () => this.#onEnd(flow, to))
    stream.on('error', () => this.#close())
    stream.on('close', () => this.#closedOne(to))
    if (early) flow.take(early)
    if (!to.writableNeedDrain) stream.resume()
    if (stream.destroyed) this.#close()
    else if (stream.readableEnded) this.#onEnd(flow, to)
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
  #onEnd(flow: TunnelFlow, to: Duplex): void {
    if (this.#phase === 'ending' || flow.ended) return
    // A client that is gone answers no Close frame.
    if (this.#phase === 'closing' && flow === this.#up) return this.#safely(() => this.#endStreams())
    this.#idleMs = this.#oneWayMs
    if (this.#phase === 'open') this.#touch()
    to.end()
  }

  /** One side is gone altogether: the other gets what is under way, then ends. */
  #closedOne(other: Duplex): void {
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
    else if (reason === 'stuck') this.#runtime.row.add(this.slot, TOTAL.tunnelsStuck, 1)
    const [up, down] = [this.#up.frames, this.#down.frames]
    if (!up?.valid || !down?.valid) return this.#endStreams()
    // They are closing already: all they need is time.
    if (up.closed || down.closed) return
    this.#down.endAtBoundary(closeForClient(reason), () => this.#onClientTold())
  }

  /** 2. What the client had sent before it read that still counts; its own Close frame is the last. */
  #onClientTold(): void {
    const up = this.#up.frames
    if (!this.#down.ended || !up?.valid || up.closed || this.#client.stream.readableEnded) return this.#endStreams()
    this.#runtime.wheel.arm(this.#timer, CLOSE_MS)
    this.#up.endBeforeClose(closeForUpstream(), () => this.#endStreams())
  }

  /** 3. Both connections end; what still comes is read and dropped, so that neither end becomes a reset. */
  #endStreams(): void {
    if (this.#phase !== 'closing') return
    this.#phase = 'ending'
    this.#runtime.wheel.arm(this.#timer, LINGER_MS)
    this.#up.end(closeForUpstream())
    this.#down.end(undefined)
    this.#client.stream.end()
    this.#upstream.stream.end()
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
    this.#client.stream.destroy()
    this.#upstream.stream.destroy()
  }
}

function closeForClient(reason: EndReason): Uint8Array {
  switch (reason) {
    case 'upstream-drained':
    case 'upstream-silent':
    case 'stuck':
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
