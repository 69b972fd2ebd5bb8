// What became of reloads: for /status and for metrics. Counts and remembers; it decides nothing.

/** Who asked: `program` = whoever embeds vigia. */
export type ConfigurationSource = 'start' | 'file' | 'signal' | 'api' | 'cli' | 'program'
export type ReloadResult = 'applied' | 'unchanged' | 'refused'

export type OnReload = (result: ReloadResult, source: ConfigurationSource, error: string | undefined) => void

export class ReloadRecord {
  readonly #onAdd: OnReload
  #appliedMs: number
  #source: ConfigurationSource = 'start'
  #last: { readonly atMs: number; readonly error: string | undefined } | undefined
  readonly #tally: Record<ReloadResult, number> = { applied: 0, unchanged: 0, refused: 0 }

  /** @param nowMs epoch ms @param onAdd is called after each reload */
  constructor(nowMs: number, onAdd: OnReload = () => {}) {
    this.#appliedMs = nowMs
    this.#onAdd = onAdd
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

  /** @param error one line, where it was refused */
  add(result: ReloadResult, source: ConfigurationSource, nowMs: number, error?: string): void {
    this.#tally[result] += 1
    this.#last = { atMs: nowMs, error: result === 'refused' ? (error ?? 'refused') : undefined }
    if (result === 'applied') {
      this.#appliedMs = nowMs
      this.#source = source
    }
    this.#onAdd(result, source, this.#last.error)
  }
}
