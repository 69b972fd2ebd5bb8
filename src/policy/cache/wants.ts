// What a request says to a cache: whether one may stand between it and its upstream at all, how old an answer may be (RFC 9111 5.2.1), and
// what of an answer the client has already (RFC 9110 13, 14).

import { FIELD } from '../../http/field-names.ts'
import type { Fields } from '../../http/fields.ts'
import { type Directives, directivesOf, secondsOf } from './directives.ts'

export interface Wants {
  /** Nothing of what is stored may answer it, nor may its answer be stored. */
  readonly isBypassed: boolean
  /** It brings credentials. */
  readonly isAuthorized: boolean
  /** Only an answer of the upstream, or one that it has confirmed. */
  readonly mustValidate: boolean
  readonly onlyIfCached: boolean
  /** Seconds; undefined = any. */
  readonly maxAgeS: number | undefined
  readonly minFreshS: number | undefined
  readonly ifNoneMatch: string | undefined
  readonly ifModifiedSince: string | undefined
  readonly ifRange: string | undefined
  readonly range: string | undefined
  /** It says nothing of ages, conditions or ranges, and brings no credentials: any answer that is fresh will do. */
  readonly isPlain: boolean
  /** What of a trusted proxy's word may bear on the answer, beside host and scheme; '' = nothing. */
  readonly told: string
}

/** Frameworks and servers read another host, path or method out of these: an answer to them may be one to something else. */
const OVERRIDES = new Set([
  'x-original-url',
  'x-rewrite-url',
  'x-original-host',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-method',
  'x-forwarded-server',
  'x-forwarded-scheme',
  'x-middleware-subrequest',
  'if-match',
  'if-unmodified-since',
  'client-cert',
])
const CREDENTIALS = new Set(['authorization', 'proxy-authorization', 'x-api-key', 'x-openerp-session-id'])
/** Of these the key of what is stored has its own. */
const KNOWN_FORWARDED = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])

/**
 * @param fields of the client's request
 * @param isTrusted whether what it says of X-Forwarded-* goes on
 * @param isAuthorized it has credentials beside its fields: a certificate
 */
export function wantsOf({ names, values, kinds }: Fields, isTrusted: boolean, isAuthorized = false): Wants {
  const said = new Map<string, string>()
  let isBypassed = false
  let told = ''
  for (let i = 0; i < names.length; i += 1) {
    if (kinds[i] === FIELD.cookie) continue
    const name = names[i]!.toLowerCase().replaceAll('_', '-')
    const value = values[i]!
    if (CREDENTIALS.has(name)) isAuthorized = true
    else if (OVERRIDES.has(name)) isBypassed = true
    else if (name.startsWith('x-forwarded-') && !KNOWN_FORWARDED.has(name) && isTrusted) told += `${name}:${value}\n`
    else if (READ.has(name)) {
      const before = said.get(name)
      said.set(name, before === undefined ? value : `${before}, ${value}`)
    }
  }
  const directives = directivesOf(said.get('cache-control'))
  const conditions = {
    ifNoneMatch: said.get('if-none-match'),
    ifModifiedSince: said.get('if-modified-since'),
    ifRange: said.get('if-range'),
    range: said.get('range'),
  }
  const ages = agesOf(directives, said.get('pragma'))
  const isPlain = said.size === 0 && !isBypassed && !isAuthorized
  isBypassed ||= directives.has('no-store')
  return { isBypassed, isAuthorized, ...ages, ...conditions, isPlain, told }
}

const READ = new Set(['cache-control', 'pragma', 'if-none-match', 'if-modified-since', 'if-range', 'range'])

function agesOf(
  directives: Directives,
  pragma: string | undefined,
): Pick<Wants, 'mustValidate' | 'onlyIfCached' | 'maxAgeS' | 'minFreshS'> {
  // RFC 9111 5.4: Pragma counts only where there is no Cache-Control.
  const byPragma = directives.size === 0 && pragma !== undefined && /\bno-cache\b/i.test(pragma)
  return {
    mustValidate: directives.has('no-cache') || byPragma,
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeS: secondsOf(directives, 'max-age'),
    minFreshS: secondsOf(directives, 'min-fresh'),
  }
}
