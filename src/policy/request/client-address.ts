// Who the client is: walks X-Forwarded-For from right to left for as long as the hops are trusted proxies.
// Believes nothing that an untrusted hop wrote. Also spells elements of the Forwarded field (RFC 7239).

export interface ClientAddress {
  /** The first address, from the right, that is no trusted proxy; where all are trusted, the leftmost. */
  readonly address: string
  /** What goes into X-Forwarded-For towards the upstream: `address`, then the trusted hops up to the peer. */
  readonly chain: string
}

/** A longer chain is no real one; what is further left is ignored. */
const MAX_HOPS = 32

/**
 * @param peer address at the other end of the client's connection
 * @param forwardedFor value of X-Forwarded-For, several fields joined by commas; undefined = none
 */
export function resolveClient(
  peer: string,
  forwardedFor: string | undefined,
  isTrusted: (address: string) => boolean,
): ClientAddress {
  let address = parseAddress(peer) ?? peer
  let chain = address
  if (forwardedFor === undefined) return { address, chain }
  let end = forwardedFor.length
  for (let hop = 0; hop < MAX_HOPS && end >= 0 && isTrusted(address); hop += 1) {
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1)
    const next = parseAddress(forwardedFor.slice(comma + 1, end).trim())
    if (next === undefined) break
    address = next
    chain = `${next}, ${chain}`
    end = comma
  }
  return { address, chain }
}

/**
 * One element of Forwarded: `for="[2001:db8::1]";host="erp.example.com:8080";proto=https`.
 * @param client an address, or `unknown`
 * @param host the Host that the client asked for; empty = left out
 * @param by an address or an obfuscated name such as `_vigia`
 */
export function forwardedElement(client: string, host: string, proto: 'http' | 'https', by?: string): string {
  const start = by === undefined ? '' : `by=${forwardedNode(by)};`
  const middle = host === '' ? '' : `host=${quoteUnlessToken(host)};`
  return `${start}for=${forwardedNode(client)};${middle}proto=${proto}`
}

/**
 * An IP address in one spelling, or undefined where `text` is none: port, brackets and zone are taken off, letters
 * lowered, an IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is written as IPv4.
 */
export function parseAddress(text: string): string | undefined {
  if (text.length === 0 || text.length > 128) return undefined
  if (text.charCodeAt(0) === 0x5b) {
    const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)
    return bracketed === null ? undefined : parseIPv6(bracketed[1]!)
  }
  const colon = text.indexOf(':')
  if (colon === -1) return IPV4.test(text) ? text : undefined
  if (colon === text.lastIndexOf(':') && text.includes('.')) {
    const host = text.slice(0, colon)
    return IPV4.test(host) && /^\d{1,5}$/.test(text.slice(colon + 1)) ? host : undefined
  }
  return parseIPv6(text)
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
/** Only zeros before `ffff`; tried on valid addresses only. */
const IPV4_IN_IPV6 = /^[0:]+:ffff:(?:([\d.]+)|([\da-f]{1,4}):([\da-f]{1,4}))$/
const IPV6_GROUP = /^[\da-f]{1,4}$/

function parseIPv6(text: string): string | undefined {
  const zone = text.indexOf('%')
  const address = (zone === -1 ? text : text.slice(0, zone)).toLowerCase()
  if (!isIPv6(address)) return undefined
  const inner = IPV4_IN_IPV6.exec(address)
  if (inner === null) return address
  if (inner[1] !== undefined) return inner[1]
  const high = Number.parseInt(inner[2]!, 16)
  const low = Number.parseInt(inner[3]!, 16)
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}

function isIPv6(address: string): boolean {
  const halves = address.split('::')
  if (halves.length > 2) return false
  let groups = 0
  for (const [half, text] of halves.entries()) {
    if (text === '') continue
    const parts = text.split(':')
    for (const [at, part] of parts.entries()) {
      const isLast = half === halves.length - 1 && at === parts.length - 1
      if (IPV6_GROUP.test(part)) groups += 1
      else if (isLast && IPV4.test(part)) groups += 2
      else return false
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8
}

/** RFC 7239 6: an IPv6 address stands in brackets, and with them in quotes. */
function forwardedNode(node: string): string {
  const address = parseAddress(node) ?? node
  return address.includes(':') ? `"[${address}]"` : quoteUnlessToken(address)
}

function quoteUnlessToken(text: string): string {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}
