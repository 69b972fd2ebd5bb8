// The routes of each listener, indexed, for clients with and without a certificate that routes are matched by.

import { compileRoutes, type RouteTable } from '../routing.ts'
import type { CertificateClasses } from './classes.ts'
import type { PresentedCertificate } from './matching.ts'

/** Conditions can be met in many combinations; few occur. */
const MOST_TABLES = 1000

export class RouteTables {
  readonly #takes: (order: number) => boolean
  readonly #spell: ((prefix: string) => string) | undefined
  readonly #classes: CertificateClasses
  /** By listener: of clients that meet no condition. */
  readonly #tables = new Map<string, RouteTable>()
  /** By listener and class; made when the first request asks. */
  readonly #ofClasses = new Map<string, RouteTable>()

  /** @param takes, spell see compileRoutes */
  constructor(
    classes: CertificateClasses,
    takes: (order: number) => boolean = () => true,
    spell?: (prefix: string) => string,
  ) {
    this.#takes = takes
    this.#spell = spell
    this.#classes = classes
  }

  /** @param certificate that the client has presented, and that was accepted */
  of(listener: string, certificate: PresentedCertificate | undefined): RouteTable {
    if (certificate === undefined || this.#classes.areOne) {
      let table = this.#tables.get(listener)
      if (table === undefined) {
        table = this.#compile(listener, this.#classes.of(undefined).takes)
        this.#tables.set(listener, table)
      }
      return table
    }
    const { id, takes } = this.#classes.of(certificate)
    const key = `${listener}\n${id}`
    let table = this.#ofClasses.get(key)
    if (table === undefined) {
      table = this.#compile(listener, takes)
      if (this.#ofClasses.size >= MOST_TABLES) this.#ofClasses.clear()
      this.#ofClasses.set(key, table)
    }
    return table
  }

  #compile(listener: string, isOfClass: (order: number) => boolean): RouteTable {
    return compileRoutes(this.#classes.routes, listener, order => this.#takes(order) && isOfClass(order), this.#spell)
  }
}
