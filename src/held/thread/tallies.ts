// What has happened to the requests of each route since the thread was started.

import type { RouteCounts } from '../contract.ts'

type Totals = RouteCounts['totals']
export type Tally = Exclude<keyof Totals, 'answered'>
export type StatusClass = keyof Totals['answered']

interface Counted {
  readonly plain: Record<Tally, number>
  readonly answered: Record<StatusClass, number>
}

export class Tallies {
  readonly #routes = new Map<string, Counted>()

  add(route: string, tally: Tally): void {
    this.#of(route).plain[tally] += 1
  }

  answered(route: string, status: number): void {
    this.#of(route).answered[classOf(status)] += 1
  }

  of(route: string): Totals {
    const { plain, answered } = this.#of(route)
    return { ...plain, answered: { ...answered } }
  }

  #of(route: string): Counted {
    let counted = this.#routes.get(route)
    if (counted === undefined) {
      counted = {
        plain: { held: 0, repeats: 0, refused: 0, forwarded: 0, dead: 0, inDoubt: 0, dropped: 0 },
        answered: { '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 },
      }
      this.#routes.set(route, counted)
    }
    return counted
  }
}

function classOf(status: number): StatusClass {
  if (status < 300) return '2xx'
  if (status < 400) return '3xx'
  return status < 500 ? '4xx' : '5xx'
}
