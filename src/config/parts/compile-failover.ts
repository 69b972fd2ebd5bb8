// Compiles what keeps users unaware of failing upstreams: retries, passive health, affinity, slow start.
// Pure, like compile.ts, and like it on valid documents only.

import type { AffinityPlan, HashKey } from '../../plan/balance.ts'
import type { OutlierPlan, PoolPlan, RetryBudget, RetryPlan } from '../../plan/pool.ts'
import type { RouteRetryPlan } from '../../plan/route.ts'
import { DEFAULTS } from '../defaults.ts'
import type { AffinityDocument, OutlierDocument, PoolDocument, RouteDocument } from '../schema.ts'
import { parseDuration, parseShare, parseSize } from '../units.ts'
import { keysInFile } from './check-affinity.ts'

type Files = ReadonlyMap<string, string>

export function compileFailover(
  pool: PoolDocument,
  files: Files,
): Required<Pick<PoolPlan, 'attempts' | 'retry' | 'outlier' | 'affinity' | 'slowStartMs'>> {
  return {
    attempts: pool.retry?.attempts ?? DEFAULTS.retry.attempts,
    retry: compileRetry(pool.retry),
    outlier: compileOutlier(pool.outlier),
    affinity: pool.affinity && compileAffinityPlan(pool.affinity, files),
    slowStartMs: parseDuration(pool.slowStart ?? DEFAULTS.slowStart)!,
  }
}

export function compileRouteRetry(retry: RouteDocument['retry']): RouteRetryPlan {
  const { replay, idempotencyKey, rpcReads } = retry ?? {}
  return {
    replayBytes: parseSize(replay ?? DEFAULTS.retry.replay)!,
    idempotencyKey: idempotencyKey ?? DEFAULTS.retry.idempotencyKey,
    rpcReads: rpcReads && { methods: rpcReads.methods, bodyBytes: parseSize(rpcReads.maxBody)! },
  }
}

/** `address`, `header:NAME` or `cookie:NAME`. */
export function compileHashKey(key: string): HashKey {
  const colon = key.indexOf(':')
  const name = key.slice(colon + 1)
  // Header names are compared without case, cookie names with it (RFC 9110 5.1, RFC 6265 5.4).
  if (key.startsWith('header:')) return { from: 'header', name: name.toLowerCase() }
  return key.startsWith('cookie:') ? { from: 'cookie', name } : { from: 'address' }
}

function compileRetry(retry: PoolDocument['retry']): RetryPlan {
  return {
    budget: compileBudget(retry?.budget ?? DEFAULTS.retry.budget),
    statuses: retry?.statuses ?? [],
    timeouts: retry?.timeouts ?? DEFAULTS.retry.timeouts,
  }
}

function compileBudget(budget: string | number | false): RetryBudget | undefined {
  if (budget === 'off' || budget === false) return undefined
  const share = parseShare(budget)!
  const { budgetPerSecond, budgetWindow } = DEFAULTS.retry
  // Who asks for none gets none: not even the floor.
  return { share, perSecond: share === 0 ? 0 : budgetPerSecond, windowMs: parseDuration(budgetWindow)! }
}

function compileOutlier(outlier: OutlierDocument | undefined): OutlierPlan | undefined {
  if (outlier === 'off' || outlier === false) return undefined
  const defaults = DEFAULTS.outlier
  const rules = outlier ?? {}
  const { serverErrors, latency, probation } = rules
  return {
    consecutiveFailures: rules.consecutiveFailures ?? defaults.consecutiveFailures,
    consecutiveGatewayErrors: rules.consecutiveGatewayErrors ?? defaults.consecutiveGatewayErrors,
    serverErrors: serverErrors && {
      share: parseShare(serverErrors.share)!,
      minRequests: serverErrors.minRequests ?? defaults.minRequests,
    },
    latency: latency && {
      factor: latency.factor,
      aboveMs: parseDuration(latency.above ?? defaults.latencyAbove)!,
      minRequests: latency.minRequests ?? defaults.minRequests,
    },
    windowMs: parseDuration(rules.window ?? defaults.window)!,
    ejectionMs: parseDuration(rules.ejection ?? defaults.ejection)!,
    longestEjectionMs: parseDuration(rules.maxEjection ?? defaults.maxEjection)!,
    maxEjected: parseShare(rules.maxEjected ?? defaults.maxEjected)!,
    probation: {
      share: parseShare(probation?.share ?? defaults.probation.share)!,
      successes: probation?.successes ?? defaults.probation.successes,
    },
  }
}

function compileAffinityPlan(affinity: AffinityDocument, files: Files): AffinityPlan {
  const { cookie, follow, keys, keyFile, gone, ...rest } = affinity
  const defaults = DEFAULTS.affinity
  const whenGone = { gone: gone ?? defaults.gone }
  if (cookie === undefined) return { ...whenGone, kind: 'follow', key: compileHashKey(follow ?? 'address') }
  return {
    ...whenGone,
    kind: 'cookie',
    name: cookie,
    ttlMs: parseDuration(rest.ttl ?? defaults.ttl)!,
    keys: keys ?? keysInFile(files.get(keyFile!)!),
    sameSite: rest.sameSite ?? defaults.sameSite,
    path: rest.path ?? defaults.path,
  }
}
