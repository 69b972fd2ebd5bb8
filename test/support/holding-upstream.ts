// An upstream that answers a request when the test says so, and knows how many it had at once.

import { ok } from './raw-answers.ts'
import { RawUpstream } from './raw-upstream.ts'
import { until } from './until.ts'

export class HoldingUpstream {
  readonly raw: RawUpstream
  /** Targets in the order in which they came. */
  readonly targets: string[] = []
  /** Most requests at once. */
  most = 0
  /** Answers at once, from now on. */
  open = false
  readonly #held: { readonly target: string; readonly answer: () => void }[] = []

  private constructor(raw: RawUpstream) {
    this.raw = raw
    raw.answer = async arrival => {
      const { target } = await arrival.whole()
      this.targets.push(target)
      const gone = arrival.connection.ended()
      if (!this.open) {
        const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
        const held = { target, answer }
        this.#held.push(held)
        this.most = Math.max(this.most, this.#held.length)
        await Promise.race([answered, gone])
        const at = this.#held.indexOf(held)
        if (at >= 0) this.#held.splice(at, 1)
      }
      await arrival.connection.write(ok(target))
    }
  }

  static async start(): Promise<HoldingUpstream> {
    return new HoldingUpstream(await RawUpstream.start())
  }

  get port(): number {
    return this.raw.port
  }

  /** Requests that wait for their answer. */
  get held(): number {
    return this.#held.length
  }

  /** Resolves when so many requests are here. */
  async holds(count: number): Promise<void> {
    await until(`${count} requests are held`, () => this.#held.length === count)
  }

  /** Answers the oldest request, or the one with this target. */
  release(target?: string): void {
    const at = target === undefined ? 0 : this.#held.findIndex(each => each.target === target)
    const [held] = this.#held.splice(at, 1)
    if (held === undefined) throw new Error(`no request ${target ?? ''} is held`)
    held.answer()
  }

  releaseAll(): void {
    this.open = true
    while (this.#held.length > 0) this.release()
  }

  close(): Promise<void> {
    return this.raw.close()
  }
}
