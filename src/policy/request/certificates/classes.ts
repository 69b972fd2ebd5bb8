// What of a client's certificate bears on which route takes its requests: clients that meet the same conditions are of one class, and find
// their routes in the same table.

import type { RouteMatch } from '../../../plan/route.ts'
import { matchesCertificate, type PresentedCertificate } from './matching.ts'

export interface CertificateClass {
  /** '' = it meets none; else the indexes of the routes whose condition it meets. */
  readonly id: string
  /** Whether a route can take its requests. @param order index of the route */
  takes(order: number): boolean
}

/** Of the clients of these routes. Made once for a configuration: whoever needs only some of its routes asks the same. */
export class CertificateClasses {
  readonly routes: readonly RouteMatch[]
  readonly #conditions: readonly (readonly [order: number, match: RouteMatch])[]
  readonly #none: CertificateClass
  readonly #known = new WeakMap<PresentedCertificate, CertificateClass>()

  constructor(routes: readonly RouteMatch[]) {
    this.routes = routes
    this.#conditions = [...routes.entries()].filter(([, { clientCertificate }]) => clientCertificate !== undefined)
    this.#none = this.#classOf([])
  }

  /** No route asks for a certificate: there is one class. */
  get areOne(): boolean {
    return this.#conditions.length === 0
  }

  /** @param certificate undefined = the client has none */
  of(certificate: PresentedCertificate | undefined): CertificateClass {
    if (certificate === undefined || this.areOne) return this.#none
    const known = this.#known.get(certificate)
    if (known !== undefined) return known
    const met = this.#conditions.filter(([, match]) => matchesCertificate(match.clientCertificate!, certificate))
    const found = this.#classOf(met.map(([order]) => order))
    this.#known.set(certificate, found)
    return found
  }

  #classOf(met: readonly number[]): CertificateClass {
    const others = new Set(this.#conditions.map(([order]) => order))
    for (const order of met) others.delete(order)
    return { id: met.join(' '), takes: order => !others.has(order) }
  }
}
