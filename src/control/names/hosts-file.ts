// Reads a hosts file, hosts(5): an address, then names for it. Lines that are none of that are passed over, as the system does.

import { isIP, SocketAddress } from 'node:net'

/** Addresses by name, names in lower case. */
export type Hosts = ReadonlyMap<string, readonly string[]>

export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [written = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const address = addressOf(written)
    if (address === undefined) continue
    for (const name of names.map(each => each.toLowerCase().replace(/\.$/, ''))) {
      const known = hosts.get(name)
      if (known === undefined) hosts.set(name, [address])
      else if (!known.includes(address)) known.push(address)
    }
  }
  return hosts
}

/** As sockets write it; undefined where it is none, or counts on one link only (fe80::1%eth0). */
function addressOf(text: string): string | undefined {
  const family = isIP(text)
  if (family === 0 || text.includes('%')) return undefined
  return new SocketAddress({ address: text, family: family === 6 ? 'ipv6' : 'ipv4' }).address
}
