// Compiles who may use a route and how often, and how slow a client may be.
// Pure, like compile.ts, and like it on valid documents only.

import type { MinRatePlan } from '../../plan/bounds.ts'
import type { AccessPlan, RateLimitPlan } from '../../plan/route.ts'
import { DEFAULTS } from '../defaults.ts'
import { encodeAsSent } from '../http-words.ts'
import type { ConfigDocument, RouteDocument } from '../schema.ts'
import { parseDuration, parseRate, parseSize } from '../units.ts'

export function compileAccess(access: RouteDocument['access']): AccessPlan | undefined {
  return (
    access && {
      allow: access.allow ?? [],
      deny: access.deny ?? [],
      denyPaths: (access.denyPaths ?? []).map(encodeAsSent),
    }
  )
}

export function compileRateLimit(limit: RouteDocument['rateLimit']): RateLimitPlan | undefined {
  if (limit === undefined) return undefined
  const perSecond = parseRate(limit.rate)!
  return { perSecond, burst: limit.burst ?? Math.max(1, Math.ceil(perSecond)) }
}

export function compileMinRate(limits: ConfigDocument['limits']): MinRatePlan | undefined {
  const bytesPerSecond = minRateOf(limits)
  if (bytesPerSecond === 0) return undefined
  return { bytesPerSecond, graceMs: parseDuration(limits?.minRateGrace ?? DEFAULTS.limits.minRateGrace)! }
}

/** Bytes per second; 0 = no limit. */
export function minRateOf(limits: ConfigDocument['limits']): number {
  const rate = limits?.minRate ?? DEFAULTS.limits.minRate
  return typeof rate === 'number' ? rate : parseSize(rate)!
}
