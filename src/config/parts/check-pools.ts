// Cross-checks of pools: names, urls, balancing options, and upstreams that can never serve.

import { isHostName, parseUpstreamUrl } from '../address.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { ConfigDocument, PoolDocument, UpstreamDocument } from '../schema.ts'
import { checkAffinity, checkCookieNames } from './check-affinity.ts'
import { checkPoolFailover } from './check-failover.ts'
import { checkHealth } from './check-health.ts'
import { checkPoolOverload } from './check-overload.ts'
import { NAME_PATTERN, NAME_WORDS } from './schema-parts.ts'

const NAME = new RegExp(NAME_PATTERN)

export function* checkPools(config: ConfigDocument): Iterable<Finding> {
  const { pools } = config
  yield* checkCookieNames(config)
  if (Object.keys(pools).length === 0) yield error(['pools'], 'is empty, expected at least one pool')
  for (const [name, pool] of Object.entries(pools)) {
    const at = ['pools', name]
    if (!NAME.test(name)) yield error(at, `${quote(name)} is not valid here, expected ${NAME_WORDS}`, 'key')
    yield* checkBalance(pool.balance, [...at, 'balance'])
    if (typeof pool.health === 'object') yield* checkHealth(pool.health, [...at, 'health'])
    yield* checkPoolFailover(pool, at)
    yield* checkPoolOverload(pool, at)
    yield* checkAffinity(pool.affinity, [...at, 'affinity'])
    yield* checkUpstreams(pool.upstreams, [...at, 'upstreams'])
  }
}

function* checkBalance(balance: PoolDocument['balance'], at: Path): Iterable<Finding> {
  if (balance === undefined) return
  const { algorithm, key, boundedLoad } = typeof balance === 'string' ? { algorithm: balance } : balance
  if (algorithm === 'hash') {
    if (key === undefined) {
      yield error(at, 'hash needs a key: { algorithm: hash, key: address }, or key: header:NAME, or key: cookie:NAME')
    }
    return
  }
  const effective = algorithm ?? 'the default algorithm'
  if (key !== undefined) yield error([...at, 'key'], `only hash has a key, not ${effective}`, 'key')
  if (boundedLoad !== undefined)
    yield error([...at, 'boundedLoad'], `only hash has a bounded load, not ${effective}`, 'key')
}

function* checkUpstreams(upstreams: readonly UpstreamDocument[], at: Path): Iterable<Finding> {
  const names = new Map<string, number>()
  const places = new Map<string, string>()
  for (const [i, { name, url, tls }] of upstreams.entries()) {
    const first = names.get(name)
    if (first !== undefined)
      yield error([...at, i, 'name'], `${quote(name)} is the name of upstreams[${first}] already`)
    names.set(name, first ?? i)

    const parsed = parseUpstreamUrl(url)
    if ('wrong' in parsed) {
      yield error([...at, i, 'url'], `${parsed.wrong}, expected http://HOST:PORT or https://HOST:PORT`)
      continue
    }
    const place = `${parsed.host} ${parsed.port}`
    const twin = places.get(place)
    if (twin !== undefined)
      yield warning(
        [...at, i, 'url'],
        `the same address as upstream ${quote(twin)}: it gets a double share and two probes`,
      )
    places.set(place, twin ?? name)
    if (tls !== undefined && !parsed.tls)
      yield error([...at, i, 'tls'], 'TLS needs a url that begins with https://', 'key')
    if (tls?.serverName !== undefined && !isHostName(tls.serverName)) {
      yield error(
        [...at, i, 'tls', 'serverName'],
        `${quote(tls.serverName)} is not a host name, expected one such as erp.example.com`,
      )
    }
    if (tls?.verify === false)
      yield warning(
        [...at, i, 'tls', 'verify'],
        'the certificate is not verified: prefer caFile with your own authority',
      )
  }
  if (upstreams.every(({ weight }) => weight === 0)) {
    yield error(at, 'every upstream has weight 0: the pool could never serve a request', 'key')
  }
}
