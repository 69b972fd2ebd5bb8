// Which requests a route takes: the form of what it matches, and whether a request can ever reach it.

import { isDeepStrictEqual } from 'node:util'
import Type, { type Static } from 'typebox'
import type { CertificateMatch, RouteMatch } from '../../../plan/route.ts'
import { prefixKey } from '../../../policy/request/routing.ts'
import { didYouMean } from '../../../util/nearest.ts'
import { isHostPattern } from '../../forms/address.ts'
import { TOKEN, wrongInPrefix } from '../../forms/http.ts'
import { error, type Finding, type Path, quote } from '../../forms/problem.ts'
import { oneOrMore, section, text } from '../../forms/schema-blocks.ts'
import { checkClientCertificate, clientCertificateSchema, compileClientCertificate } from './client-certificate.ts'

/** More combinations than this of listeners, hosts and methods in one route are compared as a whole. */
const MOST_COMBINATIONS = 1000

export const matchSchema = section(
  {
    listener: Type.Optional(
      oneOrMore(
        text('the name of a listener', 'Name of a listener.'),
        'the name of a listener, or a list of them',
        'Only requests of these listeners. Default: every listener.',
      ),
    ),
    host: Type.Optional(
      oneOrMore(
        text('a host name such as erp.example.com or *.example.com', 'Host name without port.'),
        'a host name such as erp.example.com or *.example.com, or a list of them',
        'Only requests for these hosts, port aside; *.example.com is any name below it. Default: every host.',
      ),
    ),
    path: Type.Optional(
      text(
        'a path that begins with /',
        'Only paths that begin with these whole segments: /web matches /web and /web/x, not /website.',
        '/',
      ),
    ),
    method: Type.Optional(
      oneOrMore(
        Type.String({
          pattern: `^${TOKEN}$`,
          title: 'a method such as GET',
          description: 'A request method.',
        }),
        'a method such as GET, or a list of them',
        'Only these request methods. Default: every method.',
      ),
    ),
    clientCertificate: Type.Optional(
      clientCertificateSchema(
        'Only clients with such a certificate. It chooses and does not protect: a request without one is taken by a later route. What refuses it is `access.clientCertificate`.',
      ),
    ),
  },
  'Which requests the route takes; all conditions must hold. Default: every request.',
)

type MatchDocument = Static<typeof matchSchema>

export function* checkMatch(
  match: MatchDocument | undefined,
  listenerNames: readonly string[],
  asking: readonly string[],
  at: Path,
): Iterable<Finding> {
  for (const { value, step } of each(match?.listener)) {
    if (!listenerNames.includes(value))
      yield error([...at, 'listener', ...step], `there is no listener ${quote(value)}${choices(value, listenerNames)}`)
  }
  for (const { value, step } of each(match?.host)) {
    if (!isHostPattern(value)) yield error([...at, 'host', ...step], `${quote(value)} ${wrongInHost(value)}`)
  }
  const wrong = match?.path === undefined ? undefined : wrongInPrefix(match.path)
  yield* checkClientCertificate(match?.clientCertificate, asksFor(match, asking), [...at, 'clientCertificate'])
  if (wrong) yield error([...at, 'path'], `${quote(match!.path!)} ${wrong}, expected a path such as /web`)
}

/** Whether some listener of the route asks clients for certificates. @param asking those that do */
export function asksFor(match: MatchDocument | undefined, asking: readonly string[]): boolean {
  return match?.listener === undefined ? asking.length > 0 : listOf(match.listener).some(name => asking.includes(name))
}

/** A route is out of reach where the routes before it take all that it matches. */
export function* checkReach(
  routes: readonly { readonly name?: string; readonly match?: MatchDocument }[],
  listenerNames: readonly string[],
): Iterable<Finding> {
  const earlier = new EarlierRoutes()
  for (const [i, { match, name }] of routes.entries()) {
    // Nobody knows what it would take: it hides nothing, and nothing hides it.
    if (!checkMatch(match, listenerNames, listenerNames, [])[Symbol.iterator]().next().done) continue
    const reach = reachOf(match, listenerNames)
    const blockers = combinations(reach).map(part => earlier.covering(part))
    if (blockers.length > 0 && blockers.every(route => route !== undefined)) {
      const all = [...new Set(blockers.map(({ label }) => label))].join(', ')
      const found = error(
        ['routes', i],
        `no request can reach this route: ${all} before it ${all.includes(',') ? 'take' : 'takes'} all that it matches; move it up or remove it`,
      )
      yield { ...found, other: ['routes', blockers[0]!.at] }
    }
    earlier.add({ at: i, reach, label: name === undefined ? `routes[${i}]` : `routes[${i}] (${name})` })
  }
}

interface EarlierRoute {
  /** Its position. */
  readonly at: number
  readonly reach: Reach
  readonly label: string
}

/** By path and host, so that a route is held only against those that could cover it: sites have thousands. */
class EarlierRoutes {
  readonly #byPlace = new Map<string, EarlierRoute[]>()

  add(route: EarlierRoute): void {
    const { path, hosts } = route.reach
    for (const host of hosts.length === 0 ? [EVERY_HOST] : hosts)
      this.#byPlace.getOrInsertComputed(`${host} ${path}`, () => []).push(route)
  }

  /** The first that takes every request that `narrow` takes. */
  covering(narrow: Reach): EarlierRoute | undefined {
    let first: EarlierRoute | undefined
    // Whoever covers all of its hosts covers its first one.
    for (const host of hostsAbove(narrow.hosts[0])) {
      for (const path of pathsAbove(narrow.path)) {
        const found = this.#byPlace.get(`${host} ${path}`)?.find(({ reach }) => covers(reach, narrow))
        if (found !== undefined && (first === undefined || found.at < first.at)) first = found
      }
    }
    return first
  }
}

const EVERY_HOST = '*'

/** What routes may match that take requests for this host: `*.b.c` and `*.c` for `a.b.c`. */
function hostsAbove(host: string | undefined): string[] {
  const above = [EVERY_HOST]
  if (host === undefined) return above
  above.push(host)
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) above.push(`*${host.slice(dot)}`)
  return above
}

/** A prefix and those that it lies below: `/a/b`, `/a`, ``. */
function pathsAbove(path: string): string[] {
  const above = [path]
  for (let slash = path.lastIndexOf('/'); slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
    above.push(path.slice(0, slash))
    if (slash === 0) break
  }
  return above
}

interface Reach {
  readonly listeners: readonly string[]
  /** Empty = every host. */
  readonly hosts: readonly string[]
  readonly path: string
  /** Empty = every method. */
  readonly methods: readonly string[]
  readonly certificate: CertificateMatch | undefined
}

function reachOf(match: MatchDocument | undefined, listenerNames: readonly string[]): Reach {
  return {
    listeners: match?.listener === undefined ? listenerNames : listOf(match.listener),
    hosts: listOf(match?.host).map(host => host.toLowerCase()),
    path: prefixOf(match),
    methods: listOf(match?.method).map(method => method.toUpperCase()),
    certificate: compileClientCertificate(match?.clientCertificate),
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
    (wide.certificate === undefined || isDeepStrictEqual(wide.certificate, narrow.certificate)) &&
    narrow.listeners.every(name => wide.listeners.includes(name))
  )
}

function wrongInHost(host: string): string {
  if (host === '*') return 'is not a host name: leave host out to match every host'
  if (/:[0-9]+$/.test(host)) return 'has a port: match the host without it, and the port by listener'
  return 'is not a host name, expected one such as erp.example.com or *.example.com'
}

/** What may have been meant. */
export function choices(word: string, known: readonly string[]): string {
  return (
    didYouMean(word, known) || (known.length > 0 && known.length <= 10 ? `, expected one of ${known.join(', ')}` : '')
  )
}

/** The path prefix, as `prefixKey` returns it. */
export function prefixOf(match: MatchDocument | undefined): string {
  return prefixKey(match?.path ?? '/') ?? ''
}

export function compileMatch(match: MatchDocument | undefined): RouteMatch {
  return {
    listeners: listOf(match?.listener),
    hosts: listOf(match?.host).map(host => host.toLowerCase().replace(/^\[|\]$/g, '')),
    path: match?.path ?? '/',
    methods: listOf(match?.method).map(method => method.toUpperCase()),
    clientCertificate: compileClientCertificate(match?.clientCertificate),
  }
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

function each(value: string | readonly string[] | undefined): { value: string; step: number[] }[] {
  return typeof value === 'string'
    ? [{ value, step: [] }]
    : (value ?? []).map((item, i) => ({ value: item, step: [i] }))
}
