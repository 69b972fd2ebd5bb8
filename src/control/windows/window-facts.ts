// What is known of windows beside the configuration: what people asked for, and what became of occurrences. Keeps it in memory. It decides
// nothing.

import type { WindowPlan } from '../../plan/window.ts'
import { ORDERED } from '../../policy/maintenance/window-state.ts'

/** One thing that is known. A later fact of the same `factId` takes the place of an earlier one. */
export type WindowFact =
  /** Somebody ended the occurrence; before its start: cancelled it. */
  | { readonly kind: 'ended'; readonly key: string; readonly atMs: number }
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
    default:
      return `${fact.kind} ${fact.key}`
  }
}

/** Of each window. The policy looks back at no more. */
const MOST_KEYS = 120

export class WindowFacts {
  readonly made = new Map<string, MadeWindow>()
  readonly endedEarly = new Map<string, number>()
  readonly confirmed = new Set<string>()
  readonly reopened = new Map<string, number>()
  readonly postponed = new Map<string, number>()
  readonly knownSinceMs = new Map<string, number>()

  add(fact: WindowFact): void {
    switch (fact.kind) {
      case 'ended':
        this.endedEarly.set(fact.key, fact.atMs)
        return forgetOldest(this.endedEarly, fact.key)
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
}

/** The end of a key is the local start, so keys of one window are in the order of time. */
function forgetOldest(keys: { keys(): Iterable<string>; delete(key: string): boolean }, added: string): void {
  const window = added.slice(0, added.lastIndexOf('@') + 1)
  const same = [...keys.keys()].filter(key => key.startsWith(window) && key.lastIndexOf('@') + 1 === window.length)
  for (const key of same.sort().slice(0, Math.max(0, same.length - MOST_KEYS))) keys.delete(key)
}
