// Writes the PROXY header that begins a connection to an upstream. What it says beyond the addresses stays small: Traffic Server takes no
// more than 81 bytes of TLVs, Apache 204, Varnish 376, nginx 996.

import { addressBytes, asIPv6 } from './addresses.ts'
import type { ProxiedAddresses, ProxyDetails, ProxySsl } from './header.ts'
import { SIGNATURE, V2_HEAD_BYTES } from './read.ts'
import { CLIENT, SSL_HEAD_BYTES, SSL_TYPE, TLV_HEAD_BYTES, TYPE } from './tlvs.ts'

export type ProxyVersion = 'v1' | 'v2'

/** Most bytes of TLVs; what does not fit is left out whole. */
export const MOST_TLV_BYTES = 80

/**
 * @param addresses undefined = nobody knows them
 * @param details version 1 has no place for them
 */
export function proxyHeader(
  version: ProxyVersion,
  addresses: ProxiedAddresses | undefined,
  details: ProxyDetails,
): Buffer {
  return version === 'v1' ? writeV1(addresses) : writeV2(addresses, details)
}

function writeV1(addresses: ProxiedAddresses | undefined): Buffer {
  if (addresses === undefined) return Buffer.from('PROXY UNKNOWN\r\n')
  const { source, destination, sourcePort, destinationPort } = addresses
  const isIPv4 = !source.includes(':') && !destination.includes(':')
  const [from, to] = isIPv4 ? [source, destination] : [inIPv6(source), inIPv6(destination)]
  return Buffer.from(`PROXY TCP${isIPv4 ? 4 : 6} ${from} ${to} ${sourcePort} ${destinationPort}\r\n`)
}

/** One header has one family. */
function inIPv6(address: string): string {
  return address.includes(':') ? address : `::ffff:${address}`
}

function writeV2(addresses: ProxiedAddresses | undefined, details: ProxyDetails): Buffer {
  const block = addresses === undefined ? Buffer.alloc(0) : addressBlock(addresses)
  // Where addresses are unknown, nobody knows where TLVs begin.
  const tlvs = addresses === undefined ? block : writeTlvs(details)
  const head = Buffer.alloc(V2_HEAD_BYTES)
  SIGNATURE.copy(head)
  head[12] = 0x21
  head[13] = block.length === 0 ? 0 : block.length === 12 ? 0x11 : 0x21
  head.writeUInt16BE(block.length + tlvs.length, 14)
  return Buffer.concat([head, block, tlvs])
}

function addressBlock({ source, destination, sourcePort, destinationPort }: ProxiedAddresses): Buffer {
  const own = [addressBytes(source), addressBytes(destination)]
  const both = own.every(({ length }) => length === 4) ? own : own.map(asIPv6)
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(sourcePort)
  ports.writeUInt16BE(destinationPort, 2)
  return Buffer.concat([...both, ports])
}

/** What matters most comes first. ALPN names the protocol of what follows: HTTP/1.1, whatever the client speaks. */
function writeTlvs({ ssl, authority, uniqueId }: ProxyDetails): Buffer {
  const wanted = [
    ssl && tlv(TYPE.ssl, sslValue(ssl)),
    authority && tlv(TYPE.authority, Buffer.from(authority)),
    uniqueId && tlv(TYPE.uniqueId, uniqueId),
  ]
  const tlvs: Buffer[] = []
  let left = MOST_TLV_BYTES
  for (const each of wanted) {
    if (!each || each.length > left) continue
    tlvs.push(each)
    left -= each.length
  }
  return Buffer.concat(tlvs)
}

function sslValue({ secure, verified, version, commonName }: ProxySsl): Buffer {
  const head = Buffer.alloc(SSL_HEAD_BYTES)
  head[0] = (secure ? CLIENT.ssl : 0) | (verified ? CLIENT.certificateOnConnection | CLIENT.certificateInSession : 0)
  head.writeUInt32BE(verified ? 0 : 1, 1)
  const inner = [
    version && tlv(SSL_TYPE.version, Buffer.from(version, 'latin1')),
    commonName && tlv(SSL_TYPE.commonName, Buffer.from(commonName)),
  ]
  return Buffer.concat([head, ...inner.filter(each => each !== undefined && each !== '')])
}

function tlv(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(TLV_HEAD_BYTES)
  head[0] = type
  head.writeUInt16BE(value.length, 1)
  return Buffer.concat([head, value])
}
