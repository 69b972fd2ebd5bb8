// How many connections each client has, exact over all listeners and workers. Each worker also counts its own, so that control can give
// back what a dead one held. Memory is fixed: a client that finds no room in its bucket is not counted.

import { BUCKET_CELLS, KeyedCells } from './keyed-cells.ts'

/** 131,072 clients; with 65,000 connected at once about one in a thousand of them goes uncounted, with 20,000 none. */
const BUCKETS = 8192
const CELLS = BUCKETS * BUCKET_CELLS
const KEYS_BYTES = KeyedCells.bytes(BUCKETS)

/** Not counted: there is nothing to give back. */
export const UNCOUNTED = -1

/** Pages that are never touched cost nothing. */
export function allocateClientConnections(workers: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(KEYS_BYTES + 4 * CELLS * (1 + workers))
  KeyedCells.seed(buffer)
  return buffer
}

export class ClientConnections {
  readonly #buffer: SharedArrayBuffer
  readonly #keys: KeyedCells
  /** Of all workers. */
  readonly #counts: Int32Array
  /** Of this worker. */
  readonly #own: Int32Array

  /** @param worker index of the worker; -1 = control, which may only call `drop` and `count` */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    this.#buffer = buffer
    this.#keys = new KeyedCells(buffer, BUCKETS, worker)
    this.#counts = new Int32Array(buffer, KEYS_BYTES, CELLS)
    this.#own = this.#row(Math.max(0, worker))
  }

  /** Counts one more connection of the client. @returns what to `give` back later, or undefined where it has `most` already */
  take(client: string, most: number): number | undefined {
    const bucket = this.#keys.aim(client)
    this.#keys.lock(bucket)
    const cell = this.#cellOf(bucket)
    const taken = cell !== UNCOUNTED && this.#counts[cell]! < most
    if (taken) {
      this.#counts[cell]! += 1
      this.#own[cell]! += 1
    }
    this.#keys.unlock(bucket)
    return taken || cell === UNCOUNTED ? cell : undefined
  }

  give(cell: number): void {
    if (cell === UNCOUNTED) return
    const bucket = Math.floor(cell / BUCKET_CELLS)
    this.#keys.lock(bucket)
    this.#counts[cell]! -= 1
    this.#own[cell]! -= 1
    this.#keys.unlock(bucket)
  }

  count(client: string): number {
    const bucket = this.#keys.aim(client)
    this.#keys.lock(bucket)
    const cell = this.#keys.find(bucket)
    this.#keys.unlock(bucket)
    return cell === -1 ? 0 : this.#counts[cell]!
  }

  /** Control only, after the worker has ended: its connections are gone with it. */
  drop(worker: number): void {
    const row = this.#row(worker)
    for (let cell = 0; cell < CELLS; cell += 1) {
      if (row[cell] === 0) continue
      const bucket = Math.floor(cell / BUCKET_CELLS)
      this.#keys.lock(bucket)
      this.#counts[cell]! -= row[cell]!
      row[cell] = 0
      this.#keys.unlock(bucket)
    }
  }

  /** The client's own cell, or one that nobody uses, claimed for it. */
  #cellOf(bucket: number): number {
    const found = this.#keys.find(bucket)
    if (found !== -1) return found
    const first = bucket * BUCKET_CELLS
    for (let cell = first; cell < first + BUCKET_CELLS; cell += 1) {
      if (this.#counts[cell] !== 0) continue
      this.#keys.claim(cell)
      return cell
    }
    return UNCOUNTED
  }

  #row(worker: number): Int32Array {
    return new Int32Array(this.#buffer, KEYS_BYTES + 4 * CELLS * (1 + worker), CELLS)
  }
}
