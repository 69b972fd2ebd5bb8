// Whether an address is in one of some ranges, or of this machine. It compares addresses; it never resolves a name.

import { BlockList, isIP, isIPv6 } from 'node:net'

/** Built once for each snapshot, asked for each request. @param ranges addresses and CIDR ranges, valid; none = no address is in them */
export function inRanges(ranges: readonly string[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const [address, prefix] = range.split('/') as [string, string | undefined]
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return address => {
    // A client that was gone before it was looked at has no address.
    const family = isIP(address)
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
  }
}

const isOfThisMachine = inRanges(['127.0.0.0/8', '::1'])

/** An address, or the name localhost, that nobody outside this machine reaches. */
export function isLoopback(host: string): boolean {
  return isIP(host) === 0 ? host.toLowerCase() === 'localhost' : isOfThisMachine(host)
}
