// The TLVs behind the addresses of a header of version 2 (proxy-protocol.txt 2.2.1 to 2.2.7): type (1 byte), length (2), value. Types that
// are not known are passed over; one that is known and malformed, or comes twice, refuses the header.

import { crc32c } from './crc32c.ts'
import type { HeaderFault, ProxyDetails, ProxySsl } from './header.ts'

const TYPE = { alpn: 0x01, authority: 0x02, crc32c: 0x03, uniqueId: 0x05, ssl: 0x20 } as const
const SSL_TYPE = { version: 0x21, commonName: 0x22 } as const
/** Bits of the first byte of the SSL TLV. */
export const CLIENT = { ssl: 0x01, certificateOnConnection: 0x02, certificateInSession: 0x04 } as const

export const TLV_HEAD_BYTES = 3
/** Client bits and the result of the verification. */
export const SSL_HEAD_BYTES = 5
const MOST_UNIQUE_ID_BYTES = 128
/** ALPN names are at most so long (RFC 7301 3.1); host names are shorter (RFC 1035 2.3.4). */
const MOST_NAME_BYTES = 255

export { SSL_TYPE, TYPE }

/** @param header whole @param from where its TLVs begin */
export function readTlvs(header: Buffer, from: number): ProxyDetails | HeaderFault {
  const values = split(header, from)
  if (values === undefined) return 'malformed'
  const alpn = values.get(TYPE.alpn)
  const authority = values.get(TYPE.authority)
  const uniqueId = values.get(TYPE.uniqueId)
  const sslValue = values.get(TYPE.ssl)
  const checksum = values.get(TYPE.crc32c)
  if (checksum !== undefined) {
    if (checksum.length !== 4) return 'malformed'
    if (!isIntact(header, checksum)) return 'bad-checksum'
  }
  if (isTooLong(alpn, MOST_NAME_BYTES) || isTooLong(authority, MOST_NAME_BYTES)) return 'malformed'
  if (isTooLong(uniqueId, MOST_UNIQUE_ID_BYTES)) return 'malformed'
  const ssl = sslValue && readSsl(sslValue)
  if (ssl === 'malformed') return ssl
  return {
    ...(alpn === undefined ? {} : { alpn: alpn.toString('latin1') }),
    ...(authority === undefined ? {} : { authority: authority.toString('utf8') }),
    // The bytes around it are the connection's.
    ...(uniqueId === undefined ? {} : { uniqueId: Buffer.from(uniqueId) }),
    ...(ssl === undefined ? {} : { ssl }),
  }
}

function readSsl(value: Buffer): ProxySsl | 'malformed' {
  if (value.length < SSL_HEAD_BYTES) return 'malformed'
  const inner = split(value, SSL_HEAD_BYTES)
  if (inner === undefined) return 'malformed'
  const version = inner.get(SSL_TYPE.version)
  const commonName = inner.get(SSL_TYPE.commonName)
  if (isTooLong(version, MOST_NAME_BYTES) || isTooLong(commonName, MOST_NAME_BYTES)) return 'malformed'
  const client = value[0]!
  const presented = (client & (CLIENT.certificateOnConnection | CLIENT.certificateInSession)) !== 0
  return {
    secure: (client & CLIENT.ssl) !== 0,
    verified: presented && value.readUInt32BE(1) === 0,
    ...(version === undefined ? {} : { version: version.toString('latin1') }),
    ...(commonName === undefined ? {} : { commonName: commonName.toString('utf8') }),
  }
}

/** Values by type; undefined = they don't fill the bytes exactly, or one of those that are read comes twice. */
function split(bytes: Buffer, from: number): Map<number, Buffer> | undefined {
  const values = new Map<number, Buffer>()
  let at = from
  while (at < bytes.length) {
    if (at + TLV_HEAD_BYTES > bytes.length) return undefined
    const type = bytes[at]!
    const end = at + TLV_HEAD_BYTES + bytes.readUInt16BE(at + 1)
    if (end > bytes.length) return undefined
    if (isRead(type)) {
      if (values.has(type)) return undefined
      values.set(type, bytes.subarray(at + TLV_HEAD_BYTES, end))
    }
    at = end
  }
  return values
}

const READ: ReadonlySet<number> = new Set([...Object.values(TYPE), ...Object.values(SSL_TYPE)])

function isRead(type: number): boolean {
  return READ.has(type)
}

function isTooLong(value: Buffer | undefined, most: number): boolean {
  return value !== undefined && (value.length === 0 || value.length > most)
}

/** 2.2.3: of the whole header, with zeros in the place of the checksum. @param checksum where it stands in the header */
function isIntact(header: Buffer, checksum: Buffer): boolean {
  const said = checksum.readUInt32BE(0)
  const at = checksum.byteOffset - header.byteOffset
  const blank = Buffer.from(header)
  blank.fill(0, at, at + 4)
  return crc32c(blank) === said
}
