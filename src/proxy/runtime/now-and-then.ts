// Says when something that may happen with every request is worth a line in the log again.

/** Between two lines about the same. */
const EVERY_MS = 60_000

export class NowAndThen {
  readonly #saidMs = new Map<string, number>()

  /** Who is told so says it. @param about what is said; few of them */
  isDue(about: string, nowMs: number): boolean {
    if (nowMs - (this.#saidMs.get(about) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return false
    this.#saidMs.set(about, nowMs)
    return true
  }
}
