// What is cached of answers: how much in all, and what each route lets vigia store.

import Type, { type Static } from 'typebox'
import type { CachePlan, RouteCachePlan } from '../../plan/cache.ts'
import { error, type Finding, type Path, warning } from '../forms/problem.ts'
import { duration, section, size } from '../forms/schema-blocks.ts'
import { formatSize, parseDuration, parseSize } from '../forms/units.ts'

const DEFAULTS = { bytes: '64MiB', staleIfError: '0', maxBytes: '8MiB', wait: '5s' } as const
const LEAST_BYTES = 1024 ** 2
const MOST_BYTES = 8 * 1024 ** 3

export const cacheSchema = section(
  {
    bytes: Type.Optional(
      size(
        'Size, 1MiB to 8GiB. Memory for answers that are stored, for all workers together; it is taken as it fills, and counts in `limits.memory`. Effect: where it is full, what has not been asked for again goes first. Read at the start only.',
        DEFAULTS.bytes,
      ),
    ),
  },
  'Memory of the cache. What is stored, the key `cache` of each route says; it survives a reload, not a restart.',
)

export const routeCacheSchema = section(
  {
    ttl: Type.Optional(
      duration(
        'Duration. How long an answer with status 200 is fresh that says nothing of it itself (Cache-Control, Expires). For folders of static files only: pages that say nothing would be given to everybody. Default: such answers are not stored.',
        undefined,
      ),
    ),
    staleIfError: Type.Optional(
      duration(
        'Duration. For how long after its freshness a stored answer may stand in where its upstreams fail, are out, or a maintenance window closes the route; beside what the answer itself says (stale-if-error). Never one that says must-revalidate or no-cache.',
        DEFAULTS.staleIfError,
        'only as long as the answer says',
      ),
    ),
    maxBytes: Type.Optional(
      size('Size. Largest body that is stored; a larger one goes through unstored.', DEFAULTS.maxBytes),
    ),
    wait: Type.Optional(
      duration(
        'Duration. How long a request waits for another one, in any worker, that fetches the same. Then it asks for itself.',
        DEFAULTS.wait,
        'each asks for itself',
      ),
    ),
  },
  'Stores answers to GET and gives them to others (RFC 9111): those that say for how long they are fresh, and never one with Set-Cookie, one that is private, or one to a request with credentials that does not say public. Access rules, rate limits and windows come first; a window gives way to what is stored. Key: pool, scheme, host, path with query, and what Vary names. Effect: Age and Cache-Status (RFC 9211) tell what happened. Default: nothing is stored.',
)

type RouteCacheDocument = Static<typeof routeCacheSchema>
type CacheDocument = Static<typeof cacheSchema>

interface CachedRoute {
  readonly match?: { readonly path?: string; readonly method?: string | readonly string[] }
  readonly longPoll?: boolean
  readonly cache?: RouteCacheDocument
}

export function* checkCache(cache: CacheDocument | undefined, routes: readonly CachedRoute[]): Iterable<Finding> {
  const bytes = parseSize(cache?.bytes ?? DEFAULTS.bytes)!
  if (bytes < LEAST_BYTES || bytes > MOST_BYTES) {
    yield error(
      ['cache', 'bytes'],
      `is ${formatSize(bytes)}, expected ${formatSize(LEAST_BYTES)} to ${formatSize(MOST_BYTES)}`,
    )
  }
  if (cache !== undefined && !routes.some(route => route.cache !== undefined)) {
    yield warning(['cache'], 'has no effect: no route has a cache (routes[].cache)', 'key')
  }
  for (const [i, route] of routes.entries()) {
    if (route.cache !== undefined) yield* checkRouteCache(route.cache, route, bytes, ['routes', i, 'cache'])
  }
}

function* checkRouteCache(
  { ttl, maxBytes }: RouteCacheDocument,
  { match, longPoll }: CachedRoute,
  bytes: number,
  at: Path,
): Iterable<Finding> {
  const most = parseSize(maxBytes ?? DEFAULTS.maxBytes)!
  if (most * 2 > bytes && maxBytes !== undefined) {
    yield error(
      [...at, 'maxBytes'],
      `is more than half of the cache (cache.bytes is ${formatSize(bytes)}): one answer would push out all others; lower it, or raise cache.bytes`,
    )
  }
  const methods = match?.method === undefined ? ['GET'] : [match.method].flat()
  if (!methods.some(method => method.toUpperCase() === 'GET')) {
    yield warning(at, 'has no effect: the route does not take GET', 'key')
  }
  if (longPoll === true) yield warning(at, 'a long poll is nothing for others: remove it', 'key')
  if (ttl !== undefined && (match?.path === undefined || match.path === '/')) {
    yield warning(
      [...at, 'ttl'],
      'stores every page that says nothing of its freshness, and gives it to everybody: name the folder of static files in match.path',
    )
  }
}

export function compileCache(cache: CacheDocument | undefined): CachePlan {
  return { bytes: parseSize(cache?.bytes ?? DEFAULTS.bytes)! }
}

export function compileRouteCache(cache: RouteCacheDocument | undefined): RouteCachePlan | undefined {
  if (cache === undefined) return undefined
  const { ttl, staleIfError, maxBytes, wait } = { ...DEFAULTS, ttl: undefined, ...cache }
  return {
    ttlMs: ttl === undefined ? undefined : parseDuration(ttl)!,
    staleIfErrorMs: parseDuration(staleIfError)!,
    maxBytes: parseSize(maxBytes)!,
    waitMs: parseDuration(wait)!,
  }
}

/** Keys of the plan whose name in the document is another one than it looks. */
export const RENAMED_IN_CACHE = { 'cache.maxBytes': 'cache.maxBytes' }
