// Whether an answer may be stored for others, and for how long: RFC 9111 as http-cache-semantics judges it, and what vigia asks beyond that.
// An ERP's answers are mostly one user's own: in doubt nothing is stored.

import CachePolicy from 'http-cache-semantics'
import { NO_LENGTH } from '../../http/body.ts'
import { type Fields, fieldValue, fieldValues } from '../../http/fields.ts'
import type { ResponseHead } from '../../http/heads.ts'
import { directivesOf, secondsOf } from './directives.ts'
import { variesBy } from './variants.ts'

/** How an answer that is stored may be used. */
export interface Keep {
  /** How long it is fresh, and how old it was when it came, seconds. */
  readonly lifetimeS: number
  readonly ageS: number
  /** For how long beyond that the answer itself allows to use it: while it is validated, and after an error (RFC 5861). */
  readonly whileValidatedS: number
  readonly ifErrorS: number
  /** Never beyond that, whatever fails. */
  readonly mustRevalidate: boolean
  /** Never without asking its upstream. */
  readonly noCache: boolean
  /** It says that it is for everybody. */
  readonly isPublic: boolean
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  /** Names of the request's fields by which it was chosen. */
  readonly variesBy: readonly string[]
}

export interface Fetched {
  /** The request brought credentials. */
  readonly isAuthorized: boolean
  /** Every server reads its path in one way: no other page can have been taken for it. */
  readonly isOnePath: boolean
  /** From the request to the head of its answer, seconds. */
  readonly delayS: number
}

export type NotStored =
  | 'status'
  | 'cookie'
  | 'login'
  | 'varies'
  | 'length'
  | 'private'
  | 'authorized'
  | 'no-freshness'
  | 'no-validator'

/**
 * Whether an answer that is not stored means that what is stored is right no more. One to a request that brings something of its own
 * (credentials, another origin, no session yet) does not.
 */
export function replaces(status: number, why: NotStored): boolean {
  return status === 404 || status === 410 || (status < 400 && why === 'private')
}

/** Others mean an error, a part, or what nobody asks for twice. */
const STATUSES = new Set([200, 203, 301, 308, 404, 410])
const PERSONAL = ['www-authenticate', 'authentication-info', 'proxy-authentication-info']

let judgedAtMs = 0

/** Takes the time as it is told. */
class Judge extends CachePolicy {
  now(): number {
    return judgedAtMs
  }
}

/**
 * @param ttlS what the route says of answers with status 200 that say nothing of their freshness; undefined = they are not stored
 * @param nowMs epoch ms
 */
export function judgeStorage(
  { status, fields, length }: Pick<ResponseHead, 'status' | 'fields' | 'length'>,
  { isAuthorized, isOnePath, delayS }: Fetched,
  ttlS: number | undefined,
  nowMs: number,
): Keep | NotStored {
  if (!STATUSES.has(status)) return 'status'
  if (fieldValue(fields, 'set-cookie') !== undefined) return 'cookie'
  if (PERSONAL.some(name => fieldValue(fields, name) !== undefined)) return 'login'
  const names = variesBy(fieldValues(fields, 'vary'))
  if (names === undefined || reflectsOrigin(fields, names)) return 'varies'
  // Where only the end of the connection ends it, nobody knows whether all of it came (RFC 9111 3.3).
  if (length === NO_LENGTH) return 'length'
  const control = fieldValues(fields, 'cache-control')
  const directives = directivesOf(control)
  if (directives.has('no-store') || directives.has('private')) return 'private'
  const isPublic = directives.has('public')
  if (isAuthorized && !isPublic) return 'authorized'
  const expires = fieldValue(fields, 'expires')
  const isExplicit = directives.has('max-age') || directives.has('s-maxage') || expires !== undefined
  const noCache =
    directives.has('no-cache') || (control === undefined && /no-cache/i.test(fieldValue(fields, 'pragma') ?? ''))
  const own = status === 200 && isOnePath ? ttlS : undefined
  if (!isExplicit && own === undefined && !noCache) return 'no-freshness'
  judgedAtMs = nowMs
  const headers = { ...(isAuthorized && { authorization: '-' }) }
  const policy = new Judge({ headers }, { status, headers: headersFor(directives, expires, fields) }, OPTIONS)
  if (!policy.storable()) return 'private'
  const mustRevalidate = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  const lifetimeS = noCache ? 0 : isExplicit ? Math.max(0, policy.maxAge()) : own!
  const etag = fieldValue(fields, 'etag')
  const lastModified = fieldValue(fields, 'last-modified')
  const ageS = policy.age() + delayS
  // Its validator decides who gets it each time: then it must stand for the bytes, unless it is everybody's anyway.
  if (lifetimeS <= ageS && !(isPublic && (etag ?? lastModified) !== undefined) && !isStrong(etag)) return 'no-validator'
  return {
    lifetimeS,
    ageS,
    whileValidatedS: secondsOf(directives, 'stale-while-revalidate') ?? 0,
    ifErrorS: secondsOf(directives, 'stale-if-error') ?? 0,
    mustRevalidate,
    noCache,
    isPublic,
    etag,
    lastModified,
    variesBy: names,
  }
}

/** No heuristics; `immutable` says that it doesn't change, not for how long it is fresh. */
const OPTIONS = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 }

/** What the judge is told, in the one spelling that it reads. */
function headersFor(
  directives: ReadonlyMap<string, string>,
  expires: string | undefined,
  fields: Fields,
): Record<string, string> {
  const headers: Record<string, string> = {}
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined) headers[name] = value
  }
  const said = [...directives.keys()].filter(name => name !== 'proxy-revalidate')
  const seconds = (name: string) =>
    name === 'max-age' || name === 's-maxage' ? secondsOf(directives, name) : undefined
  put('cache-control', said.map(name => (seconds(name) === undefined ? name : `${name}=${seconds(name)}`)).join(', '))
  put('expires', expires)
  put('date', fieldValue(fields, 'date'))
  put('age', fieldValue(fields, 'age'))
  return headers
}

/** Who asked is told that only he may read it, and so would be everybody else. */
function reflectsOrigin(fields: Fields, names: readonly string[]): boolean {
  const allowed = fieldValue(fields, 'access-control-allow-origin')
  return allowed !== undefined && allowed !== '*' && !names.includes('origin')
}

function isStrong(etag: string | undefined): boolean {
  return etag?.startsWith('"') === true
}
