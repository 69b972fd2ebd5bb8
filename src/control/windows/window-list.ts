// The planned windows: those of the configuration, and those made over the admin API. Of one name the configuration's counts.

import { isDeepStrictEqual } from 'node:util'
import type { WindowPlan } from '../../plan/window.ts'
import { checkWindow } from '../../policy/maintenance/check-window.ts'
import { type Occurrences, occurrencesOf } from '../../policy/maintenance/occurrences.ts'
import type { MadeWindow } from './window-facts.ts'

export interface PlannedWindow {
  readonly plan: WindowPlan
  readonly occurrences: Occurrences
  readonly source: 'file' | 'api'
  /** Who made it; undefined = it is in the configuration. */
  readonly by: string | undefined
}

export class WindowList {
  readonly #made: ReadonlyMap<string, MadeWindow>
  readonly #now: () => number
  #all: readonly PlannedWindow[] = []
  #changedMs: number

  constructor(made: ReadonlyMap<string, MadeWindow>, now: () => number) {
    this.#made = made
    this.#now = now
    this.#changedMs = now()
  }

  /** When a plan was last changed, epoch ms. */
  get changedMs(): number {
    return this.#changedMs
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    this.#changedMs += byMs
  }

  /** Those of the configuration first. */
  all(): readonly PlannedWindow[] {
    return this.#all
  }

  get(name: string): PlannedWindow | undefined {
    return this.#all.find(({ plan }) => plan.name === name)
  }

  /** @returns names of made windows that give way to one of the configuration */
  take(configured: readonly WindowPlan[]): string[] {
    const former = new Map(this.#all.map(window => [window.plan.name, window]))
    const names = new Set(configured.map(({ name }) => name))
    const made = [...this.#made.values()].filter(({ plan }) => !names.has(plan.name) && isUsable(plan))
    const wanted = [
      ...configured.map(plan => ({ plan, source: 'file' as const, by: undefined })),
      ...made.map(({ plan, by }) => ({ plan, source: 'api' as const, by })),
    ]
    const all = wanted.map(({ plan, source, by }): PlannedWindow => {
      const before = former.get(plan.name)
      // An unchanged plan keeps its occurrences: what was found out about its calendar is in there.
      const occurrences =
        before !== undefined && isDeepStrictEqual(before.plan, plan) ? before.occurrences : occurrencesOf(plan)
      return { plan: occurrences.plan, occurrences, source, by }
    })
    const isChanged =
      all.length !== this.#all.length || all.some((window, i) => window.occurrences !== this.#all[i]!.occurrences)
    if (isChanged) this.#changedMs = this.#now()
    this.#all = all
    return [...this.#made.keys()].filter(name => names.has(name))
  }
}

/** One that an earlier version of vigia has kept may be none for this one. */
function isUsable(plan: WindowPlan): boolean {
  try {
    return checkWindow(plan).errors.length === 0
  } catch {
    return false
  }
}
