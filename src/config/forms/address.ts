// Reads addresses, upstream urls and host names. Decides on their form only; it never resolves or connects.

import { isIP, isIPv6 } from 'node:net'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface UpstreamUrl extends Address {
  readonly tls: boolean
  /** host[:port] for the Host header; the scheme's own port is left out. */
  readonly authority: string
}

/** Which part was wrong, for a message that quotes nothing. */
export type Refused = { readonly wrong: string }

/** In people's words. */
export const ADDRESS_FORM = 'an address such as 127.0.0.1:8080, :8080 or [::1]:8080'

const EVERY_IPV4 = '0.0.0.0'
const LARGEST_PORT = 65_535

/** `host:port`, `:port` or `[IPv6]:port`. */
export function parseAddress(text: string): Address | Refused {
  const parts = /^(\[[^\]]*\]|[^:[\]]*):([0-9]{1,5})$/.exec(text)
  if (!parts)
    return { wrong: isIPv6(text) ? 'the port is missing; an IPv6 address goes in brackets' : 'it is not HOST:PORT' }
  const host = parts[1] === '' ? EVERY_IPV4 : hostOf(parts[1]!)
  if (host === undefined) return { wrong: 'the host is neither an IP address nor a host name' }
  const port = Number(parts[2])
  return port > LARGEST_PORT ? { wrong: `the port is larger than ${LARGEST_PORT}` } : { host, port }
}

/** `http://host[:port]` or `https://host[:port]`, with nothing after it but a slash. */
export function parseUpstreamUrl(text: string): UpstreamUrl | Refused {
  const parts = /^(https?):\/\/([^/?#]*)(.*)$/.exec(text)
  if (!parts) return { wrong: 'it does not begin with http:// or https://' }
  const tls = parts[1] === 'https'
  const place = parts[2]!
  if (place.includes('@')) return { wrong: 'it carries a user name or password, which vigia would not send' }
  if (parts[3] !== '' && parts[3] !== '/')
    return { wrong: 'it has a path or query; the path of a request is passed on as it is' }
  const ownPort = tls ? 443 : 80
  const address = parseAddress(/:[0-9]*$/.test(place.replace(/^\[[^\]]*\]/, '')) ? place : `${place}:${ownPort}`)
  if ('wrong' in address) return address
  if (place.startsWith(':') || place === '') return { wrong: 'the host is missing' }
  if (address.port === 0) return { wrong: 'the port is 0' }
  const name = isIPv6(address.host) ? `[${address.host}]` : address.host
  return { ...address, tls, authority: address.port === ownPort ? name : `${name}:${address.port}` }
}

/** A DNS name (underscores pass: container names have them); letters of any case. */
export function isHostName(text: string): boolean {
  if (text.length > 253 || /^[0-9.]+$/.test(text)) return false
  return text.split('.').every(label => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))
}

/** What a route may match: a host name, `*.` before one, or an IP address; brackets around an IPv6 one may be left out. */
export function isHostPattern(text: string): boolean {
  const name = text.startsWith('*.') ? text.slice(2) : text
  return isHostName(name) || isIPv6(text) || (name === text && hostOf(text) !== undefined)
}

function hostOf(text: string): string | undefined {
  if (text.startsWith('[')) return isIPv6(text.slice(1, -1)) ? text.slice(1, -1).toLowerCase() : undefined
  return isIP(text) === 4 || isHostName(text) ? text.toLowerCase() : undefined
}
