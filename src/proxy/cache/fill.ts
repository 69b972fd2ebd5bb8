// One answer on its way into the cache.

import type { CacheMemory, Writing, Written } from '../../shared/cache/memory.ts'

type About = Omit<Written, 'metaBytes' | 'bodyBytes'>

/** Nobody finds it before it is complete. */
export class Fill {
  readonly #memory: CacheMemory
  readonly #writing: Writing
  readonly #about: About
  #metaBytes = 0
  #isOver = false

  constructor(memory: CacheMemory, writing: Writing, about: About) {
    this.#memory = memory
    this.#writing = writing
    this.#about = about
  }

  writeMeta(bytes: Buffer): boolean {
    this.#metaBytes = bytes.length
    return this.write(bytes, 0, bytes.length)
  }

  /** Of the body, so far. */
  get bytes(): number {
    return this.#writing.bytes - this.#metaBytes
  }

  /** @returns false where there is no room: it is over */
  write(chunk: Buffer, start: number, end: number): boolean {
    if (this.#isOver) return false
    if (this.#memory.append(this.#writing, chunk, start, end, this.#about.nowS)) return true
    this.abandon()
    return false
  }

  /** All of it has come. @returns false where it was invalidated meanwhile */
  complete(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    const { bytes } = this
    return this.#memory.publish(this.#writing, { ...this.#about, metaBytes: this.#metaBytes, bodyBytes: bytes })
  }

  abandon(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#memory.abandon(this.#writing)
  }
}
