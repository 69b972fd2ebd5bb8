// A route: which requests it takes, which pool serves them, and what holds for them. Joins the parts of a route.

import Type, { type Static } from 'typebox'
import type { Limits, Timeouts } from '../../../plan/bounds.ts'
import type { Language, PagesPlan } from '../../../plan/pages.ts'
import type { RoutePlan } from '../../../plan/route.ts'
import type { Contents, NamedFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, quote, repeatedNames, warning } from '../../forms/problem.ts'
import { boolean, integer, name, section, size, text } from '../../forms/schema-blocks.ts'
import { checkResponseTimeout, compileTimeouts, parseBodySize, routeTimeoutsSchema } from '../bounds.ts'
import { bufferSchema, compileBuffer } from '../buffer.ts'
import { compileRouteCache, routeCacheSchema } from '../cache.ts'
import { checkHeaders, compileHeaders, headersFiles, headersSchema } from '../fields/headers.ts'
import { holdSchema } from '../hold/hold-schema.ts'
import { compileHold, holdFiles, RENAMED_IN_HOLD } from '../hold/route-hold.ts'
import { checkPages, compilePages, pagesFiles, pagesSchema } from '../pages.ts'
import type { PoolDocument, PoolsDocument } from '../pool/pool.ts'
import { accessSchema, checkAccess, compileAccess } from './access.ts'
import {
  type CompressDocument,
  checkCompress,
  compileCompress,
  compressSchema,
  RENAMED_IN_COMPRESS,
} from './compress.ts'
import { asksFor, checkMatch, checkReach, choices, compileMatch, matchSchema, prefixOf } from './match.ts'
import { compileRateLimit, rateLimitSchema } from './rate-limit.ts'
import { checkReplay, compileReplay, replaySchema } from './replay.ts'

const DEFAULTS = { longPoll: false, queuePriority: 0, integration: false } as const

const queuePriority = integer(
  -9,
  9,
  "Rank of the route's requests in the queue of its pool: a lower number is served first, equal ones in the order of arrival. No unit.",
  DEFAULTS.queuePriority,
)

const integration = boolean(
  'Declares that the route serves programs of partners. Effect: in a maintenance window they are answered in JSON, whatever they accept.',
  DEFAULTS.integration,
)

export const routeSchema = section(
  {
    name: Type.Optional(
      name('Name of the route in logs and metrics; unique. Default: its position, such as routes[2].'),
    ),
    match: Type.Optional(matchSchema),
    pool: text('the name of a pool', 'Pool that serves the route.'),
    timeouts: Type.Optional(routeTimeoutsSchema),
    retry: Type.Optional(replaySchema),
    maxBody: Type.Optional(
      size('Size. Largest request body; a larger one is answered 413. Default: `limits.body`.', undefined, 'no limit'),
    ),
    longPoll: Type.Optional(
      boolean(
        'Declares that the answers are held open on purpose (long polls, event streams). Effect: its requests do not count as in flight nor in latencies, take no place of `maxConnections` and never wait in the queue; a POST may be sent again, and is never in doubt; at the deadline of a drain they are sent elsewhere, or closed.',
        DEFAULTS.longPoll,
      ),
    ),
    queuePriority: Type.Optional(queuePriority),
    integration: Type.Optional(integration),
    access: Type.Optional(accessSchema),
    rateLimit: Type.Optional(rateLimitSchema),
    compress: Type.Optional(compressSchema),
    cache: Type.Optional(routeCacheSchema),
    hold: Type.Optional(holdSchema),
    headers: Type.Optional(headersSchema),
    buffer: Type.Optional(bufferSchema),
    pages: Type.Optional(pagesSchema),
  },
  'One routing rule. The first that matches wins.',
)

export const routesSchema = Type.Array(routeSchema, {
  minItems: 1,
  title: 'a list with at least one route',
  description: 'Which pool serves which request. The first match wins; none = 404.',
})

type RouteDocument = Static<typeof routeSchema>
export type RoutesDocument = readonly RouteDocument[]

/** @param asking listeners that ask clients for certificates */
export function* checkRoutes(
  routes: RoutesDocument,
  pools: PoolsDocument,
  listenerNames: readonly string[],
  asking: readonly string[],
): Iterable<Finding> {
  yield* repeatedNames(routes, 'routes')
  const used = new Set<string>()
  for (const [i, route] of routes.entries()) {
    const at = ['routes', i]
    const { pool } = route
    used.add(pool)
    const isKnown = Object.hasOwn(pools, pool)
    if (!isKnown) yield error([...at, 'pool'], `there is no pool ${quote(pool)}${choices(pool, Object.keys(pools))}`)
    yield* checkMatch(route.match, listenerNames, asking, [...at, 'match'])
    yield* checkReplay(route.retry, [...at, 'retry'])
    yield* checkQueuePriority(route, isKnown ? pools[pool] : undefined, at)
    yield* checkAccess(route.access, prefixOf(route.match), asksFor(route.match, asking), [...at, 'access'])
    yield* checkCachedCertificates(route, at)
    yield* checkCompress(route.compress, [...at, 'compress'])
    yield* checkHeaders(route.headers, [...at, 'headers'])
    yield* checkPages(route.pages, [...at, 'pages'])
    yield* checkResponseTimeout(route.timeouts, [...at, 'timeouts'])
  }
  for (const name of Object.keys(pools)) {
    if (!used.has(name))
      yield warning(['pools', name], 'no route uses this pool: it is probed but serves nothing', 'key')
  }
  yield* checkReach(routes, listenerNames)
}

/** By what is stored nobody could tell whose it is: the same URI has another route for those without a certificate. */
function* checkCachedCertificates({ match, cache }: RouteDocument, at: Path): Iterable<Finding> {
  if (match?.clientCertificate === undefined || cache === undefined) return
  yield error(
    [...at, 'cache'],
    'what is for holders of certificates is not stored: remove it, or move match.clientCertificate to access.clientCertificate',
    'key',
  )
}

/** @param pool of the route; undefined where there is none of that name */
function* checkQueuePriority(
  { longPoll, queuePriority }: RouteDocument,
  pool: PoolDocument | undefined,
  at: Path,
): Iterable<Finding> {
  if (queuePriority === undefined) return
  if (longPoll === true) {
    yield warning([...at, 'queuePriority'], 'has no effect: a long poll never waits in the queue', 'key')
  } else if (pool !== undefined && pool.queue === undefined) {
    yield warning([...at, 'queuePriority'], 'has no effect: the pool of the route has no queue', 'key')
  }
}

export function* routeFiles(routes: RoutesDocument): Iterable<NamedFile> {
  for (const [i, { headers, hold, pages }] of routes.entries()) {
    yield* headersFiles(headers, ['routes', i, 'headers'])
    yield* holdFiles(hold, ['routes', i, 'hold'])
    yield* pagesFiles(pages, ['routes', i, 'pages'])
  }
}

/** The name in logs and metrics. */
export function routeName({ name }: RouteDocument, at: number): string {
  return name ?? `routes[${at}]`
}

/** @param otherwise what the document says where the route does not */
export function compileRoute(
  route: RouteDocument,
  at: number,
  poolIndices: ReadonlyMap<string, number>,
  otherwise: {
    readonly pools: PoolsDocument
    readonly timeouts: Timeouts
    readonly limits: Limits
    readonly compress: CompressDocument | undefined
    readonly language: Language | undefined
    readonly pages: PagesPlan | undefined
  },
  files: Contents,
): RoutePlan {
  return {
    name: routeName(route, at),
    match: compileMatch(route.match),
    pool: poolIndices.get(route.pool)!,
    timeouts: compileTimeouts(route.timeouts, otherwise.timeouts),
    bodyBytes: route.maxBody === undefined ? otherwise.limits.bodyBytes : parseBodySize(route.maxBody),
    retry: compileReplay(route.retry),
    longPoll: route.longPoll ?? DEFAULTS.longPoll,
    queuePriority: route.queuePriority ?? DEFAULTS.queuePriority,
    integration: route.integration ?? DEFAULTS.integration,
    access: compileAccess(route.access),
    rateLimit: compileRateLimit(route.rateLimit),
    compress: compileCompress(route.compress, otherwise.compress),
    cache: compileRouteCache(route.cache),
    ...(route.hold && { hold: compileHold(route.hold, files) }),
    headers: compileHeaders(route.headers, files),
    buffer: compileBuffer(route.buffer, otherwise.pools[route.pool]!.buffer),
    ...(route.pages && { pages: compilePages(route.pages, otherwise.language, files, otherwise.pages) }),
  }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_ROUTE = { bodyBytes: 'maxBody', ...RENAMED_IN_COMPRESS, ...RENAMED_IN_HOLD }
