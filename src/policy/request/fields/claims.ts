// What a client must not claim, since upstreams take it for the word of a proxy: who the user is, which certificate he showed, how and from
// where he came, which path or site he means. A trusted proxy may.

import { FIELD, fieldOf } from '../../../http/field-names.ts'

/** Names as `foldedName` returns them, a `*` for the rest. Why each is here: docs/decisions/0065-what-a-client-must-not-claim.md. */
export const CLAIMS: readonly string[] = [
  // The user, as a proxy has found out.
  ...['remote-user', 'remote-name', 'remote-email', 'remote-group', 'remote-groups', 'x-remote-*'],
  ...['x-forwarded-*', 'x-auth-request-*', 'x-authenticated-*', 'x-webauth-*', 'x-proxy-user', 'x-user-dn'],
  ...['sm-user', 'iv-user', 'iv-groups', 'oam-remote-user'],
  // His certificate.
  ...['ssl-client-*', 'x-ssl-*', 'client-cert', 'client-cert-chain', 'x-client-cert*', 'x-client-dn'],
  ...['x-client-verify', 'x-arr-clientcert', 'x-amzn-mtls-*'],
  // His address.
  ...['remote-addr', 'client-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip'],
  // Scheme, path and site.
  ...['x-scheme', 'x-url-scheme', 'front-end-https', 'x-script-name', 'script-name', 'path-info'],
  ...['x-original-url', 'x-original-uri', 'x-original-host', 'x-rewrite-url', 'x-host', 'x-http-host-override'],
  ...['x-frappe-site-name', 'x-odoo-dbfilter', 'x-openerp-dbfilter'],
  // HTTP_PROXY of programs that CGI starts; which files a server may send.
  ...['proxy', 'x-sendfile-type', 'x-accel-mapping'],
]

/** What nearly every request brings, as browsers spell it: known to be no claim without a closer look. */
const USUAL = new Set(
  [
    ...['User-Agent', 'Accept-Encoding', 'Accept-Language', 'Referer', 'Origin', 'Cache-Control', 'Pragma', 'Priority'],
    ...[
      'DNT',
      'Sec-GPC',
      'If-None-Match',
      'If-Modified-Since',
      'Range',
      'X-Requested-With',
      'Upgrade-Insecure-Requests',
    ],
    ...['Sec-Fetch-Site', 'Sec-Fetch-Mode', 'Sec-Fetch-Dest', 'Sec-Fetch-User', 'Idempotency-Key', 'X-CSRF-Token'],
    ...['sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'X-Frappe-CSRF-Token', 'X-Openerp-Session-Id'],
  ].flatMap(name => [name, name.toLowerCase()]),
)
const CLAIM = new RegExp(`^(?:${CLAIMS.map(name => name.replace(/\*$/, '.*')).join('|')})$`, 'i')
/** vigia says some of these, and a client none. */
const FORWARDED = /^x-forwarded-/i
const FOLDED = /[^0-9A-Za-z-]/
const ALL_FOLDED = /[^0-9a-z-]/g

/**
 * One name for all that servers take for the same: in the environment of CGI, WSGI, PSGI and PHP, `X-Remote-User`, `X_Remote_User` and
 * `x.remote.user` are one variable.
 */
export function foldedName(name: string): string {
  return name.toLowerCase().replace(ALL_FOLDED, '-')
}

/**
 * What an end-to-end field is that vigia does not treat specially under its own name.
 * `imitation`: read so, it is one of those that it does, which not even a trusted proxy needs to spell so; `claim`: for trusted proxies only.
 */
export function claimOf(name: string): 'imitation' | 'claim' | undefined {
  if (USUAL.has(name)) return undefined
  if (!FOLDED.test(name)) return CLAIM.test(name) ? 'claim' : undefined
  const read = foldedName(name)
  if (fieldOf(read) !== FIELD.other || FORWARDED.test(read)) return 'imitation'
  return CLAIM.test(read) ? 'claim' : undefined
}
