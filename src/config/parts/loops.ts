// Upstreams that are vigia itself: a request that goes to one of its own listeners, and from there to the same pool again, never ends.
// What goes around by other listeners or proxies is found when it happens (http/cdn-loop.ts).

import { isIPv4 } from 'node:net'
import { isLoopback } from '../../util/address-ranges.ts'
import { type Address, parseAddress, parseUpstreamUrl } from '../forms/address.ts'
import { type Finding, quote } from '../forms/problem.ts'
import type { ListenersDocument } from './listener.ts'
import type { PoolsDocument } from './pool/pool.ts'
import { type RoutesDocument, routeName } from './route/route.ts'

/**
 * @param ownAddresses of this machine's interfaces
 * @param severity `warning` at a start: the pool may have served all the same, by its other upstreams
 */
export function* checkLoops(
  listeners: ListenersDocument,
  routes: RoutesDocument,
  pools: PoolsDocument,
  ownAddresses: readonly string[],
  severity: Finding['severity'],
): Iterable<Finding> {
  const own = new Set(ownAddresses)
  for (const [pool, { upstreams }] of Object.entries(pools)) {
    for (const [i, { url }] of upstreams.entries()) {
      const upstream = parseUpstreamUrl(url)
      if ('wrong' in upstream) continue
      for (const { name, address } of listeners) {
        const listener = parseAddress(address)
        if ('wrong' in listener || !isReachedAt(listener, upstream, own)) continue
        const back = routes.findIndex(route => route.pool === pool && takesFrom(route, name))
        if (back < 0) continue
        const message = `this is vigia's own listener ${quote(name)}, and route ${quote(routeName(routes[back]!, back))} leads from there to this pool again: give the address of the node`
        yield { severity, path: ['pools', pool, 'upstreams', i, 'url'], at: 'value', message }
      }
    }
  }
}

function takesFrom({ match }: RoutesDocument[number], listener: string): boolean {
  const names = match?.listener
  return names === undefined || (typeof names === 'string' ? names === listener : names.includes(listener))
}

function isReachedAt(listener: Address, to: Address, own: ReadonlySet<string>): boolean {
  return listener.port === to.port && addressesOf(to.host).some(address => hears(listener.host, address, own))
}

function hears(listener: string, address: string, own: ReadonlySet<string>): boolean {
  const isEvery = listener === '::' || (listener === '0.0.0.0' && isIPv4(address))
  return isEvery ? isLoopback(address) || own.has(address) : addressesOf(listener).includes(address)
}

/** As connections are made. Names are not looked up. */
function addressesOf(host: string): readonly string[] {
  switch (host) {
    case 'localhost':
      return ['127.0.0.1', '::1']
    case '0.0.0.0':
      return ['127.0.0.1']
    case '::':
      return ['::1']
    default:
      return [host]
  }
}
