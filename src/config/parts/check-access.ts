// Cross-checks of who may use a route: ranges, and paths that say less than they seem to. A denial without effect would go unnoticed.

import { BlockList, isIPv6 } from 'node:net'
import { prefixKey } from '../../policy/request/routing.ts'
import { isRange } from '../address.ts'
import { encodeAsSent, wrongInGlob } from '../http-words.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { RouteDocument } from '../schema.ts'

export const RANGE_FORM = 'expected one such as 10.1.2.3, 10.0.0.0/8 or fd00::/8'

export function* checkAccess({ access, match }: RouteDocument, at: Path): Iterable<Finding> {
  if (access === undefined) return
  const { allow, deny, denyPaths } = access
  if (allow === undefined && deny === undefined && denyPaths === undefined) {
    yield error(at, 'is empty: set allow, deny or denyPaths, or remove it', 'key')
  }
  yield* checkForm(allow ?? [], [...at, 'allow'])
  yield* checkForm(deny ?? [], [...at, 'deny'])
  yield* checkAllow((allow ?? []).filter(isRange), (deny ?? []).filter(isRange), access, at)
  yield* checkDenyPaths(denyPaths ?? [], prefixKey(match?.path ?? '/') ?? '', [...at, 'denyPaths'])
}

/** Whether a range is every address of its family. */
export function isEveryone(range: string): boolean {
  return /\/0+$/.test(range)
}

function* checkForm(ranges: readonly string[], at: Path): Iterable<Finding> {
  for (const [i, range] of ranges.entries()) {
    if (!isRange(range)) yield error([...at, i], `${quote(range)} is not an address or range, ${RANGE_FORM}`)
  }
}

function* checkAllow(
  allow: readonly string[],
  deny: readonly string[],
  access: NonNullable<RouteDocument['access']>,
  at: Path,
): Iterable<Finding> {
  for (const range of allow) {
    const path = [...at, 'allow', access.allow!.indexOf(range)]
    const denied = deny.find(wide => contains(wide, range))
    if (denied !== undefined) {
      yield error(
        path,
        `nobody of ${quote(range)} gets through: deny has ${quote(denied)}, and a denial goes first; remove that (allow alone refuses all others)`,
      )
    } else if (isEveryone(range)) {
      yield warning(path, 'allows everyone, as if allow were not there: name the clients, or remove it')
    }
  }
}

function* checkDenyPaths(paths: readonly string[], prefix: string, at: Path): Iterable<Finding> {
  for (const [i, path] of paths.entries()) {
    const wrong = wrongInGlob(path)
    if (wrong !== undefined) {
      yield error([...at, i], `${quote(path)} ${wrong}, expected a path such as /web/database*`)
    } else if (!canMatchBelow(encodeAsSent(path), prefix)) {
      yield warning([...at, i], `has no effect: the route takes only paths that begin with ${quote(prefix)}`)
    } else if (!path.includes('*') && !paths.some(other => deniesAllBelow(other, path))) {
      const folder = path.endsWith('/') ? path : `${path}/`
      yield warning(
        [...at, i],
        `denies this one path only, neither ${quote(folder)} nor what is below it: add ${quote(`${folder}*`)}`,
      )
    }
  }
}

/** Whether a path below `prefix` (as `prefixKey` returns it) can match the pattern. */
function canMatchBelow(pattern: string, prefix: string): boolean {
  const star = pattern.indexOf('*')
  const start = star === -1 ? pattern : pattern.slice(0, star)
  return start === prefix || start.startsWith(`${prefix}/`) || (star !== -1 && `${prefix}/`.startsWith(start))
}

function deniesAllBelow(pattern: string, path: string): boolean {
  const start = pattern.slice(0, -1)
  return pattern.endsWith('*') && !start.includes('*') && `${path.replace(/\/$/, '')}/`.startsWith(start)
}

function contains(wide: string, narrow: string): boolean {
  if (bitsOf(narrow) < bitsOf(wide)) return false
  const [address, prefix] = partsOf(wide)
  const list = new BlockList()
  if (prefix === undefined) list.addAddress(address, familyOf(address))
  else list.addSubnet(address, prefix, familyOf(address))
  const [inside] = partsOf(narrow)
  return list.check(inside, familyOf(inside))
}

/** Length of a range's prefix as if it were IPv6: an IPv4 address is its last 32 bits. */
function bitsOf(range: string): number {
  const [address, prefix] = partsOf(range)
  return isIPv6(address) ? (prefix ?? 128) : 96 + (prefix ?? 32)
}

function partsOf(range: string): readonly [address: string, prefix: number | undefined] {
  const [address = '', prefix] = range.split('/')
  return [address, prefix === undefined ? undefined : Number(prefix)]
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4'
}
