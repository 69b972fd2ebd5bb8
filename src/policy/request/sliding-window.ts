// How much totals that only go up have grown within the last seconds. A ring of samples that the caller takes now and
// then; no timers, and nothing is allocated after the start.

/** Samples in a window: it is exact to a sixteenth of its length. */
const STEPS = 16

export class SlidingWindow {
  readonly #windowMs: number
  readonly #columns: number
  /** Rows of a time and the totals at that time; one more than a window needs, so that one lies at its beginning. */
  readonly #rows: Float64Array
  readonly #capacity = STEPS + 1
  #next = 0
  #count = 0

  /** @param columns how many totals are watched together */
  constructor(windowMs: number, columns: number) {
    this.#windowMs = windowMs
    this.#columns = columns
    this.#rows = new Float64Array(this.#capacity * (columns + 1))
  }

  /**
   * Keeps a sample if the last one is old enough; call it as often as you like, at least every sixteenth of the window.
   * Where a total has fallen (what it sums over has changed) all begins anew.
   */
  sample(nowMs: number, ...totals: readonly number[]): void {
    if (this.#count > 0) {
      const last = this.#row(1)
      if (totals.some((total, column) => total < this.#rows[last + 1 + column]!)) this.#count = 0
      else if (nowMs - this.#rows[last]! < this.#windowMs / STEPS) return
    }
    const at = this.#next * (this.#columns + 1)
    this.#rows[at] = nowMs
    for (let column = 0; column < this.#columns; column += 1) this.#rows[at + 1 + column] = totals[column]!
    this.#next = (this.#next + 1) % this.#capacity
    this.#count = Math.min(this.#count + 1, this.#capacity)
  }

  /**
   * Growth of a column within the window that ends now. Where samples were missed, the share of the growth since the
   * last one before them that falls into one window's length. 0 before the first sample.
   */
  growth(nowMs: number, column: number, total: number): number {
    const from = this.#beginning(nowMs)
    if (from < 0) return 0
    const ageMs = nowMs - this.#rows[from]!
    const grown = Math.max(0, total - this.#rows[from + 1 + column]!)
    return ageMs > this.#windowMs ? (grown * this.#windowMs) / ageMs : grown
  }

  /** The youngest sample that is at least a window old, else the oldest there is; -1 = none. */
  #beginning(nowMs: number): number {
    for (let back = 1; back <= this.#count; back += 1) {
      const at = this.#row(back)
      if (back === this.#count || nowMs - this.#rows[at]! >= this.#windowMs) return at
    }
    return -1
  }

  /** Where the sample before `back - 1` others begins. */
  #row(back: number): number {
    return ((this.#next - back + this.#capacity) % this.#capacity) * (this.#columns + 1)
  }
}
