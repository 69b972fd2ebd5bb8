// Under which key a client is counted: an IPv4 address as it is, an IPv6 address by its /64, for that is what one client is given:
// whoever has one address of it has all.

/** @param address in the spelling of `parseAddress`; what is no address is its own key */
export function clientKey(address: string): string {
  return address.includes(':') ? firstGroups(address) : address
}

const GROUPS_OF_64_BITS = 4
const GROUPS = 8

/** The first four groups of a valid IPv6 address, without leading zeros: `2001:db8:0:1`. */
function firstGroups(address: string): string {
  const gap = address.indexOf('::')
  const left = groupsOf(gap === -1 ? address : address.slice(0, gap))
  if (left.length < GROUPS_OF_64_BITS) {
    const right = groupsOf(address.slice(gap + 2))
    while (left.length + right.length < GROUPS) left.push('0')
    left.push(...right)
  }
  let key = ''
  for (let i = 0; i < GROUPS_OF_64_BITS; i += 1) key += `${i === 0 ? '' : ':'}${withoutZeros(left[i]!)}`
  return key
}

/** An IPv4 address at the end stands for two groups; which ones does not matter, for it never reaches into the first four. */
function groupsOf(half: string): string[] {
  if (half === '') return []
  const groups = half.split(':')
  if (half.includes('.')) groups.push('0')
  return groups
}

function withoutZeros(group: string): string {
  return group.length > 1 && group.startsWith('0') ? withoutZeros(group.slice(1)) : group
}
