// Addresses as a header has them: 4 or 16 bytes, and their text. IPv4 inside IPv6 (`::ffff:192.0.2.1`) reads as IPv4.

const GROUPS = 8

/** @param text a valid address in the spelling of `parseAddress` @returns 4 bytes, or 16 */
export function addressBytes(text: string): Buffer {
  return text.includes(':') ? ipv6Bytes(text) : Buffer.from(text.split('.').map(Number))
}

/** IPv4 in the form of IPv6 (RFC 4291 2.5.5.2). @param bytes 4 or 16 @returns 16 */
export function asIPv6(bytes: Buffer): Buffer {
  return bytes.length === 16 ? bytes : Buffer.concat([MAPPED, bytes])
}

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex')

/** @param bytes 4 or 16 */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.subarray(0, MAPPED.length).equals(MAPPED)) return bytes.subarray(MAPPED.length).join('.')
  return ipv6Text(bytes)
}

function ipv6Bytes(text: string): Buffer {
  const gap = text.indexOf('::')
  const left = groupsOf(gap === -1 ? text : text.slice(0, gap))
  const right = gap === -1 ? [] : groupsOf(text.slice(gap + 2))
  const bytes = Buffer.alloc(2 * GROUPS)
  for (const [i, group] of left.entries()) bytes.writeUInt16BE(group, 2 * i)
  for (const [i, group] of right.entries()) bytes.writeUInt16BE(group, 2 * (GROUPS - right.length + i))
  return bytes
}

function groupsOf(half: string): number[] {
  if (half === '') return []
  return half.split(':').flatMap(group => {
    if (!group.includes('.')) return Number.parseInt(group, 16)
    const [a, b, c, d] = group.split('.').map(Number) as [number, number, number, number]
    return [a * 256 + b, c * 256 + d]
  })
}

/** RFC 5952 4: the longest run of two or more groups of zeros, the first of several, becomes `::`. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: GROUPS }, (_, i) => bytes.readUInt16BE(2 * i))
  let best = { at: 0, length: 1 }
  for (let at = 0; at < GROUPS; at += 1) {
    let end = at
    while (end < GROUPS && groups[end] === 0) end += 1
    if (end - at > best.length) best = { at, length: end - at }
    at = Math.max(at, end - 1)
  }
  const text = groups.map(group => group.toString(16))
  if (best.length === 1) return text.join(':')
  return `${text.slice(0, best.at).join(':')}::${text.slice(best.at + best.length).join(':')}`
}
