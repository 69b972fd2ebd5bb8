// Which values of a configuration are secrets, and texts without them. For whatever shows a configuration: in doubt it is a secret.

/** What stands in the place of a secret. */
export const MASK = '***'

/** Names of keys that hold secrets, whatever they are for; a `...File` holds a path, which is none. */
const SECRET_NAME =
  /^keys$|(?:pass(?:word|wd|phrase)|pwd|secrets?|tokens?|credentials?|api[_-]?keys?|private[_-]?key|h?mac[_-]?key|signature|sha256|hash)$/i

/** Headers of requests whose values tell nobody anything. Any other may be a credential. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-type',
  'host',
  'user-agent',
  'x-forwarded-host',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-ssl',
  'x-frappe-site-name',
  'x-odoo-dbfilter',
  'x-script-name',
])

/** @param keys names from some part of the document, or of its snapshot, down to the value; positions in lists left out */
export function isSecretKey(keys: readonly string[]): boolean {
  const key = keys.at(-1) ?? ''
  if (keys.at(-2) === 'headers' && keys.at(-3) === 'health') return !HARMLESS_HEADERS.has(key.toLowerCase())
  // What upstreams are told may be a login; what clients are told is none.
  if (keys.at(-2) === 'set' && keys.at(-3) === 'request') return !HARMLESS_HEADERS.has(key.toLowerCase())
  // Who sends it passes a maintenance window.
  if (key === 'value' && keys.at(-2) === 'header') return true
  // From the hash of a token that somebody made up, the token could be guessed.
  if (key === 'hash' && keys.at(-2) === 'tokens') return true
  // What a probe sends may be a login.
  if (key === 'body' && keys.at(-2) === 'health') return true
  // Whoever sends this header passes a closed window.
  if (key === 'value' && keys.includes('bypass')) return true
  return SECRET_NAME.test(key)
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g
const USER_INFO = /(:\/\/)[^\s/?#@]*@/g
const QUERY = /^(?:[a-z][a-z0-9+.-]*:\/)?\/[^\s?#]*\?/i
const QUERY_VALUE = /([?&;][^=&;#]*=)[^&;#]*/g
const ASSIGNED =
  /((?:pass(?:word|wd|phrase)|\bpass|pwd|secret|token|credentials?|api[_-]?key|authorization|signature)["']?\s*[=:]\s*)(?:(?:basic|bearer|token|digest|session)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;&"'}]+)/gi

/** A text that is no secret as a whole, without those that it may have in it. */
export function withoutSecrets(text: string): string {
  const bare = text.replace(PRIVATE_KEY, MASK).replace(USER_INFO, `$1${MASK}@`)
  return (QUERY.test(bare) ? bare.replace(QUERY_VALUE, `$1${MASK}`) : bare).replace(ASSIGNED, `$1${MASK}`)
}
