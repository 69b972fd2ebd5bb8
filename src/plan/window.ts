// A planned maintenance window as configured: when, what it closes, and who passes all the same.

export interface WindowPlan {
  /** Unique among all windows: facts and occurrence keys refer to it. */
  readonly name: string
  /** A freeze leaves the traffic alone: it forbids changes of the configuration and drains in its scope. */
  readonly kind: 'maintenance' | 'freeze'
  /** What users and colleagues read; empty = the name is all there is. */
  readonly reason: string
  /** IANA name, e.g. `America/Sao_Paulo`; no bare offset, which knows no clock changes. */
  readonly timeZone: string
  /** Local date and time of the first occurrence, without offset: `2026-12-06T02:00`. */
  readonly start: string
  readonly length: WindowLength
  /** RFC 5545 RRULE without DTSTART (`start` is it); undefined = takes place once. */
  readonly recurrence: string | undefined
  /** Local starts that are left out, in the form of `start`. */
  readonly exceptDates: readonly string[]
  readonly scope: WindowScope
  /** What requests in scope meet: upstreams that are merely out, or a 503 that says why and until when. */
  readonly behaviour: 'drain' | 'answer'
  /** How long before the start what is in scope is drained, ms. */
  readonly leadMs: number
  /** At the end: reopen, or stay closed until somebody confirms. */
  readonly overrun: 'reopen' | 'confirm'
  /** After the end, stay closed until the probes of what is in scope pass. */
  readonly onlyWhenHealthy: boolean
  readonly bypass: WindowBypass
}

export type WindowLength =
  /** Time that passes: four hours are four hours, also in a night with 23 or 25. */
  | { readonly by: 'elapsed'; readonly ms: number }
  /** What the clock on the wall shows: 22:00 to 06:00 ends at 06:00, also in a night with 23 or 25 hours. */
  | { readonly by: 'wall-clock'; readonly end: string }

export type WindowScope =
  | { readonly kind: 'everything' }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'upstream'; readonly pool: string; readonly upstream: string }
  | { readonly kind: 'route'; readonly route: string }

/** Who passes all the same, to verify a release before it opens. */
export interface WindowBypass {
  /** CIDR ranges or single addresses of clients. */
  readonly addresses: readonly string[]
  /** `sha256`: of the value, hexadecimal. The value itself is kept nowhere. */
  readonly header: { readonly name: string; readonly sha256: string } | undefined
}
