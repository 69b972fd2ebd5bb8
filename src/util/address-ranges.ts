// Whether an address is in one of some ranges: built once for each snapshot, asked for each request. Decides nothing itself.

import { BlockList, isIP, isIPv6 } from 'node:net'

/** @param ranges addresses and CIDR ranges, valid; none = no address is in them */
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
