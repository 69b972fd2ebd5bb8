// Decodes header blocks (RFC 7541). One for each direction of a connection: blocks refer to earlier ones, so each has to be decoded to its
// end, even where its request is refused.

import type { FaultCode } from '../../http/faults.ts'
import { FIELD } from '../../http/field-names.ts'
import type { HeadLimits } from '../../http/limits.ts'
import { DynamicTable } from './dynamic-table.ts'
import { type HeaderEntry, headerEntry, withValue } from './header-entry.ts'
import { decodeHuffman, HUFFMAN_GROWTH } from './huffman.ts'
import { STATIC_FIELDS } from './static-table.ts'

/** SETTINGS_HEADER_TABLE_SIZE, which vigia leaves as it is. */
const TABLE_BYTES = 4096
/** No integer of a block that makes sense is larger. */
const MOST_INTEGER = 0xff_ffff
/** The indexes of the static table; 0 stands for nothing. */
const STATIC: readonly (HeaderEntry | undefined)[] = [
  undefined,
  ...STATIC_FIELDS.map(([name, value]) => headerEntry(name, value)),
]
/** Texts up to this size are decoded into memory that all decoders share. */
const scratch = Buffer.allocUnsafeSlow(16_384)

export class HeaderDecoder {
  readonly #table = new DynamicTable(TABLE_BYTES)
  #block: Buffer = scratch
  #at = 0
  #end = 0
  /** The block is not valid: nothing behind this point can be read. */
  #broken = false

  /** The fields of the last block, as far as `count`. */
  readonly entries: HeaderEntry[] = []
  count = 0
  /** The last block has more than the limits allow; the fields up to there are in `entries`. */
  excess: FaultCode | undefined = undefined

  /** @returns false where the block is not valid: the connection has to end with COMPRESSION_ERROR */
  decode(block: Buffer, start: number, end: number, limits: HeadLimits): boolean {
    this.#block = block
    this.#at = start
    this.#end = end
    this.#broken = false
    this.count = 0
    this.excess = undefined
    let bytes = 0
    let fields = 0
    let cookies = 0
    let mayResize = true
    while (this.#at < this.#end) {
      const first = block[this.#at]!
      if ((first & 0xe0) === 0x20) {
        if (!mayResize || !this.#resize()) return false
        continue
      }
      mayResize = false
      const entry = first >= 0x80 ? this.#indexed() : this.#literal(first)
      if (this.#broken || entry === undefined) return false
      if (this.excess !== undefined) continue
      bytes += entry.headBytes
      if (entry.kind === FIELD.cookie) cookies = 1
      else if (entry.kind >= 0) fields += 1
      if (bytes > limits.headBytes) this.excess = 'head-too-large'
      else if (fields + cookies > limits.headerCount) this.excess = 'too-many-fields'
      else this.entries[this.count++] = entry
    }
    return true
  }

  /** A change of the table's size (RFC 7541 6.3), which must stand before the first field (4.2). */
  #resize(): boolean {
    const bytes = this.#integer(0x1f)
    if (this.#broken || bytes > TABLE_BYTES) return false
    this.#table.resize(bytes)
    return true
  }

  #indexed(): HeaderEntry | undefined {
    return this.#entryAt(this.#integer(0x7f))
  }

  #entryAt(index: number): HeaderEntry | undefined {
    if (index < STATIC.length) return STATIC[index]
    const at = index - STATIC.length
    return at < this.#table.count ? this.#table.at(at) : undefined
  }

  #literal(first: number): HeaderEntry | undefined {
    const isIndexed = first >= 0x40
    const index = this.#integer(isIndexed ? 0x3f : 0x0f)
    let entry: HeaderEntry
    if (index === 0) {
      const name = this.#text()
      entry = headerEntry(name, this.#text())
    } else {
      const named = this.#entryAt(index)
      if (named === undefined) return undefined
      entry = withValue(named, this.#text())
    }
    if (isIndexed && !this.#broken) this.#table.insert(entry)
    return entry
  }

  /** @param prefix all bits of the first byte that belong to it (RFC 7541 5.1) */
  #integer(prefix: number): number {
    const block = this.#block
    let value = block[this.#at]! & prefix
    this.#at += 1
    if (value < prefix) return value
    for (let shift = 0; this.#at < this.#end && shift < 28; shift += 7) {
      const byte = block[this.#at]!
      this.#at += 1
      value += (byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value <= MOST_INTEGER) return value
        break
      }
    }
    this.#broken = true
    return 0
  }

  /** A string literal (RFC 7541 5.2), one character a byte. */
  #text(): string {
    if (this.#broken || this.#at >= this.#end) {
      this.#broken = true
      return ''
    }
    const isHuffman = this.#block[this.#at]! >= 0x80
    const length = this.#integer(0x7f)
    const start = this.#at
    const end = start + length
    if (this.#broken || end > this.#end) {
      this.#broken = true
      return ''
    }
    this.#at = end
    if (!isHuffman) return this.#block.toString('latin1', start, end)
    const most = Math.ceil(length * HUFFMAN_GROWTH)
    const into = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most)
    const bytes = decodeHuffman(this.#block, start, end, into)
    if (bytes >= 0) return into.toString('latin1', 0, bytes)
    this.#broken = true
    return ''
  }
}
