// The fields that a peer has told to remember (RFC 7541 2.3.2 and 4), the newest first.

import type { HeaderEntry } from './header-entry.ts'

/** Bytes that each entry takes at least. */
const LEAST_ENTRY = 32

export class DynamicTable {
  /** A ring: `#newest` is where the newest stands, older ones before it. */
  readonly #ring: (HeaderEntry | undefined)[]
  readonly #mask: number
  #newest = 0
  #bytes = 0
  #mostBytes: number
  count = 0

  /** @param mostBytes that it will ever have, a power of 2 */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
    this.#ring = new Array<HeaderEntry | undefined>(mostBytes / LEAST_ENTRY).fill(undefined)
    this.#mask = this.#ring.length - 1
  }

  /** @param index 0 = the newest; less than `count` */
  at(index: number): HeaderEntry {
    return this.#ring[(this.#newest - index) & this.#mask]!
  }

  /** Puts it in front; what is oldest goes as far as it must. One that is larger than the whole table empties it (RFC 7541 4.4). */
  insert(entry: HeaderEntry): void {
    const bytes = entry.tableBytes
    this.#shrink(this.#mostBytes - bytes)
    if (bytes > this.#mostBytes) return
    this.#newest = (this.#newest + 1) & this.#mask
    this.#ring[this.#newest] = entry
    this.#bytes += bytes
    this.count += 1
  }

  resize(mostBytes: number): void {
    this.#mostBytes = mostBytes
    this.#shrink(mostBytes)
  }

  #shrink(toBytes: number): void {
    while (this.count > 0 && this.#bytes > toBytes) {
      const oldest = (this.#newest - this.count + 1) & this.#mask
      this.#bytes -= this.#ring[oldest]!.tableBytes
      this.#ring[oldest] = undefined
      this.count -= 1
    }
  }
}
