// Changes that are carried out and not on the disk yet, oldest first, bounded. They are written as one change, so that the newest word
// on an upstream is the one that stays.

import type { AuditEntry, Change, OverrideChange } from '../../store/contract.ts'

/** More than that people do not order while a disk is full; files that change all the time might. */
const MOST = 500

export class Backlog {
  readonly #changes = new Set<Change>()
  #dropped = 0

  get size(): number {
    return this.#changes.size
  }

  /** Given up since the start. */
  get dropped(): number {
    return this.#dropped
  }

  get whole(): Change | undefined {
    return this.with(undefined).whole
  }

  add(change: Change): void {
    // When it was carried out, not when it could be written.
    const now = Date.now()
    const [first, ...rest] = change.audit
    const audit: Change['audit'] = [{ atMs: now, ...first }, ...rest.map(entry => ({ atMs: now, ...entry }))]
    const { configuration } = change
    this.#changes.add({
      ...change,
      audit,
      ...(configuration === undefined ? {} : { configuration: { atMs: now, ...configuration } }),
    })
    if (this.#changes.size <= MOST) return
    for (const oldest of this.#changes) {
      this.#changes.delete(oldest)
      this.#dropped += 1
      break
    }
  }

  /** All that waits and then `change`, as one; `taken` is what to forget once it is written. */
  with(change: Change | undefined): { readonly whole: Change | undefined; readonly taken: readonly Change[] } {
    const taken = [...this.#changes]
    const all = change === undefined ? taken : [...taken, change]
    const [first, ...rest] = all.flatMap(each => [...each.audit])
    if (first === undefined) return { whole: undefined, taken }
    // A change holds one configuration: of several only the newest keeps its text, each keeps its audit row.
    const configuration = all.findLast(each => each.configuration !== undefined)?.configuration
    const whole: Change = {
      audit: [first, ...rest] satisfies readonly [AuditEntry, ...AuditEntry[]],
      overrides: all.flatMap(each => each.overrides ?? []),
      windows: all.flatMap(each => each.windows ?? []),
      secrets: all.flatMap(each => each.secrets ?? []),
      resolve: all.flatMap(each => each.resolve ?? []),
      ...(configuration === undefined ? {} : { configuration }),
    }
    return { whole, taken }
  }

  forget(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.delete(change)
  }

  holds(pool: string, upstream: string | undefined, kind: string): boolean {
    const is = (each: OverrideChange) => each.pool === pool && each.upstream === upstream && each.kind === kind
    return [...this.#changes].some(({ overrides = [] }) => overrides.some(is))
  }
}
