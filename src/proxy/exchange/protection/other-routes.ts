// Which routes a request could belong to besides its own: its upstreams may read the path in another way than vigia, and where that leads
// to a route that protects something, its protection holds. Only routes whose pool has an upstream on the same host count.

import type { RequestHead } from '../../../http/heads.ts'
import type { PathsPlan, PoolPlan, UpstreamPlan } from '../../../plan/pool.ts'
import type { RoutePlan } from '../../../plan/route.ts'
import type { Snapshot } from '../../../plan/snapshot.ts'
import type { CertificateClasses } from '../../../policy/request/certificates/classes.ts'
import { RouteTables } from '../../../policy/request/certificates/route-tables.ts'
import {
  compileReadings,
  isPlain,
  type ReadingRules,
  readingsOf,
  spell,
} from '../../../policy/request/paths/readings.ts'
import { matchRoute, prefixKey } from '../../../policy/request/routing.ts'
import type { ClientSide } from '../downstream.ts'

const LOWER_CASE = /[a-z]/

/** How a request may be read beside the plain way. */
export interface OtherReadings {
  readonly paths: readonly string[]
  readonly routes: readonly RoutePlan[]
  /**
   * Routes for every path that one reaches without a prefix: their denied paths hold, but not the rest. What begins like a prefix may well
   * be a route of its own, which is open on purpose.
   */
  readonly withoutPrefix: readonly RoutePlan[]
}

/** What a pool's own routes bring to the pools that are near it. */
interface RoutesOfPool {
  readonly restricts: boolean
  /** One is configured encoded: `/a(b)` is plain, and means the route `/a%28b%29`. */
  readonly isEncoded: boolean
  /** Its upstreams take one case for the other. */
  readonly ignoresCase: boolean
}

/** For the requests of one pool. */
export class OtherRoutes {
  /** Whether a route that a request could belong to restricts who may use it, or how often. */
  readonly restricts: boolean
  /** Whether a request that could belong to a route of the pool may come in one case: `spell`. */
  readonly isMetInOneCase: boolean
  readonly #routes: readonly RoutePlan[]
  readonly #rules: ReadingRules
  readonly #tables: RouteTables
  /** No path says what it means by its looks alone. */
  readonly #looksAlways: boolean

  /** @param near pools with an upstream on a host of this one, itself included, by index; parallel to `ofPools` */
  constructor(
    routes: readonly RoutePlan[],
    classes: CertificateClasses,
    paths: PathsPlan,
    near: ReadonlySet<number>,
    ofPools: readonly RoutesOfPool[],
  ) {
    const found = [...near].map(index => ofPools[index]!)
    this.restricts = found.some(({ restricts }) => restricts)
    this.isMetInOneCase = found.some(({ ignoresCase }) => ignoresCase)
    this.#routes = routes
    this.#rules = compileReadings(paths)
    const { ignoreCase, prefixes } = this.#rules
    this.#tables = new RouteTables(
      classes,
      order => near.has(routes[order]!.pool),
      prefix => spell(prefix, ignoreCase),
    )
    this.#looksAlways = ignoreCase || prefixes.length > 0 || found.some(({ isEncoded }) => isEncoded)
  }

  /** Whether a request has to be looked at: most have one reading, and need not. */
  mayDiffer({ target, method }: RequestHead): boolean {
    return this.#looksAlways || !isPlain(target) || LOWER_CASE.test(method)
  }

  /** @param own route of the request @returns undefined where there are more readings than anybody has who means well */
  of(
    { target, hostName, method }: RequestHead,
    { listener, tls }: ClientSide,
    own: RoutePlan,
  ): OtherReadings | undefined {
    const readings = readingsOf(target, this.#rules)
    if (readings === undefined) return undefined
    const table = this.#tables.of(listener.name, tls?.certificate)
    // Methods are case-sensitive (RFC 9110 9.1), but many a framework takes `post` for POST.
    const upper = method.toUpperCase()
    const routeOf = (path: string) => this.#routes[matchRoute(table, hostName, path, upper)]
    const routes = new Set<RoutePlan>()
    const withoutPrefix = new Set<RoutePlan>()
    for (const path of readings.whole) add(routes, routeOf(path))
    for (const path of readings.cut) {
      const route = routeOf(path)
      add(route && prefixKey(route.match.path) === '' ? withoutPrefix : routes, route)
    }
    routes.delete(own)
    withoutPrefix.delete(own)
    return { paths: [...readings.whole, ...readings.cut], routes: [...routes], withoutPrefix: [...withoutPrefix] }
  }
}

/** Of each pool. @param classes of all routes */
export function otherRoutesOf(
  { routes, pools }: Pick<Snapshot, 'routes' | 'pools'>,
  classes: CertificateClasses,
): OtherRoutes[] {
  // Pools that share a server share an application: what one says of its paths is true of the other's.
  const onServer = placesOf(pools, ({ host, port }) => `${host.toLowerCase()}:${port}`)
  const paths = onServer.map(near => {
    const said = [...near].map(index => pools[index]!.paths)
    return {
      ignoreCase: said.some(each => each?.ignoreCase),
      prefixes: [...new Set(said.flatMap(each => each?.prefixes ?? []))],
    }
  })
  const ofPools = paths.map(({ ignoreCase }) => ({ restricts: false, isEncoded: false, ignoresCase: ignoreCase }))
  for (const { pool, access, rateLimit, match } of routes) {
    const key = prefixKey(match.path) ?? ''
    ofPools[pool]!.restricts ||= access !== undefined || rateLimit !== undefined
    ofPools[pool]!.isEncoded ||= spell(key, false) !== key
  }
  const onHost = placesOf(pools, ({ host }) => host.toLowerCase())
  return pools.map((_, index) => new OtherRoutes(routes, classes, paths[index]!, onHost[index]!, ofPools))
}

/** For each pool the pools that have an upstream in one of its places, itself included, by index. */
function placesOf(pools: readonly PoolPlan[], placeOf: (upstream: UpstreamPlan) => string): ReadonlySet<number>[] {
  const places = pools.map(({ upstreams }) => [...new Set(upstreams.map(placeOf))])
  const there = Map.groupBy(
    places.flatMap((own, index) => own.map(place => ({ place, index }))),
    ({ place }) => place,
  )
  return places.map(own => new Set(own.flatMap(place => there.get(place)!.map(({ index }) => index))))
}

function add(routes: Set<RoutePlan>, route: RoutePlan | undefined): void {
  if (route) routes.add(route)
}
