// Which route serves a request: listener, host, path, method. First match in the configuration's order wins,
// but the cost of finding it does not grow with the number of routes.

import type { RouteMatch } from '../../plan/route.ts'

/** Routes of one listener, indexed. Built once for each snapshot. */
export interface RouteTable {
  readonly exactHosts: ReadonlyMap<string, PathIndex>
  /** Key = what follows the `*` of a wildcard host, leading dot included. */
  readonly hostSuffixes: ReadonlyMap<string, PathIndex>
  readonly longestSuffix: number
  readonly anyHost: PathIndex
}

/** Routes of one host by path prefix, written without a trailing slash; `/` lives in `root`. */
interface PathIndex {
  readonly root: MethodIndex
  readonly prefixes: Map<string, MethodIndex>
  longestPrefix: number
}

/** Lowest route index for one host and prefix, for any method and for single ones. */
interface MethodIndex {
  any: number
  readonly byMethod: Map<string, number>
}

const NO_ROUTE = Number.MAX_SAFE_INTEGER

/**
 * Indexes the routes that `listener` serves; the numbers that `matchRoute` returns are indexes into `routes`.
 * @param takes which of the routes, by index @param spell the spelling of prefixes, where paths come in another one than `normalisePath`'s
 */
export function compileRoutes(
  routes: readonly RouteMatch[],
  listener: string,
  takes: (order: number) => boolean = () => true,
  spell: (prefix: string) => string = prefix => prefix,
): RouteTable {
  const exactHosts = new Map<string, PathIndex>()
  const hostSuffixes = new Map<string, PathIndex>()
  const anyHost = newPathIndex()
  let longestSuffix = 0
  for (const [order, route] of routes.entries()) {
    if (!takes(order) || (route.listeners.length > 0 && !route.listeners.includes(listener))) continue
    const key = prefixKey(route.path)
    if (key === undefined) continue
    const prefix = spell(key)
    if (route.hosts.length === 0) addRoute(anyHost, prefix, route, order)
    for (const host of route.hosts) {
      if (host.startsWith('*.')) {
        const suffix = host.slice(1)
        longestSuffix = Math.max(longestSuffix, suffix.length)
        addRoute(getOrAdd(hostSuffixes, suffix, newPathIndex), prefix, route, order)
      } else {
        addRoute(getOrAdd(exactHosts, host, newPathIndex), prefix, route, order)
      }
    }
  }
  return { exactHosts, hostSuffixes, longestSuffix, anyHost }
}

/**
 * Index of the first route that matches, or -1.
 * @param host lower-case, without port and without a trailing dot; empty where the client sent none
 * @param path as `normalisePath` returns it
 * @param method case-sensitive (RFC 9110 9.1)
 */
export function matchRoute(table: RouteTable, host: string, path: string, method: string): number {
  let best = firstInPaths(table.anyHost, path, method, NO_ROUTE)
  const exact = table.exactHosts.get(host)
  if (exact !== undefined) best = firstInPaths(exact, path, method, best)
  if (table.longestSuffix > 0) {
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      if (host.length - dot > table.longestSuffix) continue
      const wildcard = table.hostSuffixes.get(host.slice(dot))
      if (wildcard !== undefined) best = firstInPaths(wildcard, path, method, best)
    }
  }
  return best === NO_ROUTE ? -1 : best
}

/**
 * The path of an origin-form target, in one spelling, for matching only: the raw target is what is forwarded.
 * Cuts query and fragment, decodes percent-encoded unreserved characters (RFC 3986 6.2.2), merges slashes, resolves
 * dot segments. `*` (OPTIONS *) is returned as it is. Undefined where it climbs above the root, where it has an
 * encoded control character, or where it does not begin with a slash: answer 400.
 */
export function normalisePath(target: string): string | undefined {
  if (target.charCodeAt(0) !== SLASH) return target === '*' ? target : undefined
  let end = 0
  let plain = true
  for (; end < target.length; end += 1) {
    const code = target.charCodeAt(end)
    if (code === QUESTION_MARK || code === HASH) break
    if (code === PERCENT) plain = false
    else if (code === SLASH) {
      const next = target.charCodeAt(end + 1)
      if (next === SLASH || next === DOT) plain = false
    }
  }
  const path = end === target.length ? target : target.slice(0, end)
  return plain ? path : resolvePath(path)
}

/**
 * A configured prefix in the spelling of `normalisePath`, without a slash at its end; two prefixes are the same where
 * their keys are. People may write it unencoded: `/relatórios`, `/my files`. Undefined where no request can match it.
 */
export function prefixKey(path: string): string | undefined {
  return normalisePath(path.toWellFormed().replace(/[^\x21-\x7e]+/gu, encodeURIComponent))?.replace(/\/+$/, '')
}

const SLASH = 0x2f
const DOT = 0x2e
const PERCENT = 0x25
const QUESTION_MARK = 0x3f
const HASH = 0x23

function resolvePath(path: string): string | undefined {
  const decoded = path.replace(/%[0-9a-f]{2}/gi, decodeUnreserved)
  if (/%(?:[01][0-9A-F]|7F)/.test(decoded)) return undefined
  const kept: string[] = []
  let endsInSlash = false
  for (const segment of decoded.split('/')) {
    endsInSlash = segment === '' || segment === '.' || segment === '..'
    if (!endsInSlash) kept.push(segment)
    else if (segment === '..' && kept.pop() === undefined) return undefined
  }
  return `/${kept.join('/')}${endsInSlash && kept.length > 0 ? '/' : ''}`
}

/** `%2D` -> `-`, but `%2f` -> `%2F`: an encoded slash stays data, it does not separate segments. */
function decodeUnreserved(encoded: string): string {
  const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return /[A-Za-z0-9\-._~]/.test(char) ? char : encoded.toUpperCase()
}

function firstInPaths(index: PathIndex, path: string, method: string, best: number): number {
  let first = firstInMethods(index.root, method, best)
  let end = 0
  // Beyond the longest configured prefix nothing can match, so a long path costs no more than a short one.
  while (end !== -1 && end < path.length) {
    end = path.indexOf('/', end + 1)
    const length = end === -1 ? path.length : end
    if (length > index.longestPrefix) break
    const methods = index.prefixes.get(path.slice(0, length))
    if (methods !== undefined) first = firstInMethods(methods, method, first)
  }
  return first
}

function firstInMethods(index: MethodIndex, method: string, best: number): number {
  const any = Math.min(index.any, best)
  if (index.byMethod.size === 0) return any
  const own = index.byMethod.get(method)
  return own !== undefined && own < any ? own : any
}

function addRoute(index: PathIndex, prefix: string, route: RouteMatch, order: number): void {
  const methods = prefix === '' ? index.root : getOrAdd(index.prefixes, prefix, newMethodIndex)
  index.longestPrefix = Math.max(index.longestPrefix, prefix.length)
  if (route.methods.length === 0) methods.any = Math.min(methods.any, order)
  for (const method of route.methods) {
    if (!methods.byMethod.has(method)) methods.byMethod.set(method, order)
  }
}

function newPathIndex(): PathIndex {
  return { root: newMethodIndex(), prefixes: new Map(), longestPrefix: 0 }
}

function newMethodIndex(): MethodIndex {
  return { any: NO_ROUTE, byMethod: new Map() }
}

function getOrAdd<T>(map: Map<string, T>, key: string, create: () => T): T {
  let value = map.get(key)
  if (value === undefined) {
    value = create()
    map.set(key, value)
  }
  return value
}
