// What became of reloads: for /status and for metrics. Counts and remembers; it decides nothing.

import type { VigiaEvent } from '../events/event.ts'
import type { ConfigurationSource, ReloadResult } from '../events/reload-event.ts'
import { problemsText } from '../events/words.ts'

export class ReloadTally {
  #appliedMs: number
  #source: ConfigurationSource = 'start'
  #last: { readonly atMs: number; readonly error: string | undefined } | undefined
  readonly #tally: Record<ReloadResult, number> = { applied: 0, unchanged: 0, refused: 0 }

  /** @param nowMs epoch ms */
  constructor(nowMs: number) {
    this.#appliedMs = nowMs
  }

  /** When the configuration in use was applied, epoch ms, and who had asked for it. */
  get appliedMs(): number {
    return this.#appliedMs
  }

  get source(): ConfigurationSource {
    return this.#source
  }

  /** The newest reload; undefined = there was none. */
  get last(): { readonly atMs: number; readonly error: string | undefined } | undefined {
    return this.#last
  }

  get tally(): Readonly<Record<ReloadResult, number>> {
    return this.#tally
  }

  /** Takes in what happens. */
  readonly count = (event: VigiaEvent): void => {
    if (event.type !== 'reload') return
    const { result, atMs, request } = event
    this.#tally[result] += 1
    this.#last = { atMs, error: result === 'refused' ? problemsText(event.problems) : undefined }
    if (result !== 'applied') return
    this.#appliedMs = atMs
    this.#source = request.source
  }
}
