// Which routes a request could belong to besides its own: its upstreams may read the path in another way than vigia, and where that leads
// to a route that protects something, its protection holds. Only routes whose pool has an upstream on the same host count.

import type { RequestHead } from '../../../http/heads.ts'
import type { PoolPlan } from '../../../plan/pool.ts'
import type { RoutePlan } from '../../../plan/route.ts'
import type { Snapshot } from '../../../plan/snapshot.ts'
import {
  compileReadings,
  isPlain,
  type ReadingRules,
  readingsOf,
  spell,
} from '../../../policy/request/paths/readings.ts'
import { compileRoutes, matchRoute, prefixKey, type RouteTable } from '../../../policy/request/routing.ts'

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
}

/** For the requests of one pool. */
export class OtherRoutes {
  /** Whether a route that a request could belong to restricts who may use it, or how often. */
  readonly restricts: boolean
  readonly #routes: readonly RoutePlan[]
  readonly #isNear: ReadonlySet<number>
  readonly #rules: ReadingRules
  /** By listener; made when the first request asks. */
  readonly #tables = new Map<string, RouteTable>()
  /** No path says what it means by its looks alone. */
  readonly #looksAlways: boolean

  /** @param near pools with an upstream on a host of this one, itself included, by index; parallel to `ofPools` */
  constructor(
    routes: readonly RoutePlan[],
    { paths }: PoolPlan,
    near: ReadonlySet<number>,
    ofPools: readonly RoutesOfPool[],
  ) {
    const found = [...near].map(index => ofPools[index]!)
    this.restricts = found.some(({ restricts }) => restricts)
    this.#routes = routes
    this.#isNear = near
    this.#rules = compileReadings(paths)
    const { ignoreCase, prefixes } = this.#rules
    this.#looksAlways = ignoreCase || prefixes.length > 0 || found.some(({ isEncoded }) => isEncoded)
  }

  /** Whether a request for `target` has to be looked at: most have one reading, and need not. */
  mayDiffer(target: string): boolean {
    return this.#looksAlways || !isPlain(target)
  }

  /** @param own route of the request @returns undefined where there are more readings than anybody has who means well */
  of({ target, hostName, method }: RequestHead, listener: string, own: RoutePlan): OtherReadings | undefined {
    const readings = readingsOf(target, this.#rules)
    if (readings === undefined) return undefined
    const table = this.#tableOf(listener)
    const routeOf = (path: string) => this.#routes[matchRoute(table, hostName, path, method)]
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

  #tableOf(listener: string): RouteTable {
    const known = this.#tables.get(listener)
    if (known) return known
    const table = compileRoutes(
      this.#routes.map(({ match }) => match),
      listener,
      order => this.#isNear.has(this.#routes[order]!.pool),
      prefix => spell(prefix, this.#rules.ignoreCase),
    )
    this.#tables.set(listener, table)
    return table
  }
}

/** Of each pool. */
export function otherRoutesOf({ routes, pools }: Pick<Snapshot, 'routes' | 'pools'>): OtherRoutes[] {
  const ofPools = pools.map(() => ({ restricts: false, isEncoded: false }))
  for (const { pool, access, rateLimit, match } of routes) {
    const key = prefixKey(match.path) ?? ''
    ofPools[pool]!.restricts ||= access !== undefined || rateLimit !== undefined
    ofPools[pool]!.isEncoded ||= spell(key, false) !== key
  }
  const onHost = Map.groupBy(
    pools.flatMap((pool, index) => hostsOf(pool).map(host => ({ host, index }))),
    ({ host }) => host,
  )
  return pools.map(pool => {
    const near = hostsOf(pool).flatMap(host => onHost.get(host)!.map(({ index }) => index))
    return new OtherRoutes(routes, pool, new Set(near), ofPools)
  })
}

function hostsOf({ upstreams }: PoolPlan): string[] {
  return [...new Set(upstreams.map(({ host }) => host.toLowerCase()))]
}

function add(routes: Set<RoutePlan>, route: RoutePlan | undefined): void {
  if (route) routes.add(route)
}
