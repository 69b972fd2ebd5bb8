// Gathers the bytes of a head until its empty line, within the size limit. Whatever the split of the bytes, the result is the same:
// what it hands out is a function of the byte stream alone, and a bad line break is noticed as soon as it is there.

import { badBreak } from './line-breaks.ts'

/** Outcomes of `push` other than the index after the head. */
export const NEEDS_MORE = -1
/** The head can't become valid: `text` holds it up to where that is certain; the caller diagnoses. */
export const REFUSED = -2

const END = '\r\n\r\n'
const CR = 13

export class HeadReader {
  readonly #maxBytes: number
  #gathered = ''
  #blankSkipped = false
  /** The head just completed or refused, as latin1. */
  text = ''

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** True between a head's first byte and its end. An empty line before it is not yet a head. */
  get started(): boolean {
    return this.#gathered !== '' && this.#gathered !== '\r'
  }

  /** @returns index of the first byte after the head, NEEDS_MORE or REFUSED */
  push(chunk: Buffer, from: number): number {
    if (this.#gathered === '' && chunk[from] !== CR) {
      const end = chunk.indexOf(END, from, 'latin1')
      if (end >= 0 && end + 4 - from <= this.#maxBytes) {
        this.#blankSkipped = false
        this.text = chunk.toString('latin1', from, end + 4)
        return end + 4
      }
    }
    return this.#gather(chunk, from)
  }

  #gather(chunk: Buffer, from: number): number {
    const before = this.#gathered.length
    // One byte beyond the limit proves that the head is too large; two more may be a blank line that is skipped.
    const room = Math.max(0, this.#maxBytes + 3 - before)
    let text = this.#gathered + chunk.toString('latin1', from, Math.min(chunk.length, from + room))
    let skipped = 0
    // RFC 9112 2.2: one empty line before a request line is ignored.
    if (!this.#blankSkipped && text.startsWith('\r\n')) {
      text = text.slice(2)
      this.#blankSkipped = true
      skipped = 2
    }
    const end = text.indexOf(END, Math.max(0, before - skipped - 3))
    const wrong = badBreak(end < 0 ? text : text.slice(0, end + 4), Math.max(0, before - skipped - 1))
    const refused =
      wrong >= 0 && wrong < this.#maxBytes
        ? wrong + 1
        : text.length > this.#maxBytes && (end < 0 || end + 4 > this.#maxBytes)
          ? this.#maxBytes
          : -1
    if (refused >= 0) {
      this.text = text.slice(0, refused)
      this.#reset()
      return REFUSED
    }
    if (end < 0) {
      this.#gathered = text
      return NEEDS_MORE
    }
    this.text = text.slice(0, end + 4)
    this.#reset()
    return from + end + 4 - (before - skipped)
  }

  #reset(): void {
    this.#gathered = ''
    this.#blankSkipped = false
  }
}
