// What keeps requests of one key from passing each other: for each key a cell that counts those that are not done. Keys share cells by
// chance, which only holds a request that need not be. The thread that keeps held requests writes, workers read.

const CELLS = 65_536
/** Of all. */
const TOTAL = CELLS

export class HeldTable {
  readonly buffer: SharedArrayBuffer
  readonly #counts: Int32Array

  constructor(buffer = new SharedArrayBuffer((CELLS + 1) * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#counts = new Int32Array(buffer)
  }

  /** Nothing of any key is held. */
  get isEmpty(): boolean {
    return Atomics.load(this.#counts, TOTAL) === 0
  }

  /** A request of this key is held, and not done yet. */
  isHeld(key: string): boolean {
    return Atomics.load(this.#counts, cellOf(key)) > 0
  }

  /** Before it is acknowledged. */
  raise(key: string): void {
    Atomics.add(this.#counts, cellOf(key), 1)
    Atomics.add(this.#counts, TOTAL, 1)
  }

  /** Once its end is on the disk. */
  lower(key: string): void {
    Atomics.sub(this.#counts, cellOf(key), 1)
    Atomics.sub(this.#counts, TOTAL, 1)
  }

  /** The thread begins anew: nothing is held, until it says so. */
  clear(): void {
    this.#counts.fill(0)
  }
}

/** FNV-1a; keys are hashes already. */
function cellOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % CELLS
}
