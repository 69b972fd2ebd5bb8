// Reads DER (X.690), as far as certificates and revocation lists need it: one value after the other, and never beyond the bytes that
// there are.

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const

export class BadDer extends Error {}

/** The values of one constructed value, in order. Everything in here throws BadDer where the bytes say something else. */
export class DerReader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end
  }

  /** Tag of the next value; undefined = there is none. */
  get tag(): number | undefined {
    return this.isAtEnd ? undefined : this.#bytes[this.#at]
  }

  /** What the next value holds. @param tag that it must have; undefined = any */
  content(tag?: number): Buffer {
    return this.#next(tag).content
  }

  /** The next value with its tag and length. */
  whole(tag: number): Buffer {
    return this.#next(tag).whole
  }

  /** For the values within the next one. */
  within(tag: number): DerReader {
    return new DerReader(this.#next(tag).content)
  }

  /** Leaves the next value out where it has this tag. */
  skip(tag: number): void {
    if (this.tag === tag) this.#next(tag)
  }

  #next(tag: number | undefined): { readonly content: Buffer; readonly whole: Buffer } {
    const from = this.#at
    const found = this.#byte()
    if (tag !== undefined && found !== tag) throw new BadDer()
    let length = this.#byte()
    if (length >= 0x80) {
      // X.690 10.1: definite. Four bytes of a length are 4 GB.
      const count = length - 0x80
      if (count === 0 || count > 4) throw new BadDer()
      length = 0
      for (let i = 0; i < count; i += 1) length = length * 256 + this.#byte()
    }
    const start = this.#at
    if (length > this.#end - start) throw new BadDer()
    this.#at = start + length
    return { content: this.#bytes.subarray(start, this.#at), whole: this.#bytes.subarray(from, this.#at) }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new BadDer()
    const byte = this.#bytes[this.#at]!
    this.#at += 1
    return byte
  }
}
