// What a stored answer is good for: this request now, only once its upstream has confirmed it, or where everything else fails.

import type { Keep } from './storage.ts'
import type { Wants } from './wants.ts'

/** `while-validated`: it is stale, and may be given while somebody asks its upstream (RFC 5861 3). */
export type Use = 'fresh' | 'while-validated' | 'validate' | 'not-his'

/** Whether and how it may answer the request. @param ageS how old it is now, seconds */
export function useOf(keep: Keep, ageS: number, wants: Wants): Use {
  if (wants.isAuthorized && !keep.isPublic) return 'not-his'
  if (keep.noCache || wants.mustValidate) return 'validate'
  if (wants.maxAgeS !== undefined && ageS > wants.maxAgeS) return 'validate'
  if (wants.minFreshS !== undefined && keep.lifetimeS - ageS < wants.minFreshS) return 'validate'
  if (ageS < keep.lifetimeS) return 'fresh'
  return !keep.mustRevalidate && ageS < keep.lifetimeS + keep.whileValidatedS ? 'while-validated' : 'validate'
}

/**
 * Whether it may stand in for an answer that can't be had (RFC 9111 4.2.4, RFC 5861 4). What the request says of ages is a preference
 * (RFC 9111 5.2.1); what the answer says is not.
 * @param routeS for how long the route allows it
 */
export function standsIn(keep: Keep, ageS: number, routeS: number, wants: Wants): boolean {
  if (wants.isAuthorized && !keep.isPublic) return false
  if (keep.noCache) return false
  if (ageS < keep.lifetimeS) return true
  return !keep.mustRevalidate && ageS < keep.lifetimeS + Math.max(keep.ifErrorS, routeS)
}

/** What can be confirmed is kept for so long after it has become stale, seconds. */
const CONFIRMABLE_S = 86_400

/** For how long from now it is of any use, seconds. */
export function worthS(
  { lifetimeS, ageS, whileValidatedS, ifErrorS, etag, lastModified }: Keep,
  routeS: number,
): number {
  const confirmable = (etag ?? lastModified) === undefined ? 0 : CONFIRMABLE_S
  return Math.max(0, lifetimeS - ageS) + Math.max(whileValidatedS, ifErrorS, routeS, confirmable)
}
