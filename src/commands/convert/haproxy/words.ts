// What is to be said of HAProxy's keywords that no code converts: by name, or by `option` and its first word.

import type { Directive } from '../directive.ts'
import type { NoteKind } from '../draft.ts'

type Said = readonly [NoteKind, string]

const GROUPS: readonly (readonly [NoteKind, string, readonly string[]])[] = [
  [
    'needless',
    'how HAProxy itself runs; vigia has no word of the kind',
    [
      ...[
        'daemon',
        'chroot',
        'user',
        'group',
        'uid',
        'gid',
        'pidfile',
        'nbproc',
        'nbthread',
        'cpu-map',
        'master-worker',
      ],
      ...[
        'maxconnrate',
        'maxsslconn',
        'maxsslrate',
        'maxpipes',
        'ulimit-n',
        'spread-checks',
        'hard-stop-after',
        'node',
      ],
      ...['description', 'ca-base', 'crt-base', 'stats', 'mode', 'localpeer', 'unix-bind', 'set-dumpable', 'fullconn'],
      ...['grace', 'backlog', 'id', 'enabled', 'hash-type', 'http-reuse', 'load-server-state-from-file', 'expose-fd'],
      ...['server-state-file', 'server-state-base', 'insecure-fork-wanted', 'h1-case-adjust', 'h1-case-adjust-file'],
      ...['bind-process', 'balance', 'strict-limits', 'busy-polling', 'noepoll', 'zero-warning', 'numa-cpu-mapping'],
      ...[
        'option httplog',
        'option tcplog',
        'option dontlognull',
        'option dontlog-normal',
        'option logasap',
        'log-tag',
      ],
      ...[
        'option log-separate-errors',
        'option log-health-checks',
        'option forwardfor',
        'option redispatch',
        'log-format',
      ],
      ...[
        'option socket-stats',
        'option splice-auto',
        'option splice-request',
        'option splice-response',
        'option http-use-htx',
      ],
      ...['option tcp-smart-accept', 'option tcp-smart-connect', 'option clitcpka', 'option srvtcpka', 'option tcpka'],
      ...['option http-keep-alive', 'option prefer-last-server', 'option http-server-close', 'option contstats'],
      ...['option httpclose', 'option forceclose', 'option http-no-delay', 'option nolinger', 'option checkcache'],
      ...[
        'option independent-streams',
        'option abortonclose',
        'option tcp-check',
        'option originalto',
        'option idle-close-on-response',
      ],
      ...['unique-id-format', 'unique-id-header', 'error-log-format', 'log-format-sd', 'declare', 'external-check'],
    ],
  ],
  [
    'needless',
    'vigia speaks what is safe today: TLS 1.2 and 1.3 with ECDHE and AEAD ciphers',
    [
      ...['ssl-default-bind-ciphers', 'ssl-default-bind-ciphersuites', 'ssl-default-bind-options', 'ssl-dh-param-file'],
      ...[
        'ssl-default-server-ciphers',
        'ssl-default-server-ciphersuites',
        'ssl-default-server-options',
        'tune.ssl.default-dh-param',
      ],
      ...['ssl-default-bind-curves', 'ssl-server-verify', 'ssl-engine', 'ssl-mode-async', 'ssl-load-extra-files'],
    ],
  ],
  [
    'differs',
    'vigia writes one JSON line for each request to standard output (accessLog), and its own log to standard error',
    ['log', 'log-steps', 'option log-proto'],
  ],
  [
    'differs',
    'vigia has pages of its own for what it answers itself',
    ['errorfile', 'errorfiles', 'errorloc', 'errorloc302', 'errorloc303', 'http-error', 'error-files'],
  ],
  [
    'differs',
    'vigia says how it is on a listener of its own: health: { address: HOST:PORT }, /healthz and /readyz',
    ['monitor-uri', 'monitor', 'monitor-net'],
  ],
  ['differs', 'vigia tells of its upstreams by webhook or log; see vigia events', ['email-alert', 'mailer', 'mailers']],
  [
    'unconverted',
    'vigia counts by client address: rateLimit of a route, limits.connectionsPerClient',
    ['stick-table', 'stick', 'tcp-request', 'http-request', 'http-after-response', 'peer', 'rate-limit'],
  ],
  [
    'unconverted',
    'vigia passes on answers as they come, but for `headers.response` of a route',
    ['http-response', 'rspadd', 'rspdel', 'rspirep', 'rsprep', 'rspidel', 'tcp-response'],
  ],
  [
    'unconverted',
    'this old form is not read: write it as http-request set-header',
    ['reqadd', 'reqdel', 'reqrep', 'reqirep', 'reqidel', 'reqset'],
  ],
  [
    'unsafe',
    'this old form is not read: write it as http-request deny',
    ['reqdeny', 'reqideny', 'reqtarpit', 'reqitarpit', 'reqallow', 'reqiallow', 'block', 'rspdeny', 'rspideny'],
  ],
  [
    'unconverted',
    'vigia runs no programs, filters or scripts',
    [
      'lua-load',
      'lua-load-per-thread',
      'filter',
      'program',
      'command',
      'use-fcgi-app',
      'fcgi-app',
      'wurfl-data-file',
      'deviceatlas-json-file',
    ],
  ],
  [
    'unconverted',
    'its requests are proven by listener, host, path and method in vigia',
    ['use_backend', 'redirect', 'use-server', 'acl', 'force-persist', 'ignore-persist', 'persist'],
  ],
  [
    'unconverted',
    'a cache is a matter of each route in vigia: `cache: { ttl: 1h }`',
    ['cache', 'total-max-size', 'max-object-size', 'max-age'],
  ],
  [
    'unconverted',
    'vigia stays with an upstream by its own cookie, by a cookie or header of the application, or by address: affinity',
    ['appsession', 'cookie', 'dynamic-cookie-key', 'option persist'],
  ],
  [
    'unconverted',
    'vigia probes with HTTP or TCP',
    [
      'option mysql-check',
      'option pgsql-check',
      'option redis-check',
      'option smtpchk',
      'option ldap-check',
      'option ssl-hello-chk',
      'option external-check',
      'option spop-check',
      'tcp-check',
      'http-check',
    ],
  ],
  [
    'needless',
    'vigia resolves host names as their TTL says; servers: see dns',
    ['resolve_retries', 'hold', 'nameserver', 'parse-resolv-conf', 'accepted_payload_size', 'resolution_pool_size'],
  ],
  [
    'unconverted',
    'holds for nothing that was converted',
    ['timeout', 'option httpchk', 'retries', 'server', 'bind', 'default_backend', 'compression', 'default-server'],
  ],
  [
    'differs',
    'vigia has its own limits: limits.connections, for each listener and worker',
    ['maxconn', 'rate-limit sessions'],
  ],
]

const SAID: ReadonlyMap<string, Said> = new Map(
  GROUPS.flatMap(([kind, message, names]) => names.map(name => [name, [kind, message]] as const)),
)

export function saidOf({ name, args }: Directive): Said | undefined {
  const plain = name === 'no' || name === 'default' ? (args[0] ?? '') : name
  const first = name === plain ? args[0] : args[1]
  if (plain.startsWith('tune.')) return ['needless', 'how HAProxy itself runs; vigia has no word of the kind']
  return SAID.get(`${plain} ${first}`) ?? SAID.get(plain)
}
