// Smooth weighted turns (nginx's algorithm): weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
// Holds one number for each upstream; knows neither load nor time.

/** Differences below this are rounding: then the lower index has its turn. */
const ROUNDING = 1e-9

export class SmoothWeights {
  /** Turns that each upstream is owed (> 0) or has had in advance (< 0). */
  readonly #credits: Float64Array
  #started = false

  constructor(size: number) {
    this.#credits = new Float64Array(size)
  }

  /**
   * The index whose turn it is among the first `count` entries of `candidates`, or -1 where all their weights are 0.
   * Credits are counted in turns, not in weight, so a change of the weights leaves no debt that takes long to work off.
   */
  next(candidates: Int32Array, count: number, weights: Float64Array, random: () => number): number {
    if (!this.#started) this.#start(random)
    let total = 0
    for (let i = 0; i < count; i += 1) total += weights[candidates[i]!]!
    if (!(total > 0)) return -1
    const credits = this.#credits
    const turnsPerWeight = 1 / total
    let best = -1
    let bestCredit = 0
    for (let i = 0; i < count; i += 1) {
      const index = candidates[i]!
      const weight = weights[index]!
      if (weight <= 0) continue
      const credit = credits[index]! + weight * turnsPerWeight
      credits[index] = credit
      if (best === -1 || credit > bestCredit + ROUNDING) {
        best = index
        bestCredit = credit
      }
    }
    credits[best] = bestCredit - 1
    return best
  }

  /** Starts anywhere within the first round, else all workers would send their first requests to the same upstream. */
  #start(random: () => number): void {
    this.#started = true
    for (let i = 0; i < this.#credits.length; i += 1) this.#credits[i] = random()
  }
}
