// Which routes people have paused, and until when. What a pause does to requests is said to workers as a closed route, and to what is held
// by its gate. Who may pause, and that it is written first, is decided before.

import type { ClosedRoute } from '../../shared/messages.ts'
import type { HeldTally, Pause, PauseEvent, PauseNews } from './pause-event.ts'
import { tallyOf, tallySince } from './tally.ts'

export interface PausesOptions {
  /** Those that were kept over a restart come later, with `restore`. */
  readonly restores: boolean
  /** What became of the requests of a route since the start; undefined = it holds none. */
  readonly tally: (route: string) => HeldTally | undefined
  readonly tell: (event: PauseEvent) => void
  /** Epoch ms. */
  readonly now?: () => number
}

interface Kept {
  readonly pause: Pause
  /** Since the start, when it began; undefined = before the start, or nothing is counted. */
  readonly before: HeldTally | undefined
}

export class Pauses {
  readonly #options: PausesOptions
  readonly #now: () => number
  readonly #pauses = new Map<string, Kept>()
  #isKnown: boolean

  constructor(options: PausesOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#isKnown = !options.restores
  }

  /** False = what people had paused before the start is not known yet. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  of(route: string): Pause | undefined {
    return this.#pauses.get(route)?.pause
  }

  all(): readonly Pause[] {
    return [...this.#pauses.values()].map(({ pause }) => pause)
  }

  /** What became of the requests of a route since it was paused, as far as this vigia has seen it. */
  tally(route: string): HeldTally | undefined {
    const kept = this.#pauses.get(route)
    const now = this.#options.tally(route)
    return kept && now && tallySince(kept.before, now)
  }

  /** Takes in what somebody asked for; it is kept already. An earlier one gives way. */
  pause(pause: Pause): void {
    const { route } = pause
    const before = this.#pauses.get(route)?.before ?? tallyOf(this.#options.tally(route))
    this.#pauses.set(route, { pause, before })
    this.#tell({ phase: 'begins', pause })
  }

  resume(route: string, by: string, reason: string): void {
    this.#end(route, by, reason)
  }

  /** Those that were kept over a restart. One that was ordered meanwhile is newer. */
  restore(pauses: readonly Pause[]): void {
    for (const pause of pauses) {
      if (!this.#pauses.has(pause.route)) this.#pauses.set(pause.route, { pause, before: undefined })
    }
    this.#isKnown = true
    this.#tell({ phase: 'restored' })
    this.tick()
  }

  /** To be called about once a second. */
  tick(): void {
    const nowMs = this.#now()
    for (const { pause } of [...this.#pauses.values()]) {
      if (pause.untilMs !== undefined && pause.untilMs <= nowMs) this.#end(pause.route, undefined, 'its time has come')
    }
  }

  /** The wall clock was set by so many ms. */
  clockStepped(byMs: number): void {
    for (const [route, kept] of this.#pauses) {
      const { sinceMs, untilMs, untilBy } = kept.pause
      const moves = untilMs !== undefined && untilBy === 'elapsed'
      const pause = { ...kept.pause, sinceMs: sinceMs + byMs, untilMs: moves ? untilMs + byMs : untilMs }
      this.#pauses.set(route, { ...kept, pause })
      if (moves) this.#tell({ phase: 'moved', pause })
    }
  }

  /** The routes that windows answer, and those that are paused: for a paused one nobody passes, and the last end counts. */
  over(closedRoutes: readonly ClosedRoute[]): readonly ClosedRoute[] {
    if (this.#pauses.size === 0) return closedRoutes
    const untouched = closedRoutes.filter(({ route }) => !this.#pauses.has(route))
    const paused = this.all().map(({ route, untilMs }): ClosedRoute => {
      const closed = closedRoutes.find(each => each.route === route)
      if (closed === undefined)
        return { route, paused: true, window: 'paused', reason: 'paused', timeZone: 'UTC', untilMs, bypasses: [] }
      const ends = [untilMs, closed.untilMs]
      const last = ends.includes(undefined) ? undefined : Math.max(...(ends as number[]))
      return { ...closed, paused: true, untilMs: last, bypasses: [] }
    })
    return [...untouched, ...paused]
  }

  #end(route: string, by: string | undefined, reason: string): void {
    const kept = this.#pauses.get(route)
    if (kept === undefined) return
    const tally = this.tally(route)
    this.#pauses.delete(route)
    this.#tell({ phase: 'ends', pause: kept.pause, by, reason, tally })
  }

  #tell(news: PauseNews): void {
    this.#options.tell({ type: 'pause', atMs: this.#now(), ...news })
  }
}
