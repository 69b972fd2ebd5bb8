// `server` lines as upstreams, and what all of a backend say between them.

import { duration, timeMs } from '../amounts.ts'
import type { Directive } from '../directive.ts'
import { below, type Draft, type Pool, uniqueName } from '../draft.ts'

/** Words that take a value of their own. */
const WITH_VALUE: ReadonlySet<string> = new Set([
  ...[
    'weight',
    'maxconn',
    'inter',
    'fastinter',
    'downinter',
    'rise',
    'fall',
    'port',
    'addr',
    'cookie',
    'slowstart',
    'ca-file',
  ],
  ...[
    'crt',
    'sni',
    'verify',
    'verifyhost',
    'ciphers',
    'ciphersuites',
    'ssl-min-ver',
    'ssl-max-ver',
    'alpn',
    'proto',
    'npn',
  ],
  ...[
    'observe',
    'on-error',
    'on-marked-down',
    'on-marked-up',
    'error-limit',
    'minconn',
    'maxqueue',
    'resolvers',
    'init-addr',
  ],
  ...[
    'resolve-prefer',
    'resolve-net',
    'resolve-opts',
    'source',
    'track',
    'redir',
    'id',
    'pool-max-conn',
    'pool-low-conn',
  ],
  ...[
    'pool-purge-delay',
    'max-reuse',
    'tfo-options',
    'namespace',
    'check-sni',
    'check-alpn',
    'check-proto',
    'agent-addr',
  ],
  ...[
    'agent-port',
    'agent-inter',
    'agent-send',
    'proxy-v2-options',
    'log-proto',
    'tcp-ut',
    'socks4',
    'curves',
    'ws',
    'crl-file',
  ],
])
const NEEDLESS: ReadonlySet<string> = new Set([
  ...[
    'check',
    'no-check',
    'check-ssl',
    'no-check-ssl',
    'enabled',
    'alpn',
    'proto',
    'ciphers',
    'ciphersuites',
    'id',
    'init-addr',
  ],
  ...[
    'resolvers',
    'resolve-prefer',
    'resolve-net',
    'resolve-opts',
    'ssl-min-ver',
    'ssl-max-ver',
    'pool-max-conn',
    'max-reuse',
  ],
  ...[
    'pool-low-conn',
    'pool-purge-delay',
    'tfo',
    'no-tls-tickets',
    'force-tlsv12',
    'no-sslv3',
    'no-tlsv10',
    'no-tlsv11',
    'check-sni',
  ],
  ...[
    'check-alpn',
    'check-proto',
    'stick',
    'non-stick',
    'no-ssl-reuse',
    'fastinter',
    'downinter',
    'curves',
    'tcp-ut',
    'npn',
    'ws',
  ],
  ...[
    'on-marked-down',
    'minconn',
    'cookie',
    'error-limit',
    'check-send-proxy',
    'allow-0rtt',
    'no-verifyhost',
    'verifyhost',
  ],
])

export function optionsOf(words: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!
    if (WITH_VALUE.has(word)) found.set(word, words[++at] ?? '')
    else found.set(word, '')
  }
  return found
}

/** @param defaults of `default-server` lines @param standby its priority, where it is a backup @returns its options; undefined = left out */
export function addServer(
  draft: Draft,
  pool: Pool,
  server: Directive,
  defaults: ReadonlyMap<string, string>,
  standby: number,
): ReadonlyMap<string, string> | undefined {
  server.used = true
  const [name = '', address = '', ...rest] = server.args
  const options = new Map([...defaults, ...optionsOf(rest)])
  const [, host, port] = /^(?:ipv[46]@)?(\[[^\]]+\]|[^:@/]+|[0-9a-fA-F]*:[0-9a-fA-F:]+):(\d+)$/.exec(address) ?? []
  if (host === undefined) {
    draft.note('unconverted', server, 'vigia needs HOST:PORT of an upstream')
    return undefined
  }
  const isTls = options.has('ssl')
  const plain = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const taken = new Set(pool.upstreams.map(({ keys }) => String(keys.name)))
  const keys: Record<string, unknown> = {
    name: uniqueName(name, taken),
    url: `${isTls ? 'https' : 'http'}://${plain}:${port}`,
  }
  if (options.has('weight')) keys.weight = Number(options.get('weight'))
  if (options.has('disabled')) keys.weight = 0
  if (options.has('backup')) keys.priority = standby
  const most = Number(options.get('maxconn') ?? 0)
  if (most > 0) keys.maxConnections = most
  if (isTls) tlsKeys(draft, server, options, keys)
  for (const word of options.keys()) sayOf(draft, server, word, options)
  pool.upstreams.push({ keys, comments: [] })
  return options
}

function tlsKeys(
  draft: Draft,
  server: Directive,
  options: ReadonlyMap<string, string>,
  keys: Record<string, unknown>,
): void {
  const tls = below(keys, 'tls')
  const authority = options.get('ca-file')
  if (authority !== undefined && authority !== '@system-ca') tls.caFile = authority
  const name = /^str\(([\w.-]+)\)$/.exec(options.get('sni') ?? '')?.[1] ?? options.get('verifyhost')
  if (name !== undefined) tls.serverName = name
  if (options.get('verify') === 'none') tls.verify = false
  if (options.has('sni') && name === undefined)
    draft.note('differs', server, 'vigia asks for the host of the url (SNI): tls: { serverName: NAME }')
  if (options.has('crt')) draft.note('unconverted', server, 'vigia shows its upstreams no certificate of its own')
  if (Object.keys(tls).length === 0) delete keys.tls
}

const HANDLED: ReadonlySet<string> = new Set([
  ...[
    'weight',
    'disabled',
    'backup',
    'maxconn',
    'ssl',
    'ca-file',
    'sni',
    'verify',
    'crt',
    'inter',
    'rise',
    'fall',
    'slowstart',
  ],
  ...['send-proxy', 'send-proxy-v2', 'proxy-v2-options', 'observe', 'on-error'],
])

function sayOf(draft: Draft, server: Directive, word: string, options: ReadonlyMap<string, string>): void {
  if (HANDLED.has(word) || NEEDLESS.has(word)) return
  if (word === 'port' || word === 'addr')
    draft.note('unconverted', server, `vigia probes where requests go: ${word} ${options.get(word)} is left out`)
  else draft.note('unconverted', server, `${word}: vigia has nothing of the kind for an upstream`)
}

/** Keys of the pool that all its servers say alike, or of which the first counts. */
export function poolKeysOf(
  draft: Draft,
  pool: Pool,
  all: readonly ReadonlyMap<string, string>[],
  server: Directive,
): Record<string, unknown> {
  const [first] = all
  const probe: Record<string, unknown> = {}
  if (first === undefined) return probe
  const interval = timeMs(first.get('inter') ?? '', 1)
  if (interval !== undefined && interval !== 2000) probe.interval = duration(interval)
  if (Number(first.get('rise') ?? 2) !== 2) probe.rise = Number(first.get('rise'))
  if (Number(first.get('fall') ?? 3) !== 3) probe.fall = Number(first.get('fall'))
  const slow = timeMs(first.get('slowstart') ?? '', 1)
  if (slow !== undefined && slow > 0) pool.keys.slowStart = duration(slow)
  if (all.some(each => each.has('send-proxy') || each.has('send-proxy-v2')))
    pool.keys.proxyProtocol = all.some(each => each.has('send-proxy')) ? 'v1' : 'v2'
  for (const word of ['inter', 'rise', 'fall', 'slowstart', 'send-proxy', 'send-proxy-v2']) {
    if (new Set(all.map(each => each.get(word))).size > 1)
      draft.note(
        'differs',
        server,
        `${word} is one for all upstreams of a pool in vigia: that of the first server counts`,
      )
  }
  if (all.some(each => each.has('observe')))
    draft.note(
      'differs',
      server,
      'vigia takes out an upstream after 5 failed requests in a row (outlier), also without observe',
    )
  return probe
}
