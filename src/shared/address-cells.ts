// The addresses of upstreams that are known by a name, by slot, in shared memory. Control writes, every worker reads. A reader that comes
// while a list is being written goes on with what it had (a sequence lock: the version is odd meanwhile).

import { MOST_ADDRESSES } from '../policy/names/name-state.ts'

/** The longest text of an IPv6 address is 45 characters, and a blank follows each. */
const LONGEST_TEXT = MOST_ADDRESSES * 46
const TEXT_INTS = LONGEST_TEXT / 4
const INTS_PER_SLOT = TEXT_INTS + 2

export const ADDRESS_BYTES_PER_SLOT = INTS_PER_SLOT * 4

/** What a slot holds. */
export interface AddressList {
  /** Another one for each list that was written; 0 = none was. */
  readonly version: number
  readonly addresses: readonly string[]
}

export const NO_ADDRESSES: AddressList = { version: 0, addresses: [] }

export class AddressCells {
  readonly #ints: Int32Array

  /** @param ints ADDRESS_BYTES_PER_SLOT for each slot */
  constructor(ints: Int32Array) {
    this.#ints = ints
  }

  /** Control only. @param addresses at most MOST_ADDRESSES, without a zone */
  set(slot: number, addresses: readonly string[]): void {
    const at = slot * INTS_PER_SLOT
    const text = Buffer.alloc(LONGEST_TEXT)
    const length = text.write(addresses.join(' '), 'latin1')
    Atomics.add(this.#ints, at, 1)
    Atomics.store(this.#ints, at + 1, length)
    for (let i = 0; i * 4 < length; i += 1) Atomics.store(this.#ints, at + 2 + i, text.readInt32LE(i * 4))
    Atomics.add(this.#ints, at, 1)
  }

  /** @param known what was read before @returns it, where nothing else can be read now */
  read(slot: number, known: AddressList): AddressList {
    const at = slot * INTS_PER_SLOT
    const version = Atomics.load(this.#ints, at)
    if (version === known.version || version % 2 !== 0) return known
    const length = Atomics.load(this.#ints, at + 1)
    const text = Buffer.alloc(LONGEST_TEXT)
    for (let i = 0; i * 4 < length; i += 1) text.writeInt32LE(Atomics.load(this.#ints, at + 2 + i), i * 4)
    if (Atomics.load(this.#ints, at) !== version) return known
    return { version, addresses: length === 0 ? [] : text.toString('latin1', 0, length).split(' ') }
  }
}
