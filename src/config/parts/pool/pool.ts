// A pool: its upstreams, how load is spread over them, and what keeps users unaware of those that fail. Joins the parts of a pool.

import Type, { type Static } from 'typebox'
import type { Limits } from '../../../plan/bounds.ts'
import type { PoolPlan } from '../../../plan/pool.ts'
import { MAX_SLOTS } from '../../../shared/upstream-table.ts'
import type { Contents, NamedFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import {
  byName,
  described,
  duration,
  integer,
  NAME_PATTERN,
  NAME_WORDS,
  number,
  section,
} from '../../forms/schema-blocks.ts'
import { parseDuration } from '../../forms/units.ts'
import { compilePoolLimits, poolLimitsSchema } from '../bounds.ts'
import { bufferSchema } from '../buffer.ts'
import { checkHeaders, compileHeaders, headersFiles, headersSchema } from '../fields/headers.ts'
import { checkTcpKeepAlive, compileTcpKeepAlive, tcpKeepAliveSchema } from '../tcp-keep-alive.ts'
import { affinityFiles, affinitySchema, checkAffinity, checkCookieNames, compileAffinity } from './affinity.ts'
import { applicationSchema, assetsSchema, checkAssets, compileAssets } from './application.ts'
import { balanceSchema, checkBalance, compileBalance, RENAMED_IN_BALANCE } from './balance.ts'
import { checkHealth, compileHealth, healthFiles, healthSchema, RENAMED_IN_HEALTH } from './health.ts'
import { checkOnDown, compileOnDown, onDownSchema } from './on-down.ts'
import { checkOutlier, compileOutlier, outlierSchema } from './outlier.ts'
import { breakerSchema, checkOverload, compileBreaker, compileQueue, queueSchema } from './overload.ts'
import { checkPaths, compilePaths, pathsSchema } from './paths.ts'
import { poolProxyProtocolSchema } from './proxy-protocol.ts'
import { checkRequestBody, compileRequestBody, requestBodySchema } from './request-body.ts'
import { checkRetry, compileAttempts, compileRetry, retrySchema } from './retry.ts'
import { checkUpstreams, compileUpstream, hasOnePriority, upstreamFiles, upstreamSchema } from './upstream.ts'

const DEFAULTS = {
  allDown: 'fail',
  firstVerdict: '5s',
  retryAfter: '5s',
  minAvailable: 1,
  spill: 'none',
  failback: 'automatic',
  slowStart: '0',
  idleConnections: 64,
  idleTimeout: '60s',
} as const
const NAME = new RegExp(NAME_PATTERN)

const minAvailable = Type.Integer({
  minimum: 0,
  maximum: 1000,
  title: 'a whole number from 0 to 1000',
  ...described(
    'Upstreams that maintenance windows must leave available; a window that would leave fewer is refused, or postponed. It does not bind windows that answer for the whole pool.',
    DEFAULTS.minAvailable,
  ),
})

export const poolSchema = section(
  {
    balance: Type.Optional(balanceSchema),
    health: Type.Optional(healthSchema),
    upstreams: Type.Array(upstreamSchema, {
      minItems: 1,
      title: 'a list with at least one upstream',
      description: 'The ERP nodes of the pool.',
    }),
    allDown: Type.Optional(
      Type.Union([Type.Literal('fail'), Type.Literal('panic')], {
        title: '"fail" or "panic"',
        ...described(
          'When no upstream is available: `fail` answers 503 at once, `panic` tries unhealthy upstreams as well.',
          DEFAULTS.allDown,
        ),
      }),
    ),
    firstVerdict: Type.Optional(
      duration(
        'Duration. How long a request waits for the first probe results after a start.',
        DEFAULTS.firstVerdict,
        'does not wait',
      ),
    ),
    retryAfter: Type.Optional(
      duration('Duration, in whole seconds. Retry-After on a 503 of this pool.', DEFAULTS.retryAfter),
    ),
    overprovisioning: Type.Optional(
      number(
        1,
        10,
        'A priority carries all the load while (share of it that is available) x this factor is at least 1; below that the next priority takes the rest. Setting it means `spill: capacity`. Default: a priority carries all the load while anything of it is available.',
      ),
    ),
    spill: Type.Optional(
      Type.Union([Type.Literal('none'), Type.Literal('capacity')], {
        title: '"none" or "capacity"',
        ...described(
          'What a later priority gets while an earlier one serves: `none` leaves it standing by until no earlier upstream can serve; with `capacity` it also takes what finds all earlier upstreams at their `maxConnections`, and what `overprovisioning` leaves.',
          DEFAULTS.spill,
        ),
      }),
    ),
    failback: Type.Optional(
      Type.Union([Type.Literal('automatic'), Type.Literal('manual')], {
        title: '"automatic" or "manual"',
        ...described(
          'Whether load returns by itself from a higher priority to a lower one that can carry it again: `manual` leaves it there until `vigia failback POOL`, for a site that people look at before they go back.',
          DEFAULTS.failback,
        ),
      }),
    ),
    minAvailable: Type.Optional(minAvailable),
    queue: Type.Optional(queueSchema),
    circuitBreaker: Type.Optional(breakerSchema),
    retry: Type.Optional(retrySchema),
    outlier: Type.Optional(outlierSchema),
    onDown: Type.Optional(onDownSchema),
    affinity: Type.Optional(affinitySchema),
    application: Type.Optional(applicationSchema),
    assets: Type.Optional(assetsSchema),
    paths: Type.Optional(pathsSchema),
    headers: Type.Optional(headersSchema),
    requestBody: Type.Optional(requestBodySchema),
    slowStart: Type.Optional(
      duration(
        'Duration. How long an upstream that was out takes to get its whole weight again, from a tenth of it on; not at the start of vigia.',
        DEFAULTS.slowStart,
        'its whole weight at once',
      ),
    ),
    limits: Type.Optional(poolLimitsSchema),
    idleConnections: Type.Optional(
      integer(
        0,
        10_000,
        'Most idle connections that each worker keeps per upstream for longer than 0.1 s. 0 = a fresh connection for every request: right for servers with one worker for each connection that keep idle ones (uWSGI --http11-socket, Starman, Apache prefork), where an idle connection is a worker that waits. An upstream that answers new connections only once idle ones are closed is noticed, and none is kept for 5 min, then longer, up to an hour (log, /events, /status, vigia_upstream_idle_limited).',
        DEFAULTS.idleConnections,
      ),
    ),
    idleTimeout: Type.Optional(
      duration('Duration. How long an idle connection to an upstream is kept.', DEFAULTS.idleTimeout),
    ),
    buffer: Type.Optional(bufferSchema),
    proxyProtocol: Type.Optional(poolProxyProtocolSchema),
    tcpKeepAlive: Type.Optional(tcpKeepAliveSchema('an upstream', 'what waits on it has failed', 'option srvtcpka')),
  },
  'A set of upstreams that serve the same application.',
)

export const poolsSchema = byName(poolSchema, 'a mapping of names to pools', 'Sets of upstreams, by name.')

export type PoolDocument = Static<typeof poolSchema>
export type PoolsDocument = Readonly<Record<string, PoolDocument>>

export function* checkPools(pools: PoolsDocument): Iterable<Finding> {
  yield* checkCookieNames(pools)
  if (Object.keys(pools).length === 0) yield error(['pools'], 'is empty, expected at least one pool')
  for (const [name, pool] of Object.entries(pools)) {
    const at = ['pools', name]
    if (!NAME.test(name)) yield error(at, `${quote(name)} is not valid here, expected ${NAME_WORDS}`, 'key')
    yield* checkPool(pool, at)
  }
  yield* checkSlots(pools)
}

function* checkPool(pool: PoolDocument, at: Path): Iterable<Finding> {
  const { upstreams } = pool
  yield* checkBalance(pool.balance, [...at, 'balance'])
  yield* checkHealth(pool.health, [...at, 'health'])
  yield* checkRetry(pool.retry, [...at, 'retry'])
  yield* checkOutlier(pool.outlier, upstreams, [...at, 'outlier'])
  yield* checkOnDown(pool.onDown, !isOff(pool.health), upstreams.length, [...at, 'onDown'])
  yield* checkOverload(pool, at)
  yield* checkAffinity(pool.affinity, [...at, 'affinity'])
  yield* checkAssets(pool, at)
  yield* checkPaths(pool.paths, [...at, 'paths'])
  yield* checkRequestBody(pool, at)
  yield* checkHeaders(pool.headers, [...at, 'headers'])
  yield* checkTcpKeepAlive(pool.tcpKeepAlive, [...at, 'tcpKeepAlive'])
  yield* checkUpstreams(upstreams, [...at, 'upstreams'])
  const isNeverOut = isOff(pool.health) && isOff(pool.outlier)
  if (pool.slowStart !== undefined && parseDuration(pool.slowStart) !== 0 && isNeverOut) {
    yield warning(
      [...at, 'slowStart'],
      'has no effect: without health checks and outlier no upstream ever returns',
      'key',
    )
  }
  if (pool.failback === 'manual' && hasOnePriority(upstreams)) {
    yield warning([...at, 'failback'], 'has no effect: all upstreams of the pool have one priority', 'key')
  }
  yield* checkSpill(pool, at)
  if (pool.minAvailable !== undefined && pool.minAvailable > upstreams.length) {
    yield error([...at, 'minAvailable'], `the pool has only ${upstreams.length} upstreams: no window could ever begin`)
  }
}

function* checkSpill(pool: PoolDocument, at: Path): Iterable<Finding> {
  const { spill, overprovisioning, upstreams } = pool
  const key = spill === undefined ? 'overprovisioning' : 'spill'
  if (spill === undefined && overprovisioning === undefined) return
  if (hasOnePriority(upstreams)) {
    yield warning([...at, key], 'has no effect: all upstreams of the pool have one priority', 'key')
  } else if (spill === 'none' && overprovisioning !== undefined) {
    yield warning([...at, 'overprovisioning'], 'has no effect: with `spill: none` no priority takes the rest', 'key')
  } else if (
    spill === 'capacity' &&
    overprovisioning === undefined &&
    upstreams.every(({ maxConnections }) => maxConnections === undefined)
  ) {
    const message =
      'has no effect: nothing says what a priority can carry; set maxConnections of upstreams, or overprovisioning'
    yield warning([...at, 'spill'], message, 'key')
  }
}

/** Whoever sets a factor wants it to have an effect. */
export function spillOf({
  spill,
  overprovisioning,
}: Pick<PoolDocument, 'spill' | 'overprovisioning'>): 'none' | 'capacity' {
  return spill ?? (overprovisioning === undefined ? DEFAULTS.spill : 'capacity')
}

function isOff(setting: unknown): boolean {
  return setting === 'off' || setting === false
}

function* checkSlots(pools: PoolsDocument): Iterable<Finding> {
  const slots = Object.values(pools).reduce((sum, { upstreams }) => sum + 1 + upstreams.length, 1)
  if (slots > MAX_SLOTS) {
    yield error(
      ['pools'],
      `${slots - 1} pools and upstreams are more than the ${MAX_SLOTS - 1} that fit: split them over several instances`,
      'key',
    )
  }
}

export function* poolFiles(pools: PoolsDocument): Iterable<NamedFile> {
  for (const [name, { health, headers, affinity, upstreams }] of Object.entries(pools)) {
    const at = ['pools', name]
    yield* healthFiles(health, [...at, 'health'])
    yield* headersFiles(headers, [...at, 'headers'])
    yield* affinityFiles(affinity, [...at, 'affinity'])
    yield* upstreamFiles(upstreams, [...at, 'upstreams'])
  }
}

/** Upstreams that planned maintenance must leave available. */
export function minAvailableOf({ minAvailable }: PoolDocument): number {
  return minAvailable ?? DEFAULTS.minAvailable
}

export function compilePool(name: string, pool: PoolDocument, limits: Limits, files: Contents): PoolPlan {
  return {
    name,
    balance: compileBalance(pool.balance),
    health: compileHealth(pool.health, files),
    upstreams: pool.upstreams.map(upstream => compileUpstream(upstream, files)),
    allDown: pool.allDown ?? DEFAULTS.allDown,
    firstVerdictMs: parseDuration(pool.firstVerdict ?? DEFAULTS.firstVerdict)!,
    // Retry-After counts in seconds (RFC 9110 10.2.3); rounding down would invite clients too early.
    retryAfterS: Math.ceil(parseDuration(pool.retryAfter ?? DEFAULTS.retryAfter)! / 1000),
    minAvailable: minAvailableOf(pool),
    spill: spillOf(pool),
    overprovisioning: pool.overprovisioning,
    idleConnections: pool.idleConnections ?? DEFAULTS.idleConnections,
    idleConnectionMs: parseDuration(pool.idleTimeout ?? DEFAULTS.idleTimeout)!,
    tcpKeepAliveMs: compileTcpKeepAlive(pool.tcpKeepAlive),
    proxyProtocol: pool.proxyProtocol,
    limits: compilePoolLimits(pool.limits, limits),
    attempts: compileAttempts(pool.retry),
    retry: compileRetry(pool.retry),
    outlier: compileOutlier(pool.outlier),
    onDown: compileOnDown(pool.onDown),
    affinity: pool.affinity && compileAffinity(pool.affinity, files),
    slowStartMs: parseDuration(pool.slowStart ?? DEFAULTS.slowStart)!,
    queue: compileQueue(pool.queue),
    breaker: compileBreaker(pool.circuitBreaker),
    failback: pool.failback ?? DEFAULTS.failback,
    application: pool.application,
    assets: compileAssets(pool),
    paths: compilePaths(pool.paths),
    headers: compileHeaders(pool.headers, files),
    requestBody: compileRequestBody(pool),
  }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_POOL = {
  idleConnectionMs: 'idleTimeout',
  'limits.headerCount': 'limits.headers',
  ...RENAMED_IN_BALANCE,
  ...RENAMED_IN_HEALTH,
}
