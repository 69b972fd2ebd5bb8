// Reads the PROXY header at the beginning of a connection, of version 1 or 2, in whatever parts it comes. Strict: what does not match the
// specification exactly is refused, and nothing is guessed of a connection that begins otherwise.

import { parseAddress } from '../policy/request/client-address.ts'
import { addressBytes, addressText } from './addresses.ts'
import { type HeaderFault, NO_DETAILS, type ProxiedAddresses, type ProxyHeader } from './header.ts'
import { readTlvs } from './tlvs.ts'

/** Proxy-protocol.txt 2.2. */
export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
export const V2_HEAD_BYTES = 16
/** Of version 2, behind its first 16 bytes: the longest addresses (AF_UNIX), and 16 KiB of TLVs. */
const MOST_V2_BYTES = 216 + 16_384
/** 2.1: with its CRLF. */
const MOST_V1_BYTES = 107
const V1_BEGIN = Buffer.from('PROXY ')

/** Bytes of source and destination with their ports, by address family. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 36, 3: 216 }
const STREAM = 1
const DGRAM = 2

/** Of one connection. */
export class ProxyHeaderReader {
  readonly #held: Buffer[] = []
  #heldBytes = 0
  /** So many bytes are to be there before it is worth another look. */
  #needed = 1
  /** What follows the header, once it is complete; empty = nothing yet. */
  rest: Buffer = Buffer.alloc(0)

  /** Some of it has come. */
  get begun(): boolean {
    return this.#heldBytes > 0
  }

  /** @returns the header once it is complete, why the bytes are none, or undefined as long as more is to come */
  push(chunk: Buffer): ProxyHeader | HeaderFault | undefined {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes < this.#needed) return undefined
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held)
    const needed = bytesNeeded(bytes)
    if (typeof needed === 'string') return needed
    if (bytes.length < needed) {
      this.#needed = needed
      return undefined
    }
    this.rest = bytes.subarray(needed)
    const header = bytes.subarray(0, needed)
    return bytes[0] === V1_BEGIN[0] ? readV1(header.toString('latin1')) : readV2(header)
  }
}

/** How long the header is, as far as that is known: a lower bound, which is exact once so many bytes are there. */
function bytesNeeded(bytes: Buffer): number | HeaderFault {
  if (isBegun(bytes, V1_BEGIN)) {
    const end = bytes.subarray(0, MOST_V1_BYTES).indexOf('\r\n')
    if (end >= 0) return end + 2
    return bytes.length >= MOST_V1_BYTES ? 'too-long' : bytes.length + 1
  }
  if (!isBegun(bytes, SIGNATURE)) return 'no-header'
  // Byte by byte, so that what is no header is found out at its first wrong byte.
  if (bytes.length < V2_HEAD_BYTES) return bytes.length + 1
  const length = bytes.readUInt16BE(14)
  return length > MOST_V2_BYTES ? 'too-long' : V2_HEAD_BYTES + length
}

/** As far as both go. */
function isBegun(bytes: Buffer, sign: Buffer): boolean {
  const both = Math.min(bytes.length, sign.length)
  return bytes.compare(sign, 0, both, 0, both) === 0
}

const ADDRESSES = /^PROXY (TCP[46]) ([\da-fA-F:.]+) ([\da-fA-F:.]+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

/** @param line with its CRLF */
function readV1(line: string): ProxyHeader | HeaderFault {
  const text = line.slice(0, -2)
  if (text.includes('\r') || text.includes('\n')) return 'malformed'
  // 2.1: whatever follows is to be ignored.
  if (text === 'PROXY UNKNOWN' || text.startsWith('PROXY UNKNOWN ')) return withoutAddresses(1)
  const match = ADDRESSES.exec(text)
  if (match === null) return 'malformed'
  const [, family, from, to, fromPort, toPort] = match as unknown as [string, string, string, string, string, string]
  const source = addressOf(family, from)
  const destination = addressOf(family, to)
  const [sourcePort, destinationPort] = [Number(fromPort), Number(toPort)]
  if (source === undefined || destination === undefined) return 'malformed'
  if (sourcePort > 65_535 || destinationPort > 65_535) return 'malformed'
  const addresses = { source, sourcePort, destination, destinationPort }
  return { version: 1, addresses, details: NO_DETAILS }
}

function addressOf(family: string, text: string): string | undefined {
  // Brackets let nothing but IPv6 pass.
  const valid = parseAddress(family === 'TCP6' ? `[${text}]` : text)
  if (valid === undefined || family === 'TCP6') return valid && addressText(addressBytes(valid))
  return text.includes(':') ? undefined : valid
}

/** @param bytes the header, exactly */
function readV2(bytes: Buffer): ProxyHeader | HeaderFault {
  const command = bytes[12]!
  // LOCAL: all that follows is to be passed over.
  if (command === 0x20) return withoutAddresses(2)
  if (command !== 0x21) return 'malformed'
  const family = bytes[13]! >> 4
  const transport = bytes[13]! & 0x0f
  const addressBytes = ADDRESS_BYTES[family]
  if (addressBytes === undefined || transport > DGRAM) return 'malformed'
  // UNSPEC: what stands there has a form that nobody knows.
  if (family === 0 || transport === 0) return withoutAddresses(2)
  const tlvsAt = V2_HEAD_BYTES + addressBytes
  if (bytes.length < tlvsAt) return 'malformed'
  const details = readTlvs(bytes, tlvsAt)
  if (typeof details === 'string') return details
  const addresses = transport === STREAM && family !== 3 ? addressesOf(bytes, family === 1 ? 4 : 16) : undefined
  return { version: 2, addresses, details }
}

function addressesOf(bytes: Buffer, width: 4 | 16): ProxiedAddresses {
  const at = V2_HEAD_BYTES
  const ports = at + 2 * width
  return {
    source: addressText(bytes.subarray(at, at + width)),
    sourcePort: bytes.readUInt16BE(ports),
    destination: addressText(bytes.subarray(at + width, ports)),
    destinationPort: bytes.readUInt16BE(ports + 2),
  }
}

function withoutAddresses(version: 1 | 2): ProxyHeader {
  return { version, addresses: undefined, details: NO_DETAILS }
}
