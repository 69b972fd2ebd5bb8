// Compiles one pool: balancing, health check, upstreams. Pure, like compile.ts, and like it on valid documents only.

import { isIP } from 'node:net'
import type { BalancePlan } from '../../plan/balance.ts'
import type { HealthPlan, HttpProbe } from '../../plan/health.ts'
import type { PoolPlan, UpstreamPlan } from '../../plan/pool.ts'
import { parseUpstreamUrl } from '../address.ts'
import { DEFAULTS } from '../defaults.ts'
import type { HealthDocument, PoolDocument, ProbeDocument, UpstreamDocument } from '../schema.ts'
import { parseDuration, parseSize } from '../units.ts'
import { probeKind, statusRanges } from './check-health.ts'
import { compileFailover, compileHashKey } from './compile-failover.ts'
import { compileOverload } from './compile-overload.ts'
import { probeTimes } from './probe-times.ts'

type Files = ReadonlyMap<string, string>

export function compilePool(name: string, pool: PoolDocument, files: Files): PoolPlan {
  return {
    name,
    balance: compileBalance(pool.balance),
    health: compileHealth(pool.health ?? 'tcp', files),
    upstreams: pool.upstreams.map(upstream => compileUpstream(upstream, files)),
    allDown: pool.allDown ?? DEFAULTS.allDown,
    firstVerdictMs: parseDuration(pool.firstVerdict ?? DEFAULTS.firstVerdict)!,
    // Retry-After counts in seconds (RFC 9110 10.2.3); rounding down would invite clients too early.
    retryAfterS: Math.ceil(parseDuration(pool.retryAfter ?? DEFAULTS.retryAfter)! / 1000),
    minAvailable: pool.minAvailable ?? DEFAULTS.minAvailable,
    overprovisioning: pool.overprovisioning ?? DEFAULTS.overprovisioning,
    idleConnections: pool.idleConnections ?? DEFAULTS.idleConnections,
    idleConnectionMs: parseDuration(pool.idleTimeout ?? DEFAULTS.idleTimeout)!,
    ...compileFailover(pool, files),
    ...compileOverload(pool),
  }
}

function compileUpstream(upstream: UpstreamDocument, files: Files): UpstreamPlan {
  const { name, url, weight, priority, maxConnections, tls } = upstream
  const parsed = parseUpstreamUrl(url)
  if ('wrong' in parsed) throw new Error('compile was given a document that the cross-checks refuse')
  const { host, port, authority } = parsed
  return {
    name,
    tls: parsed.tls
      ? {
          // SNI carries names only (RFC 6066 3).
          serverName: tls?.serverName ?? (isIP(host) === 0 ? host : undefined),
          verify: tls?.verify ?? true,
          ca: tls?.caFile === undefined ? undefined : files.get(tls.caFile),
        }
      : undefined,
    host,
    port,
    authority,
    weight: weight ?? DEFAULTS.weight,
    priority: priority ?? DEFAULTS.priority,
    maxConnections,
  }
}

function compileBalance(balance: PoolDocument['balance']): BalancePlan {
  const { algorithm, key, boundedLoad } = typeof balance === 'object' ? balance : { algorithm: balance }
  const kind = algorithm ?? DEFAULTS.balance
  if (kind !== 'hash') return { kind }
  return { kind, key: compileHashKey(key ?? 'address'), boundedLoad: boundedLoad ?? DEFAULTS.boundedLoad }
}

function compileHealth(health: HealthDocument, files: Files): HealthPlan {
  if (health === 'off' || health === false) return { kind: 'none' }
  if (health === 'tcp') return { kind: 'tcp', ...probeTimes({}) }
  if (probeKind(health) === 'tcp') return { kind: 'tcp', ...probeTimes(health) }
  return { kind: 'http', ...compileHttpProbe(health, files), ...probeTimes(health) }
}

function compileHttpProbe(health: ProbeDocument, files: Files): HttpProbe {
  const { expect = {} } = health
  const headers = Object.entries(health.headers ?? {}).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    typeof value === 'string' ? value : files.get(value.file)!,
  ])
  return {
    method: (health.method ?? DEFAULTS.health.method).toUpperCase(),
    path: health.path ?? DEFAULTS.health.path,
    host: health.host,
    headers: Object.fromEntries(headers),
    body: health.body,
    statuses: statusRanges(health),
    bodyContains: expect.body,
    bodyMatches: expect.bodyMatches,
    bodyBytes: parseSize(expect.maxBody ?? DEFAULTS.health.maxBody)!,
    hints: health.hints ?? DEFAULTS.health.hints,
    drainOn404: health.drainOn404 ?? DEFAULTS.health.drainOn404,
  }
}
