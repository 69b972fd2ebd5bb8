// The tunnels that this worker has open: asks some or all of them to end, each at a moment of its own, so that their clients do
// not all come back at once. How a tunnel ends is its own business.

/** Why: its upstream's drain has come to its end, nothing answers there any more, one side takes nothing, or vigia is being stopped. */
export type EndReason = 'upstream-drained' | 'upstream-silent' | 'stuck' | 'shutdown'

export interface OpenTunnel {
  /** Of its upstream. */
  readonly slot: number
  /** Ends it so many ms from now; a later call replaces an earlier one. */
  endIn(ms: number, reason: EndReason): void
  /** Ends it where one side has taken nothing for too long. @param elapsedMs since the last call */
  look(elapsedMs: number): void
}

/** At a stop, tunnels are ended within this time, and in the first part of the deadline: they take some seconds to end. */
const STOP_SPREAD_MS = 5000
const STOP_SPREAD_SHARE = 0.4
/** Tunnels that open only after the others of their upstream were ended. */
const LATE_SPREAD_MS = 1000
/** But no slower than so: a stop need not wait for the sake of a few clients. */
const STOP_PACE_MS = 50

export class Tunnels {
  readonly #open = new Set<OpenTunnel>()
  readonly #random: () => number
  #stopSpreadMs: number | undefined = undefined

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  get size(): number {
    return this.#open.size
  }

  add(tunnel: OpenTunnel): void {
    this.#open.add(tunnel)
    if (this.#stopSpreadMs !== undefined) tunnel.endIn(this.#random() * this.#stopSpreadMs, 'shutdown')
  }

  delete(tunnel: OpenTunnel): void {
    this.#open.delete(tunnel)
  }

  /**
   * To be called a few times a second. @param elapsedMs between two calls, as planned: what the clock says would blame a peer for the time in
   * which vigia itself stood still
   */
  look(elapsedMs: number): void {
    for (const tunnel of this.#open) tunnel.look(elapsedMs)
  }

  /** Ends the tunnels of one upstream, evenly spread over `spreadMs`. */
  endUpstream(slot: number, spreadMs: number, reason: EndReason = 'upstream-drained'): void {
    this.#spread(
      [...this.#open].filter(tunnel => tunnel.slot === slot),
      spreadMs,
      reason,
    )
  }

  /** Ends one that opened after `endUpstream`. */
  endLate(tunnel: OpenTunnel): void {
    tunnel.endIn(this.#random() * LATE_SPREAD_MS, 'upstream-drained')
  }

  /** Ends all tunnels, and those that are still to come. @param deadlineMs after it they are cut */
  stop(deadlineMs: number): void {
    const all = [...this.#open]
    this.#stopSpreadMs = Math.min(STOP_SPREAD_MS, deadlineMs * STOP_SPREAD_SHARE, all.length * STOP_PACE_MS)
    this.#spread(all, this.#stopSpreadMs, 'shutdown')
  }

  /** The i-th of n in the i-th n-th of the time, anywhere in it: other workers do the same at the same time. */
  #spread(tunnels: readonly OpenTunnel[], spreadMs: number, reason: EndReason): void {
    const shareMs = spreadMs / tunnels.length
    tunnels.forEach((tunnel, i) => {
      tunnel.endIn((i + this.#random()) * shareMs, reason)
    })
  }
}
