// What is known of windows beside the configuration: what people asked for, and what became of occurrences. Keeps it in memory. It decides
// nothing.

import type { WindowPlan } from '../../plan/window.ts'
import { ORDERED } from '../../policy/maintenance/window-state.ts'

/** One thing that is known. A later fact of the same `factId` takes the place of an earlier one. */
export type WindowFact =
  /** Somebody ended the occurrence; before its start: cancelled it. */
  | ({ readonly kind: 'ended'; readonly key: string; readonly atMs: number } & Partial<Author>)
  /** It takes place after all: nobody has cancelled it. */
  | { readonly kind: 'uncancelled'; readonly key: string; readonly atMs: number }
  /** Somebody has moved its end. */
  | ({ readonly kind: 'extended'; readonly key: string; readonly endMs: number; readonly atMs: number } & Author)
  | { readonly kind: 'confirmed'; readonly key: string }
  /** It is over for good; `holds` false: not any more. */
  | FoundOut<'reopened'>
  /** The guard does not let it begin; `holds` false: it does now. */
  | FoundOut<'postponed'>
  /** When vigia first knew a window of this name. */
  | { readonly kind: 'known'; readonly window: string; readonly atMs: number }
  /** A window that was made over the admin API. */
  | { readonly kind: 'made'; readonly made: MadeWindow }
  | { readonly kind: 'removed'; readonly window: string }

/** Who did it, and why. Facts of earlier versions have none. */
export interface Author {
  readonly by: string
  readonly reason: string
}

interface FoundOut<Kind extends string> {
  readonly kind: Kind
  readonly key: string
  readonly holds: boolean
  /** The instant that it comes from, epoch ms: it counts from then on. Undefined = it hangs on no clock. */
  readonly atMs: number | undefined
}

export interface MadeWindow {
  readonly plan: WindowPlan
  readonly by: string
  /** Epoch ms. */
  readonly atMs: number
}

/** Under which a fact is kept. */
export function factId(fact: WindowFact): string {
  switch (fact.kind) {
    case 'known':
      return `known ${fact.window}`
    case 'made':
      return `made ${fact.made.plan.name}`
    case 'removed':
      return `made ${fact.window}`
    case 'uncancelled':
      return `ended ${fact.key}`
    default:
      return `${fact.kind} ${fact.key}`
  }
}

/** Of each window. The policy looks back at no more. */
const MOST_KEYS = 120

export class WindowFacts {
  readonly made = new Map<string, MadeWindow>()
  readonly endedEarly = new Map<string, number>()
  readonly extended = new Map<string, number>()
  /** By key: who ended it; who extended it. */
  readonly endedBy = new Map<string, Author>()
  readonly extendedBy = new Map<string, Author>()
  readonly confirmed = new Set<string>()
  readonly reopened = new Map<string, number>()
  readonly postponed = new Map<string, number>()
  readonly knownSinceMs = new Map<string, number>()

  /** When people last changed single dates, epoch ms. */
  changedMs = 0

  add(fact: WindowFact): void {
    switch (fact.kind) {
      case 'ended': {
        const { key, atMs, by, reason } = fact
        this.#changed(atMs)
        this.endedEarly.set(key, atMs)
        if (by !== undefined && reason !== undefined) keep(this.endedBy, key, { by, reason })
        return forgetOldest(this.endedEarly, key)
      }
      case 'uncancelled':
        this.#changed(fact.atMs)
        this.endedBy.delete(fact.key)
        return void this.endedEarly.delete(fact.key)
      case 'extended': {
        const { key, atMs, endMs, by, reason } = fact
        this.#changed(atMs)
        keep(this.extendedBy, key, { by, reason })
        return keep(this.extended, key, endMs)
      }
      case 'confirmed':
        this.confirmed.add(fact.key)
        return forgetOldest(this.confirmed, fact.key)
      case 'reopened':
      case 'postponed': {
        const found = this[fact.kind]
        if (!fact.holds) return void found.delete(fact.key)
        found.set(fact.key, fact.atMs ?? ORDERED)
        return forgetOldest(found, fact.key)
      }
      case 'known':
        return void this.knownSinceMs.set(fact.window, fact.atMs)
      case 'made':
        return void this.made.set(fact.made.plan.name, fact.made)
      case 'removed':
        return void this.made.delete(fact.window)
    }
  }

  #changed(atMs: number): void {
    this.changedMs = Math.max(this.changedMs, atMs)
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  forgetOldest(map, key)
}

/** The end of a key is the local start, so keys of one window are in the order of time. */
function forgetOldest(keys: { keys(): Iterable<string>; delete(key: string): boolean }, added: string): void {
  const window = added.slice(0, added.lastIndexOf('@') + 1)
  const same = [...keys.keys()].filter(key => key.startsWith(window) && key.lastIndexOf('@') + 1 === window.length)
  for (const key of same.sort().slice(0, Math.max(0, same.length - MOST_KEYS))) keys.delete(key)
}
