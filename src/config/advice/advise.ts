// What is legal but unwise in a configuration. Pure; reasons are in codes.ts.

import type { HealthPlan } from '../../plan/health.ts'
import type { PoolPlan } from '../../plan/pool.ts'
import type { RouteMatch, RoutePlan } from '../../plan/route.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { isLoopback } from '../../util/address-ranges.ts'
import type { Path } from '../forms/problem.ts'
import type { AdviceCode } from './codes.ts'

export interface Advice {
  readonly code: AdviceCode
  /** Into the document; the nearest place that is there is meant. */
  readonly path: Path
  /** What is unwise here, and what to do. One line. */
  readonly message: string
}

/** Each is held against all after it; beyond that it would take longer than it is worth. */
const MOST_ROUTES_COMPARED = 1000
/** Longer than any browser's user waits, and thrice what Firefox does. */
const CLIENT_PATIENCE_MS = 15 * 60_000
/** By extension: nothing that an application computes is called so. */
const STATIC_FILE = /\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|webp|woff2?|ttf|txt|html?)$/i
const SERVER_ERROR = 500

/** In the order of the document's parts; not by line. */
export function advise(snapshot: Snapshot): Advice[] {
  const { routes, pools } = snapshot
  return [
    ...routes.flatMap((route, i) => [...ofRoute(snapshot, route, i)]),
    ...pools.flatMap(pool => [
      ...ofPool(
        pool,
        routes.some(({ pool: at }) => pools[at] === pool),
      ),
    ]),
    ...ofWhole(snapshot),
  ]
}

function* ofPool(pool: PoolPlan, isUsed: boolean): Iterable<Advice> {
  const { name, upstreams, health, failback } = pool
  const at: Path = ['pools', name]
  if (upstreams.length === 1 && isUsed)
    yield {
      code: 'one-node',
      path: [...at, 'upstreams'],
      message: 'nobody takes over when it fails: add a second node',
    }
  const probe = ofProbe(health)
  if (probe !== undefined) yield { ...probe, path: [...at, 'health'] }
  const first = Math.min(...upstreams.map(({ priority }) => priority))
  const later = upstreams.findIndex(({ priority, weight }) => priority > first && weight > 0)
  if (later >= 0 && failback !== 'manual') {
    const message =
      'users change to it by themselves, and back: with failback: manual a person decides about the way back, with weight: 0 about the way there too'
    yield { code: 'standby-takes-over', path: [...at, 'upstreams', later, 'priority'], message }
  }
}

function ofProbe(health: HealthPlan): Omit<Advice, 'path'> | undefined {
  if (health.kind === 'none')
    return { code: 'no-probe', message: 'nothing asks whether its upstreams are well: give a path' }
  if (health.kind === 'tcp') {
    return { code: 'tcp-probe', message: 'a port that is open says nothing of the application: ask for a path of it' }
  }
  if (health.statuses.some(({ to }) => to >= SERVER_ERROR))
    return { code: 'any-answer-probe', message: 'errors (5xx) count as well: leave them out of expect.status' }
  if (health.bodyContains === undefined && health.bodyMatches === undefined && STATIC_FILE.test(health.path)) {
    return {
      code: 'static-probe',
      message: 'a static file is served without the application: ask for a path that needs it',
    }
  }
  return undefined
}

function* ofRoute({ routes }: Snapshot, route: RoutePlan, i: number): Iterable<Advice> {
  const at: Path = ['routes', i]
  const isCompared = routes.length <= MOST_ROUTES_COMPARED
  const later = isCompared && route.access !== undefined && route.match.methods.length > 0 ? routes.slice(i + 1) : []
  const around = later.find(other => other.access === undefined && evades(other, route))
  if (around !== undefined) {
    const message = `what it forbids passes by ${around.name} with other methods: give that one the same access, or match every method here`
    yield { code: 'evaded-access', path: [...at, 'access'], message }
  }
  const { responseMs } = route.timeouts
  if (!route.longPoll && !route.integration && (responseMs === 0 || responseMs > CLIENT_PATIENCE_MS)) {
    const message = `${responseMs === 0 ? 'it waits for ever' : 'it waits longer'} for an answer than clients do: keep it to 15m, or to a route of programs that wait (integration: true)`
    yield { code: 'long-response-timeout', path: [...at, 'timeouts', 'response'], message }
  }
  if (route.retry?.idempotencyKey === true) {
    const message =
      'requests with an Idempotency-Key are sent again: be sure that the application carries them out once'
    yield { code: 'unsafe-replay', path: [...at, 'retry', 'idempotencyKey'], message }
  }
}

/** The same requests of the same pool but for their methods. */
function evades(other: RoutePlan, route: RoutePlan): boolean {
  if (other.pool !== route.pool) return false
  const { match } = route
  return (
    covers({ ...other.match, methods: [] }, { ...match, methods: [] }) && !isWithin(other.match.methods, match.methods)
  )
}

/** Whether all that `inner` matches is matched by `outer`. */
function covers(outer: RouteMatch, inner: RouteMatch): boolean {
  return (
    outer.clientCertificate === undefined &&
    isWithin(inner.listeners, outer.listeners) &&
    isWithin(inner.methods, outer.methods) &&
    hostsWithin(inner.hosts, outer.hosts) &&
    isBelow(inner.path, outer.path)
  )
}

/** An empty list stands for all there are. */
function isWithin(inner: readonly string[], outer: readonly string[]): boolean {
  return outer.length === 0 || (inner.length > 0 && inner.every(each => outer.includes(each)))
}

function hostsWithin(inner: readonly string[], outer: readonly string[]): boolean {
  const isTaken = (host: string) =>
    outer.some(each => each === host || (each.startsWith('*.') && host.endsWith(each.slice(1))))
  return outer.length === 0 || (inner.length > 0 && inner.every(isTaken))
}

function isBelow(path: string, prefix: string): boolean {
  const bare = prefix.replace(/\/$/, '')
  return path === bare || path === prefix || path.startsWith(`${bare}/`)
}

function* ofWhole({ admin, store, maintenance = [] }: Snapshot): Iterable<Advice> {
  if (admin !== undefined && !isLoopback(admin.host) && admin.tls === undefined) {
    const message = 'others reach it, and tokens travel in the clear: set admin.tls, or bind it to 127.0.0.1'
    yield { code: 'admin-without-tls', path: ['admin', 'address'], message }
  }
  if (store === undefined && maintenance.length > 0) {
    const message = 'there are windows, and no store: what was done in them is forgotten at a restart; set store'
    yield { code: 'no-store', path: ['maintenance'], message }
  }
}
