// Turns a valid document into the snapshot: defaults applied, units resolved, names replaced by indices.
// Pure: what the environment and files hold comes in as arguments. It reports nothing; the cross-checks have.

import type { Limits, Timeouts } from '../plan/bounds.ts'
import type { RouteMatch } from '../plan/route.ts'
import type { Snapshot } from '../plan/snapshot.ts'
import { type Address, parseAddress } from './address.ts'
import { DEFAULTS } from './defaults.ts'
import { compileAccess, compileMinRate, compileRateLimit } from './parts/compile-access.ts'
import { compileAdmin } from './parts/compile-admin.ts'
import { compileRouteRetry } from './parts/compile-failover.ts'
import { compileAccessLog } from './parts/compile-log.ts'
import { compileWindow } from './parts/compile-maintenance.ts'
import { compilePool } from './parts/compile-pool.ts'
import { compileStore } from './parts/compile-store.ts'
import type { ConfigDocument, RouteDocument } from './schema.ts'
import { parseDuration, parseSize } from './units.ts'

export interface Surroundings {
  readonly revision: number
  /** What `workers: auto` stands for. */
  readonly cores: number
  /** Contents of the files that the document names. */
  readonly files: ReadonlyMap<string, string>
  /** Makes a file path of the document absolute. */
  readonly resolvePath: (path: string) => string
}

const MOST_WORKERS = 64
/** A size of 0 in the document: larger than anything that can be sent, so that nobody needs a special case. */
const NO_LIMIT_BYTES = Number.MAX_SAFE_INTEGER

/** @param config must have passed the schema and the cross-checks without an error */
export function compile(config: ConfigDocument, { revision, cores, files, resolvePath }: Surroundings): Snapshot {
  const poolNames = Object.keys(config.pools)
  const timeouts = compileTimeouts(config.timeouts ?? {}, DEFAULT_TIMEOUTS)
  const limits = compileLimits(config.limits)
  const workers = config.workers ?? DEFAULTS.workers
  return {
    revision,
    workers: workers === 'auto' ? Math.min(Math.max(1, cores), MOST_WORKERS) : workers,
    watch: config.watch ?? DEFAULTS.watch,
    listeners: config.listeners.map(({ name, address }) => ({ name, ...addressOf(address) })),
    routes: config.routes.map((route, i) => ({
      name: route.name ?? `routes[${i}]`,
      match: compileMatch(route.match),
      pool: poolNames.indexOf(route.pool),
      timeouts: compileTimeouts(route.timeouts ?? {}, timeouts),
      bodyBytes: route.maxBody === undefined ? limits.bodyBytes : bodyBytes(route.maxBody),
      retry: compileRouteRetry(route.retry),
      longPoll: route.longPoll ?? DEFAULTS.longPoll,
      queuePriority: route.queuePriority ?? DEFAULTS.queuePriority,
      integration: route.integration ?? DEFAULTS.integration,
      access: compileAccess(route.access),
      rateLimit: compileRateLimit(route.rateLimit),
    })),
    pools: Object.entries(config.pools).map(([name, pool]) => compilePool(name, pool, files)),
    trustedProxies: config.trustedProxies ?? [],
    limits,
    timeouts,
    headers: { via: viaOf(config.headers?.via) },
    accessLog: compileAccessLog(config.accessLog, resolvePath),
    log: { level: config.log?.level ?? DEFAULTS.logLevel },
    admin: compileAdmin(config.admin, files),
    store: compileStore(config.store, resolvePath),
    maintenance: (config.maintenance ?? []).map(window => compileWindow(window, files)),
    language: config.language ?? DEFAULTS.language,
    shutdownMs: parseDuration(config.shutdown ?? DEFAULTS.shutdown)!,
  }
}

function addressOf(text: string): Address {
  const address = parseAddress(text)
  if ('wrong' in address) throw new Error('compile was given a document that the cross-checks refuse')
  return address
}

function compileMatch(match: RouteDocument['match']): RouteMatch {
  return {
    listeners: listOf(match?.listener),
    hosts: listOf(match?.host).map(host => host.toLowerCase().replace(/^\[|\]$/g, '')),
    path: match?.path ?? '/',
    methods: listOf(match?.method).map(method => method.toUpperCase()),
  }
}

type TimeoutsDocument = NonNullable<ConfigDocument['timeouts']>

function compileTimeouts(given: TimeoutsDocument, otherwise: Timeouts): Timeouts {
  const ms = (value: string | number | undefined, fallback: number) =>
    value === undefined ? fallback : parseDuration(value)!
  return {
    headMs: ms(given.head, otherwise.headMs),
    connectMs: ms(given.connect, otherwise.connectMs),
    responseMs: ms(given.response, otherwise.responseMs),
    idleMs: ms(given.idle, otherwise.idleMs),
    tunnelMs: ms(given.tunnel, otherwise.tunnelMs),
    keepAliveMs: ms(given.keepAlive, otherwise.keepAliveMs),
    halfClosedMs: ms(given.halfClosed, otherwise.halfClosedMs),
  }
}

const NO_TIMEOUTS = { headMs: 0, connectMs: 0, responseMs: 0, idleMs: 0, tunnelMs: 0, keepAliveMs: 0, halfClosedMs: 0 }
const DEFAULT_TIMEOUTS = compileTimeouts(DEFAULTS.timeouts, NO_TIMEOUTS)

function compileLimits(limits: ConfigDocument['limits']): Limits {
  return {
    headBytes: parseSize(limits?.head ?? DEFAULTS.limits.head)!,
    headerCount: limits?.headers ?? DEFAULTS.limits.headers,
    targetBytes: parseSize(limits?.target ?? DEFAULTS.limits.target)!,
    bodyBytes: bodyBytes(limits?.body ?? DEFAULTS.limits.body),
    connections: limits?.connections ?? DEFAULTS.limits.connections,
    connectionsPerClient: limits?.connectionsPerClient,
    minRate: compileMinRate(limits),
  }
}

function bodyBytes(size: string | number): number {
  return parseSize(size)! || NO_LIMIT_BYTES
}

function viaOf(via: string | false | undefined): string | undefined {
  return via === false ? undefined : (via ?? DEFAULTS.via)
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}
