// How the names of upstreams are resolved: which servers are asked, how patiently, and how long an answer counts.

import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'
import type { DnsPlan } from '../../plan/dns.ts'
import { parseAddress } from '../forms/address.ts'
import { error, type Finding, quote } from '../forms/problem.ts'
import { duration, section, text } from '../forms/schema-blocks.ts'
import { parseDuration } from '../forms/units.ts'

const DEFAULTS = { minTtl: '1s', maxTtl: '5m' } as const
const SERVER_FORM = 'an address such as 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:5353'

export const dnsSchema = section(
  {
    servers: Type.Optional(
      Type.Array(text(SERVER_FORM, 'Address of a DNS server; default port: 53.'), {
        minItems: 1,
        maxItems: 8,
        title: 'a list of one to eight addresses',
        description:
          'DNS servers to ask; each is asked when those before it do not answer. Default: those of /etc/resolv.conf, whose changes take effect at once.',
      }),
    ),
    timeout: Type.Optional(
      duration(
        'Duration. How long one try on one server waits for an answer. Default: `options timeout` of /etc/resolv.conf, or 1s; `options attempts` says how many tries there are, or 2.',
        undefined,
      ),
    ),
    minTtl: Type.Optional(
      duration(
        'Duration. An answer counts for at least this long, even where its TTL is shorter. Effect: the most often that a name is asked for.',
        DEFAULTS.minTtl,
      ),
    ),
    maxTtl: Type.Optional(
      duration(
        'Duration. An answer counts for at most this long, even where its TTL is longer. Effect: how late another address of a name is seen at most.',
        DEFAULTS.maxTtl,
      ),
    ),
  },
  'How host names in the urls of upstreams are resolved. /etc/hosts goes first (its changes take effect at once), then `localhost`, then DNS with `search` and `ndots` of /etc/resolv.conf; other sources of nsswitch.conf (mDNS, LDAP, WINS) are not asked. A name is asked for once for all workers, never while a request waits; while DNS is away its last addresses stay in use. An upstream whose name has no address is out, and says why. Of several addresses (at most 16) connections take one after the other, and one on which a connect has failed last.',
)

type DnsDocument = Static<typeof dnsSchema>

export function* checkDns({ servers = [], minTtl, maxTtl }: DnsDocument = {}): Iterable<Finding> {
  for (const [i, server] of servers.entries()) {
    if (!isServer(server))
      yield error(['dns', 'servers', i], `${quote(server)} is not an address, expected ${SERVER_FORM}`)
  }
  const least = minTtl ?? DEFAULTS.minTtl
  const most = maxTtl ?? DEFAULTS.maxTtl
  if (parseDuration(least)! > parseDuration(most)!)
    yield error(
      ['dns', minTtl === undefined ? 'maxTtl' : 'minTtl'],
      `minTtl (${least}) is longer than maxTtl (${most})`,
    )
}

/** A name would have to be resolved first. Of an address with a zone c-ares asks none: see findings/dns-server-zone-is-dropped.sh. */
function isServer(text: string): boolean {
  if (text.includes('%')) return false
  if (isIP(text) !== 0) return true
  const address = parseAddress(text)
  return !('wrong' in address) && isIP(address.host) !== 0 && address.port !== 0 && !text.startsWith(':')
}

export function compileDns({ servers, timeout, minTtl, maxTtl }: DnsDocument = {}): DnsPlan {
  return {
    servers,
    timeoutMs: timeout === undefined ? undefined : parseDuration(timeout)!,
    minTtlMs: parseDuration(minTtl ?? DEFAULTS.minTtl)!,
    maxTtlMs: parseDuration(maxTtl ?? DEFAULTS.maxTtl)!,
  }
}
