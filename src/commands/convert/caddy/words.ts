// What is to be said of Caddy's directives that no code converts.

import type { Directive } from '../directive.ts'
import type { NoteKind } from '../draft.ts'

type Said = readonly [NoteKind, string]

const FILES = 'vigia serves no files: requests for them go to the upstreams'
const GROUPS: readonly (readonly [NoteKind, string, readonly string[]])[] = [
  ['unconverted', FILES, ['root', 'file_server', 'try_files', 'templates', 'browse', 'push']],
  [
    'unconverted',
    'vigia speaks HTTP to its upstreams, and no FastCGI: give it nginx, Apache or Caddy before PHP as the upstream',
    ['php_fastcgi'],
  ],
  ['unconverted', 'vigia passes on the path of a request as it is', ['uri', 'rewrite', 'method', 'vars', 'map']],
  [
    'unconverted',
    'vigia has pages of its own for what it answers itself',
    ['handle_errors', 'handle_response', 'intercept', 'replace_status'],
  ],
  ['unconverted', 'vigia says how it is on its admin listener', ['metrics', 'tracing']],
  ['unconverted', 'an import that can not be read', ['import']],
  [
    'differs',
    'vigia writes one JSON line for each request to standard output (accessLog), and its own log to standard error',
    ['log', 'log_skip', 'skip_log', 'log_append', 'log_name'],
  ],
  [
    'needless',
    'how Caddy itself runs',
    [
      'admin',
      'debug',
      'storage',
      'grace_period',
      'shutdown_delay',
      'persist_config',
      'servers',
      'protocols',
      'order',
      'local_certs',
      'skip_install_trust',
      'default_sni',
      'ocsp_stapling',
      'storage_clean_interval',
      'renew_interval',
      'key_type',
      'pki',
      'protocol',
      'timeouts',
      'strict_sni_host',
    ],
  ],
  [
    'unconverted',
    'see acme: http-01 or tls-alpn-01 of one CA',
    ['acme_dns', 'acme_eab', 'cert_issuer', 'on_demand_tls', 'preferred_chains', 'acme_server'],
  ],
  [
    'unsafe',
    'vigia does not decide by this',
    [
      'authorize',
      'authenticate',
      'jwtauth',
      'security',
      'authentication',
      'geoip',
      'maxmind_geolocation',
      'waf',
      'coraza_waf',
    ],
  ],
]

const SAID: ReadonlyMap<string, Said> = new Map(
  GROUPS.flatMap(([kind, message, names]) => names.map(name => [name, [kind, message]] as const)),
)

export function saidOf({ name }: Directive): Said | undefined {
  return SAID.get(name)
}
