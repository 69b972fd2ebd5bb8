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

/** For the requests of one pool. */
export class OtherRoutes {
  /** Whether a route that a request could belong to restricts who may use it, or how often. */
  readonly restricts: boolean
  readonly #routes: readonly RoutePlan[]
  readonly #rules: ReadingRules
  /** By listener. */
  readonly #tables: ReadonlyMap<string, RouteTable>
  /** No path says what it means by its looks alone. */
  readonly #looksAlways: boolean

  constructor({ routes, pools, listeners }: Snapshot, pool: PoolPlan) {
    const hosts = hostsOf(pool)
    const isNear = pools.map(other => other === pool || hostsOf(other).some(host => hosts.includes(host)))
    const takes = (order: number) => isNear[routes[order]!.pool]!
    const near = routes.filter((_, order) => takes(order))
    const rules = compileReadings(pool.paths)
    const matches = routes.map(({ match }) => match)
    const spellPrefix = (prefix: string) => spell(prefix, rules.ignoreCase)
    this.restricts = near.some(({ access, rateLimit }) => access || rateLimit)
    this.#routes = routes
    this.#rules = rules
    this.#tables = new Map(listeners.map(({ name }) => [name, compileRoutes(matches, name, takes, spellPrefix)]))
    this.#looksAlways =
      rules.ignoreCase ||
      rules.prefixes.length > 0 ||
      // `/a(b)` is plain, and means the route `/a%28b%29`.
      near.some(({ match }) => spellPrefix(prefixKey(match.path) ?? '') !== (prefixKey(match.path) ?? ''))
  }

  /** Whether a request for `target` has to be looked at: most have one reading, and need not. */
  mayDiffer(target: string): boolean {
    return this.#looksAlways || !isPlain(target)
  }

  /** @param own route of the request @returns undefined where there are more readings than anybody has who means well */
  of({ target, hostName, method }: RequestHead, listener: string, own: RoutePlan): OtherReadings | undefined {
    const readings = readingsOf(target, this.#rules)
    const table = this.#tables.get(listener)
    if (readings === undefined || table === undefined) return undefined
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
}

function add(routes: Set<RoutePlan>, route: RoutePlan | undefined): void {
  if (route) routes.add(route)
}

function hostsOf({ upstreams }: PoolPlan): string[] {
  return upstreams.map(({ host }) => host.toLowerCase())
}
