// Encodes header blocks for tests in every form that RFC 7541 knows, with a dynamic table and the Huffman code. The program itself
// encodes without either.

import { HUFFMAN_LENGTHS } from '../../../src/http2/hpack/huffman.ts'
import { STATIC_FIELDS } from '../../../src/http2/hpack/static-table.ts'

export type Field = readonly [name: string, value: string]
/** How a field is written: by its index where it has one, to be remembered, not to be, never to be. */
export type Form = 'indexed' | 'remembered' | 'plain' | 'never'

export class BlockEncoder {
  /** The newest first. */
  #table: Field[] = []
  #mostBytes = 4096

  /** The update that the block has to begin with. */
  resize(bytes: number): Buffer {
    this.#mostBytes = bytes
    this.#evict(0)
    return integer(0x20, 0x1f, bytes)
  }

  block(fields: readonly Field[], form: Form = 'indexed', huffman = false): Buffer {
    return Buffer.concat(fields.map(field => this.field(field, form, huffman)))
  }

  field([name, value]: Field, form: Form, huffman: boolean): Buffer {
    const known: readonly Field[] = [...STATIC_FIELDS, ...this.#table]
    const whole = known.findIndex(each => each[0] === name && each[1] === value) + 1
    if (form === 'indexed' && whole > 0) return integer(0x80, 0x7f, whole)
    const named = known.findIndex(each => each[0] === name) + 1
    const remembers = form === 'indexed' || form === 'remembered'
    const start = remembers ? integer(0x40, 0x3f, named) : integer(form === 'never' ? 0x10 : 0, 0x0f, named)
    if (remembers) this.#remember([name, value])
    return Buffer.concat([start, ...(named === 0 ? [string(name, huffman)] : []), string(value, huffman)])
  }

  #remember(field: Field): void {
    this.#evict(bytesOf(field))
    if (bytesOf(field) <= this.#mostBytes) this.#table.unshift(field)
  }

  #evict(forBytes: number): void {
    while (this.#table.length > 0 && this.#table.reduce((sum, each) => sum + bytesOf(each), forBytes) > this.#mostBytes)
      this.#table.pop()
  }
}

const bytesOf = ([name, value]: Field): number => name.length + value.length + 32

/** RFC 7541 5.1. */
export function integer(first: number, prefix: number, value: number): Buffer {
  if (value < prefix) return Buffer.from([first | value])
  const bytes = [first | prefix]
  let rest = value - prefix
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

export function string(text: string, huffman: boolean): Buffer {
  const bytes = huffman ? huffmanCode(text) : Buffer.from(text, 'latin1')
  return Buffer.concat([integer(huffman ? 0x80 : 0, 0x7f, bytes.length), bytes])
}

/** The code of each byte as a text of 0 and 1. */
const CODES: readonly string[] = codes()

export function huffmanCode(text: string): Buffer {
  const bits = [...Buffer.from(text, 'latin1')].map(byte => CODES[byte]).join('')
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Buffer.from((padded.match(/.{8}/g) ?? []).map(byte => Number.parseInt(byte, 2)))
}

function codes(): string[] {
  const found: string[] = []
  let code = 0n
  let bits = 0
  const order = HUFFMAN_LENGTHS.map((length, symbol) => ({ length, symbol }))
  order.sort((a, b) => a.length - b.length || a.symbol - b.symbol)
  for (const { length, symbol } of order) {
    code <<= BigInt(length - bits)
    bits = length
    found[symbol] = code.toString(2).padStart(length, '0')
    code += 1n
  }
  return found
}
