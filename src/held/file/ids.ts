// The id by which a sender asks for its request: its place in the order, encrypted with a key that only the file has (AES-128, one block
// with 64 bits of zeros). Who does not know one has to guess 128 bits, and no index of random ids has to be kept.

import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv } from 'node:crypto'

export const ID_KEY_BYTES = 16
const BLOCK = 16
const SPELLING = /^[\w-]{22}$/

export class HeldIds {
  readonly #cipher: Cipheriv
  readonly #decipher: Decipheriv

  /** @param key ID_KEY_BYTES random bytes */
  constructor(key: Uint8Array) {
    // Each block stands for itself, so that one cipher does for all.
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
    this.#decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  }

  of(seq: number): string {
    const block = Buffer.alloc(BLOCK)
    block.writeBigUInt64BE(BigInt(seq), BLOCK / 2)
    return this.#cipher.update(block).toString('base64url')
  }

  /** Undefined = it is none of this file. */
  seqOf(id: string): number | undefined {
    if (!SPELLING.test(id)) return undefined
    const bytes = Buffer.from(id, 'base64url')
    // The last character has bits to spare.
    if (bytes.toString('base64url') !== id) return undefined
    const block = this.#decipher.update(bytes)
    if (block.readBigUInt64BE(0) !== 0n) return undefined
    const seq = block.readBigUInt64BE(BLOCK / 2)
    return seq > 0n && seq <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seq) : undefined
  }
}
