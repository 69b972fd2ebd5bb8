// Connections to one upstream that have not brought a byte yet, in this worker. Where one waits too long beside idle ones, these may be
// what it waits for: one is closed for it, in this worker or another. What that teaches decides policy/upstream/starvation.ts.

import {
  isStarved,
  makesRoom,
  NO_STARVATION,
  type StarvationEvidence,
  sawRoomTaken,
  sawServed,
  type Wait,
} from '../../policy/upstream/starvation.ts'
import { GAUGE, TOTAL } from '../../shared/counter-cells.ts'
import { idleOf } from '../../shared/counters.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** A connection, as far as it is waited for. */
interface Awaited {
  /** What is to come next is the upstream's. */
  readonly awaitsUpstream: boolean
}

interface Newcomer {
  /** It has been the upstream's turn, monotonic ms. */
  sinceMs: number
  /** The standstill at which room is to be made for it, ms. */
  dueMs: number
  /** What it had waited when room was first made for it, and when that was. */
  room: Wait | undefined
  roomMs: number
}

export class Newcomers {
  readonly #slot: number
  readonly #runtime: Runtime
  readonly #closeIdle: () => boolean
  readonly #waiting = new Map<Awaited, Newcomer>()
  /** Those for which nothing idle was found to close, as of the last look. */
  #wanting: Newcomer[] = []
  #evidence: StarvationEvidence = NO_STARVATION
  /** When one was last seen to be answered in any worker, monotonic ms; and how many had been settled by then. */
  #answeredMs = 0
  #settled = 0

  /** @param closeIdle closes one idle connection of this worker; false = it has none */
  constructor(slot: number, runtime: Runtime, closeIdle: () => boolean) {
    this.#slot = slot
    this.#runtime = runtime
    this.#closeIdle = closeIdle
  }

  get size(): number {
    return this.#waiting.size
  }

  add(connection: Awaited, nowMs: number): void {
    this.#runtime.row.move(this.#slot, GAUGE.unanswered, 1)
    if (this.#waiting.size === 0) this.#settled = this.#settledEver()
    this.#waiting.set(connection, { sinceMs: nowMs, dueMs: 0, room: undefined, roomMs: 0 })
  }

  answered(connection: Awaited, nowMs: number): void {
    const { room, roomMs } = this.#waiting.get(connection)!
    this.remove(connection)
    this.#answeredMs = nowMs
    if (room === undefined) this.#evidence = sawServed(this.#evidence, this.#held())
    else this.#evidence = sawRoomTaken(this.#evidence, room, nowMs - roomMs)
    if (!isStarved(this.#evidence)) return
    this.#evidence = NO_STARVATION
    this.#runtime.report({ type: 'starved', slot: this.#slot })
  }

  /** It is closed, or has been answered. */
  remove(connection: Awaited): void {
    if (!this.#waiting.delete(connection)) return
    this.#runtime.row.move(this.#slot, GAUGE.unanswered, -1)
    this.#settled += 1
  }

  /** To be called a few times a second while there are some. */
  look(nowMs: number): void {
    this.#wanting = []
    const settled = this.#settledEver()
    if (settled !== this.#settled) this.#answeredMs = nowMs
    this.#settled = settled
    for (const [connection, newcomer] of this.#waiting) {
      if (!connection.awaitsUpstream) newcomer.sinceMs = nowMs
      else this.#makeRoom(newcomer, nowMs)
    }
  }

  /** A connection has become free. @returns whether it is to be closed for one of these */
  takeRoom(nowMs: number): boolean {
    if (this.#wanting.length === 0) return false
    const newcomer = this.#wanting.shift()!
    getsRoom(newcomer, this.#waitOf(newcomer, nowMs), nowMs)
    return true
  }

  #makeRoom(newcomer: Newcomer, nowMs: number): void {
    const wait = this.#waitOf(newcomer, nowMs)
    if (wait.stillMs < Math.max(newcomer.dueMs, this.#evidence.patienceMs)) return
    if (!makesRoom(this.#evidence, wait)) return
    if (this.#closeIdle()) return getsRoom(newcomer, wait, nowMs)
    if (idleOf(this.#runtime.counters, this.#slot) === 0) return void this.#wanting.push(newcomer)
    this.#runtime.report({ type: 'idle-in-the-way', slot: this.#slot })
    getsRoom(newcomer, wait, nowMs)
  }

  #waitOf({ sinceMs }: Newcomer, nowMs: number): Wait {
    return { stillMs: nowMs - Math.max(sinceMs, this.#answeredMs), held: this.#held() }
  }

  /** New connections, in all workers and ever, that have been answered or have ended. */
  #settledEver(): number {
    const { counters } = this.#runtime
    return counters.total(this.#slot, TOTAL.connectionsOpened) - counters.gauge(this.#slot, GAUGE.unanswered)
  }

  #held(): number {
    const { counters } = this.#runtime
    return counters.gauge(this.#slot, GAUGE.connections) - counters.gauge(this.#slot, GAUGE.unanswered)
  }
}

function getsRoom(newcomer: Newcomer, wait: Wait, nowMs: number): void {
  // The next time after twice as long, for those that wait for their own reasons.
  newcomer.dueMs = wait.stillMs * 2
  if (newcomer.room !== undefined) return
  newcomer.room = wait
  newcomer.roomMs = nowMs
}
