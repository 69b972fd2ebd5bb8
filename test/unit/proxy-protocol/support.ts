// Reads headers as a connection does, and builds headers of version 2 byte by byte, without the code that is tried.

import type { HeaderFault, ProxyHeader } from '../../../src/proxy-protocol/header.ts'
import { ProxyHeaderReader } from '../../../src/proxy-protocol/read.ts'

export interface Reading {
  /** Undefined = more is to come. */
  readonly result: ProxyHeader | HeaderFault | undefined
  /** What follows the header. */
  readonly rest: string
}

/** Pieces behind the end belong to whoever reads on. */
export function readPieces(pieces: readonly Buffer[]): Reading {
  const reader = new ProxyHeaderReader()
  for (const [i, piece] of pieces.entries()) {
    const result = reader.push(piece)
    if (result === undefined) continue
    if (typeof result === 'string') return { result, rest: '' }
    const rest = Buffer.concat([reader.rest, ...pieces.slice(i + 1)])
    return { result, rest: rest.toString('latin1') }
  }
  return { result: undefined, rest: '' }
}

export function read(bytes: string | Buffer): Reading {
  return readPieces([typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes])
}

/** @param commandAndFamily two bytes in hexadecimal, `2111` = PROXY, TCP over IPv4 @param block all behind the first 16 bytes */
export function v2(commandAndFamily: string, block: Buffer, length = block.length): Buffer {
  const head = Buffer.from(`0d0a0d0a000d0a515549540a${commandAndFamily}0000`, 'hex')
  head.writeUInt16BE(length, 14)
  return Buffer.concat([head, block])
}

/** 192.0.2.7:50000 to 198.51.100.1:443 */
export const IPV4_BLOCK = Buffer.from('c0000207c6336401c35001bb', 'hex')

export function tlv(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string, 'latin1')
  return Buffer.concat([Buffer.from([type, bytes.length >> 8, bytes.length & 0xff]), bytes])
}
