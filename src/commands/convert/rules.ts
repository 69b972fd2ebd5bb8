// Conditions on requests, as HAProxy, Caddy and Traefik have them, and what becomes of them in vigia: the match of a route, or who may
// use one. A condition is a list of clauses of which one must hold; of a clause all tests must hold.

import type { Directive } from './directive.ts'
import {
  accessOf,
  close,
  type Draft,
  denyPaths,
  guardNeighbours,
  isBelow,
  type Match,
  mayHold,
  type Route,
  todo,
} from './draft.ts'

export type TestKind = 'host' | 'path' | 'method' | 'address' | 'tls' | 'port' | 'always' | 'unknown'

export interface Test {
  readonly kind: TestKind
  /** Hosts as vigia has them, path prefixes, methods, ranges, ports. */
  readonly values: readonly string[]
  /** Of paths: the same with *, for denials. Where there are no `values`, routes can't match them. */
  readonly globs?: readonly string[]
  /** Of paths: whether case makes no difference. */
  readonly ignoresCase?: boolean
  readonly not: boolean
  /** In the words of the other product. */
  readonly text: string
}

export type Clause = readonly Test[]
export type Condition = readonly Clause[]

const MOST_CLAUSES = 256

/** All of `a` and all of `b`; undefined = too many. */
export function both(a: Condition, b: Condition): Condition | undefined {
  if (a.length * b.length > MOST_CLAUSES) return undefined
  return a.flatMap(left => b.map(right => [...left, ...right]))
}

export function negated(condition: Condition): Condition | undefined {
  let all: Condition = [[]]
  for (const clause of condition) {
    const next = both(
      all,
      clause.map(test => [{ ...test, not: !test.not }]),
    )
    if (next === undefined) return undefined
    all = next
  }
  return all
}

/** Which listeners a clause means by TLS or port. */
export interface Listening {
  readonly name: string
  readonly port: string
  readonly tls: boolean
}

/** A match for each path of a clause; a text = what vigia can't match. */
export function matchesOf(clause: Clause, listeners: readonly Listening[]): readonly Match[] | string {
  let on: readonly Listening[] = listeners
  let hosts: readonly string[] | undefined
  let methods: readonly string[] | undefined
  let paths: readonly string[] | undefined
  for (const test of clause) {
    const { kind, values, not, text } = test
    if (kind === 'always') {
      if (not) return []
    } else if (kind === 'tls') on = on.filter(({ tls }) => tls !== not)
    else if (kind === 'port') on = on.filter(({ port }) => values.includes(port) !== not)
    else if (not || values.length === 0 || kind === 'unknown' || kind === 'address') return text
    else if (kind === 'host') hosts = hosts === undefined ? values : values.filter(each => hosts!.includes(each))
    else if (kind === 'method')
      methods = methods === undefined ? values : values.filter(each => methods!.includes(each))
    else if (paths === undefined) paths = values
    else paths = values.flatMap(a => paths!.flatMap(b => (isBelow(a, b) ? [a] : isBelow(b, a) ? [b] : [])))
  }
  if (on.length === 0 || hosts?.length === 0 || methods?.length === 0 || paths?.length === 0) return []
  const base = {
    ...(on.length === listeners.length ? {} : { listener: on.map(({ name }) => name) }),
    ...(hosts === undefined ? {} : { host: hosts }),
    ...(methods === undefined ? {} : { method: methods }),
  }
  return (paths ?? ['/']).map(path => (path === '/' ? base : { ...base, path }))
}

/**
 * Refuses what a condition describes, on routes that would serve it. What vigia can't test is taken to hold: so more is refused than was,
 * never less, and the notes say so.
 * @param always what is refused at all, where it is no condition of the request (a password)
 */
export function refuse(
  draft: Draft,
  routes: Route[],
  condition: Condition,
  directive: Directive,
  always?: string,
): void {
  for (const clause of condition) {
    if (clause.some(({ kind, not }) => kind === 'always' && not)) continue
    const tests = clause.filter(({ kind }) => kind !== 'always')
    const [only] = tests
    if (tests.length === 1 && only!.not && restrict(draft, routes, only!, directive)) continue
    const unknown = tests.filter(test => isUnknown(test))
    const scope = tests.filter(test => !isUnknown(test) && test.kind !== 'address')
    const addresses = tests.filter(({ kind, not }) => kind === 'address' && !not).flatMap(({ values }) => values)
    const allowed = tests.filter(({ kind, not }) => kind === 'address' && not)
    const why =
      always ?? (unknown.length === 0 ? undefined : `vigia can not test ${unknown.map(({ text }) => text).join(', ')}`)
    const hit = routesWithin(draft, routes, scope, addresses.length > 0 || allowed.length > 0)
    if (why !== undefined) {
      draft.note('unsafe', directive, why)
      for (const { route } of hit) todo(route, directive, `${why}; closed until you decide`)
    } else draft.note('differs', directive, 'vigia answers 403 to what is refused')
    for (const { route, globs } of hit) {
      if (scope.some(({ ignoresCase }) => ignoresCase)) draft.pools.get(route.pool)!.keys.paths = { ignoreCase: true }
      if (addresses.length === 0 && allowed.length === 0) {
        if (globs === undefined) close(route)
        else denyPaths(route, globs)
      } else if (
        globs !== undefined ||
        !limit(
          route,
          addresses,
          allowed.map(({ values }) => values),
        )
      ) {
        draft.unsafe(directive, 'vigia has one list of who gets in, and one of who does not, for each route', [])
        if (globs === undefined) close(route)
        else denyPaths(route, globs)
        todo(route, directive, 'closed until you decide who gets in')
      }
    }
  }
}

/**
 * The parts of routes that tests on host, path and method describe; new routes where it is a part.
 * @param byRoute paths get routes of their own where they can
 */
function routesWithin(
  draft: Draft,
  routes: Route[],
  scope: Clause,
  byRoute: boolean,
): { route: Route; globs?: readonly string[] }[] {
  const found: { route: Route; globs?: readonly string[] }[] = []
  for (const route of [...routes]) {
    let narrowed: readonly Match[] = [route.match]
    let globs: readonly string[] | undefined
    const neighbours: string[] = []
    for (const { kind, values, globs: own = [] } of scope) {
      if (kind === 'host') narrowed = narrowed.flatMap(match => narrowBy(match, 'host', values))
      else if (kind === 'method') narrowed = narrowed.flatMap(match => narrowBy(match, 'method', values))
      else if (kind !== 'path') continue
      else if (!byRoute || values.length === 0) globs = own.filter(glob => mayHold(route.match.path ?? '/', glob))
      else {
        narrowed = narrowed.flatMap(match => values.flatMap(value => narrowByPath(match, value)))
        neighbours.push(...values.filter(value => own.includes(`${value}*`)))
      }
    }
    if (narrowed.length === 0 || globs?.length === 0) continue
    for (const match of narrowed) {
      const isSame = JSON.stringify(match) === JSON.stringify(route.match)
      const target = isSame ? route : before(draft, routes, route, match)
      found.push(globs === undefined ? { route: target } : { route: target, globs })
    }
    // Afterwards: the copies have routes of their own for these paths.
    for (const path of neighbours) guardNeighbours([route], path)
  }
  return found
}

function narrowBy(match: Match, key: 'host' | 'method', values: readonly string[]): Match[] {
  const has = match[key]
  if (has === undefined) return [{ ...match, [key]: values }]
  const both = has.filter(each => values.includes(each))
  return both.length === has.length ? [match] : both.length === 0 ? [] : [{ ...match, [key]: both }]
}

function narrowByPath(match: Match, path: string): Match[] {
  const has = match.path ?? '/'
  return isBelow(has, path) ? [match] : isBelow(path, has) ? [{ ...match, path }] : []
}

/** A copy of a route that takes a part of what it takes. */
function before(draft: Draft, routes: Route[], route: Route, match: Match): Route {
  const copy: Route = { match, pool: route.pool, keys: structuredClone(route.keys), comments: [...route.comments] }
  draft.routes.splice(draft.routes.indexOf(route), 0, copy)
  routes.splice(routes.indexOf(route), 0, copy)
  return copy
}

/** Who is refused, and who is let in alone; false = the route has lists that don't go with it. */
function limit(route: Route, deny: readonly string[], allow: readonly (readonly string[])[]): boolean {
  const access = accessOf(route)
  if (allow.length > 1 || (allow.length === 1 && deny.length > 0)) return false
  if (deny.length > 0) access.deny = [...new Set([...(access.deny ?? []), ...deny])]
  const [only] = allow
  if (only === undefined) return true
  if (access.allow !== undefined && access.allow.join() !== only.join()) return false
  access.allow = [...only]
  return true
}

/** "Refuse all but these hosts" (or methods): routes take only these, and the rest has none. */
function restrict(draft: Draft, routes: Route[], { kind, values }: Test, directive: Directive): boolean {
  if ((kind !== 'host' && kind !== 'method') || values.length === 0) return false
  for (const route of [...routes]) {
    const [narrowed] = narrowBy(route.match, kind, values)
    if (narrowed === undefined) close(route)
    else route.match[kind] = narrowed[kind]!
  }
  draft.note('differs', directive, 'vigia has no route for the others, and answers 404')
  return true
}

function isUnknown({ kind, not, values, globs }: Test): boolean {
  if (kind === 'unknown' || kind === 'tls' || kind === 'port') return true
  if (kind === 'address') return values.length === 0
  return not || (kind === 'path' ? globs === undefined || globs.length === 0 : values.length === 0)
}

/** Whether two take the same requests, each on its listeners. */
export function sameButListener(a: Match, b: Match): boolean {
  return JSON.stringify({ ...a, listener: 0 }) === JSON.stringify({ ...b, listener: 0 })
}
