// Cross-checks of routes: what they refer to, the form of what they match, and whether a request can ever reach them.

import { prefixKey } from '../../policy/request/routing.ts'
import { didYouMean } from '../../util/nearest.ts'
import { isHostPattern } from '../address.ts'
import { wrongInPrefix } from '../http-words.ts'
import { error, type Finding, quote, warning } from '../read/problem.ts'
import type { ConfigDocument, RouteDocument } from '../schema.ts'
import { parseDuration } from '../units.ts'
import { checkAccess } from './check-access.ts'
import { checkRouteRetry } from './check-failover.ts'
import { checkRouteOverload } from './check-overload.ts'

/** More combinations than this of listeners, hosts and methods in one route are compared as a whole. */
const MOST_COMBINATIONS = 1000

export function* checkRoutes({ routes, pools, listeners }: ConfigDocument): Iterable<Finding> {
  const listenerNames = listeners.map(({ name }) => name)
  const used = new Set<string>()
  for (const [i, route] of routes.entries()) {
    const at = ['routes', i]
    const { pool, match, timeouts, retry } = route
    used.add(pool)
    if (!Object.hasOwn(pools, pool)) {
      yield error([...at, 'pool'], `there is no pool ${quote(pool)}${choices(pool, Object.keys(pools))}`)
    }
    for (const { value, step } of each(match?.listener)) {
      const isKnown = listenerNames.includes(value)
      if (!isKnown)
        yield error(
          [...at, 'match', 'listener', ...step],
          `there is no listener ${quote(value)}${choices(value, listenerNames)}`,
        )
    }
    for (const { value, step } of each(match?.host)) {
      if (!isHostPattern(value)) yield error([...at, 'match', 'host', ...step], `${quote(value)} ${wrongInHost(value)}`)
    }
    const wrong = match?.path === undefined ? undefined : wrongInPrefix(match.path)
    if (wrong) yield error([...at, 'match', 'path'], `${quote(match!.path!)} ${wrong}, expected a path such as /web`)
    yield* checkRouteRetry(retry, [...at, 'retry'])
    yield* checkRouteOverload(route, Object.hasOwn(pools, pool) ? pools[pool] : undefined, at)
    yield* checkAccess(route, [...at, 'access'])
    if (isZero(timeouts?.response)) yield warning([...at, 'timeouts', 'response'], NO_RESPONSE_LIMIT)
  }
  for (const name of Object.keys(pools)) {
    if (!used.has(name))
      yield warning(['pools', name], 'no route uses this pool: it is probed but serves nothing', 'key')
  }
  yield* checkReach(routes, listenerNames)
}

export const NO_RESPONSE_LIMIT = 'without a limit a request to an upstream that hangs waits until its client gives up'

export function isZero(value: string | number | undefined): boolean {
  return value !== undefined && parseDuration(value) === 0
}

/** A route is out of reach where the routes before it take all that it matches. */
function* checkReach(routes: readonly RouteDocument[], listenerNames: readonly string[]): Iterable<Finding> {
  const earlier: { readonly reach: Reach; readonly label: string }[] = []
  for (const [i, { match, name }] of routes.entries()) {
    const reach = reachOf(match, listenerNames)
    const blockers = combinations(reach).map(part => earlier.find(other => covers(other.reach, part))?.label)
    if (blockers.length > 0 && blockers.every(label => label !== undefined)) {
      const all = [...new Set(blockers)].join(', ')
      yield error(
        ['routes', i],
        `no request can reach this route: ${all} before it ${all.includes(',') ? 'take' : 'takes'} all that it matches; move it up or remove it`,
      )
    }
    earlier.push({ reach, label: name === undefined ? `routes[${i}]` : `routes[${i}] (${name})` })
  }
}

interface Reach {
  readonly listeners: readonly string[]
  /** Empty = every host. */
  readonly hosts: readonly string[]
  readonly path: string
  /** Empty = every method. */
  readonly methods: readonly string[]
}

function reachOf(match: RouteDocument['match'], listenerNames: readonly string[]): Reach {
  return {
    listeners: match?.listener === undefined ? listenerNames : listOf(match.listener),
    hosts: listOf(match?.host).map(host => host.toLowerCase()),
    path: prefixKey(match?.path ?? '/') ?? '',
    methods: listOf(match?.method).map(method => method.toUpperCase()),
  }
}

/** One reach for each (listener, host, method), so that several earlier routes can cover one between them. */
function combinations(reach: Reach): readonly Reach[] {
  const { listeners, hosts, methods } = reach
  if (listeners.length * Math.max(1, hosts.length) * Math.max(1, methods.length) > MOST_COMBINATIONS) return [reach]
  const lists = (items: readonly string[]) => (items.length === 0 ? [[]] : items.map(item => [item]))
  return listeners.flatMap(listener =>
    lists(hosts).flatMap(host =>
      lists(methods).map(method => ({ ...reach, listeners: [listener], hosts: host, methods: method })),
    ),
  )
}

/** Whether `wide` takes every request that `narrow` takes. */
function covers(wide: Reach, narrow: Reach): boolean {
  const isBelow = narrow.path === wide.path || narrow.path.startsWith(`${wide.path}/`)
  const hasAll = (of: readonly string[], wanted: readonly string[]) =>
    of.length === 0 || (wanted.length > 0 && wanted.every(item => of.includes(item)))
  const hasHosts =
    wide.hosts.length === 0 ||
    (narrow.hosts.length > 0 &&
      narrow.hosts.every(host =>
        wide.hosts.some(other => host === other || (other.startsWith('*.') && host.endsWith(other.slice(1)))),
      ))
  return (
    isBelow &&
    hasHosts &&
    hasAll(wide.methods, narrow.methods) &&
    narrow.listeners.every(name => wide.listeners.includes(name))
  )
}

function wrongInHost(host: string): string {
  if (host === '*') return 'is not a host name: leave host out to match every host'
  if (/:[0-9]+$/.test(host)) return 'has a port: match the host without it, and the port by listener'
  return 'is not a host name, expected one such as erp.example.com or *.example.com'
}

function choices(word: string, known: readonly string[]): string {
  return (
    didYouMean(word, known) || (known.length > 0 && known.length <= 10 ? `, expected one of ${known.join(', ')}` : '')
  )
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

function each(value: string | readonly string[] | undefined): { value: string; step: number[] }[] {
  return typeof value === 'string'
    ? [{ value, step: [] }]
    : (value ?? []).map((item, i) => ({ value: item, step: [i] }))
}
