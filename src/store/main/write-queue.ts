// What waits to be written, in order and bounded. Where it is full, what can best be spared makes room: old transitions first, then
// incidents, requests in doubt, and audit rows last. Changes that somebody waits for are never dropped here.

import type { AppendKind } from '../contract.ts'

export type Waiting<Row, Commit> =
  | { readonly type: 'append'; readonly kind: AppendKind; readonly row: Row }
  | { readonly type: 'commit'; readonly commit: Commit }

export type Lost = Readonly<Record<AppendKind, number>>

export const NOTHING_LOST: Lost = { transition: 0, incident: 0, 'in-doubt': 0, audit: 0 }

/** The first is the first to go. */
const SPARED: readonly AppendKind[] = ['transition', 'incident', 'in-doubt', 'audit']

export class WriteQueue<Row, Commit> {
  readonly #most: number
  #items: Waiting<Row, Commit>[] = []

  /** @param most rows; commits come on top, bounded by the time that they wait */
  constructor(most: number) {
    this.#most = most
  }

  get length(): number {
    return this.#items.length
  }

  /** Returns what had to make room. */
  add(item: Waiting<Row, Commit>): Lost {
    this.#items.push(item)
    return this.#items.length > this.#most ? this.#makeRoom() : NOTHING_LOST
  }

  take(count: number): readonly Waiting<Row, Commit>[] {
    return this.#items.splice(0, count)
  }

  /** What could not be written comes before the rest again. */
  putBack(items: readonly Waiting<Row, Commit>[]): Lost {
    this.#items = [...items, ...this.#items]
    return this.#items.length > this.#most ? this.#makeRoom() : NOTHING_LOST
  }

  /** Returns false where it isn't waiting any more. */
  remove(commit: Commit): boolean {
    const before = this.#items.length
    this.#items = this.#items.filter(item => item.type !== 'commit' || item.commit !== commit)
    return this.#items.length < before
  }

  commits(): readonly Commit[] {
    return this.#items.flatMap(item => (item.type === 'commit' ? [item.commit] : []))
  }

  /** A tenth at once, so that a full queue costs little per row. */
  #makeRoom(): Lost {
    const lost = { ...NOTHING_LOST }
    let excess = this.#items.length - this.#most + Math.floor(this.#most / 10)
    for (const kind of SPARED) {
      if (excess <= 0) break
      this.#items = this.#items.filter(item => {
        const goes = excess > 0 && item.type === 'append' && item.kind === kind
        if (goes) {
          excess -= 1
          lost[kind] += 1
        }
        return !goes
      })
    }
    return lost
  }
}

export function addLost(a: Lost, b: Lost): Lost {
  return {
    transition: a.transition + b.transition,
    incident: a.incident + b.incident,
    'in-doubt': a['in-doubt'] + b['in-doubt'],
    audit: a.audit + b.audit,
  }
}

export function totalLost(lost: Lost): number {
  return lost.transition + lost.incident + lost['in-doubt'] + lost.audit
}
