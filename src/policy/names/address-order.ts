// In which order the addresses of one name are connected to: in turn, and those on which a connect has just failed last.

/** An address on which a connect has failed is tried last for this long, ms. */
export const FAILED_MS = 30_000

export class AddressOrder {
  #addresses: readonly string[] = []
  #turn: number
  /** When a connect failed, monotonic ms. */
  readonly #failed = new Map<string, number>()

  /** @param turn any whole number from 0 on: with which address it begins */
  constructor(turn: number) {
    this.#turn = turn
  }

  get addresses(): readonly string[] {
    return this.#addresses
  }

  replace(addresses: readonly string[]): void {
    this.#addresses = addresses
    for (const address of this.#failed.keys()) if (!addresses.includes(address)) this.#failed.delete(address)
  }

  /** A connect to it has failed, or took too long. */
  failed(address: string, nowMs: number): void {
    if (this.#addresses.includes(address)) this.#failed.set(address, nowMs)
  }

  /** All of them, for one connection; the next one begins with the next address. */
  next(nowMs: number): readonly string[] {
    const all = this.#addresses
    if (all.length < 2) return all
    const first = this.#turn % all.length
    this.#turn += 1
    const turned = [...all.slice(first), ...all.slice(0, first)]
    if (this.#failed.size === 0) return turned
    const { good = [], failed = [] } = Object.groupBy(turned, each => (this.#isFailed(each, nowMs) ? 'failed' : 'good'))
    return [...good, ...failed]
  }

  #isFailed(address: string, nowMs: number): boolean {
    const atMs = this.#failed.get(address)
    if (atMs === undefined) return false
    if (nowMs - atMs < FAILED_MS) return true
    this.#failed.delete(address)
    return false
  }
}
