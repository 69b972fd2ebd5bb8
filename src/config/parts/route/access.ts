// Who may use a route, and which of its paths nobody may. Ranges, and paths that say less than they seem to: a denial without effect
// would go unnoticed.

import { isIPv6 } from 'node:net'
import Type, { type Static } from 'typebox'
import type { AccessPlan } from '../../../plan/route.ts'
import { inRanges } from '../../../util/address-ranges.ts'
import { encodeAsSent, wrongInGlob } from '../../forms/http.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { checkRanges, isEveryone, isRange, range } from '../../forms/ranges.ts'
import { section, text } from '../../forms/schema-blocks.ts'
import { checkClientCertificate, clientCertificateSchema, compileClientCertificate } from './client-certificate.ts'

const RANGES = 'a list of at least one address or range such as 10.0.0.0/8'

export const accessSchema = section(
  {
    allow: Type.Optional(ranges('Only these clients; all others are answered 403. Default: every client.')),
    deny: Type.Optional(
      ranges('These clients are answered 403, even where `allow` has them: a denial goes first. Default: none.'),
    ),
    denyPaths: Type.Optional(
      Type.Array(text('a path such as /web/database*', 'A path; * stands for any characters, slashes too.'), {
        minItems: 1,
        title: 'a list of at least one path such as /web/database*',
        description:
          'Paths that are answered 403, whatever the client. The whole path is compared, in one spelling: case counts (but see `pools.*.paths` for IIS and SAP); the query is not looked at. A path is refused as soon as one way in which an upstream may read it is denied. Without a * only this very path is meant, nothing below it. Default: none.',
      }),
    ),
    clientCertificate: Type.Optional(
      clientCertificateSchema('Only clients with such a certificate; all others are answered 403.'),
    ),
  },
  'Who may use the route, by address as vigia believes it (`trustedProxies`) and by certificate, and which of its paths nobody may. It holds for every path that an upstream may read as one of this route (/x/..%2fadmin, /%61dmin;x), whichever route takes it, where both pools have an upstream on one host; what upstreams do beyond that, `pools.*.paths` says. A path that can be read in over 200 ways is answered 403. Default: everyone, all of it.',
)

function ranges(description: string) {
  return Type.Array(range(), {
    minItems: 1,
    title: RANGES,
    description,
  })
}

type AccessDocument = Static<typeof accessSchema>

/** @param prefix of the route's path, as `prefixKey` returns it @param asks see checkClientCertificate */
export function* checkAccess(
  access: AccessDocument | undefined,
  prefix: string,
  asks: boolean,
  at: Path,
): Iterable<Finding> {
  if (access === undefined) return
  const { allow, deny, denyPaths, clientCertificate } = access
  if ([allow, deny, denyPaths, clientCertificate].every(each => each === undefined)) {
    yield error(at, 'is empty: set allow, deny, denyPaths or clientCertificate, or remove it', 'key')
  }
  yield* checkRanges(allow ?? [], [...at, 'allow'])
  yield* checkRanges(deny ?? [], [...at, 'deny'])
  yield* checkAllow((allow ?? []).filter(isRange), (deny ?? []).filter(isRange), access, at)
  yield* checkClientCertificate(clientCertificate, asks, [...at, 'clientCertificate'])
  yield* checkDenyPaths(denyPaths ?? [], prefix, [...at, 'denyPaths'])
}

function* checkAllow(
  allow: readonly string[],
  deny: readonly string[],
  access: AccessDocument,
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
  return bitsOf(narrow) >= bitsOf(wide) && inRanges([wide])(addressOf(narrow))
}

/** Length of a range's prefix as if it were IPv6: an IPv4 address is its last 32 bits. */
function bitsOf(range: string): number {
  const bits = range.includes('/') ? Number(range.slice(range.indexOf('/') + 1)) : undefined
  return isIPv6(addressOf(range)) ? (bits ?? 128) : 96 + (bits ?? 32)
}

function addressOf(range: string): string {
  return range.split('/', 1)[0]!
}

export function compileAccess(access: AccessDocument | undefined): AccessPlan | undefined {
  return (
    access && {
      allow: access.allow ?? [],
      deny: access.deny ?? [],
      denyPaths: (access.denyPaths ?? []).map(encodeAsSent),
      clientCertificate: compileClientCertificate(access.clientCertificate),
    }
  )
}
