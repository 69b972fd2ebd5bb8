// To which addresses one thread connects for one upstream: what node:net and node:tls are given instead of a look-up, and what is learned
// of the addresses on the way. Nothing here asks a DNS server: control does (control/names).

import type { LookupFunction, Socket } from 'node:net'
import { isIP } from 'node:net'
import { AddressOrder } from '../policy/names/address-order.ts'
import { type AddressCells, type AddressList, NO_ADDRESSES } from './address-cells.ts'

/** Options of a connect; how TLS is spoken is said elsewhere. */
export type ConnectTarget =
  | { readonly host: string }
  | {
      readonly host: string
      readonly lookup: LookupFunction
      readonly autoSelectFamily: true
      readonly autoSelectFamilyAttemptTimeout: number
    }

/** A connect that has no answer for so long gives way to the next address, ms: RFC 8305 5. The last one has all the time there is. */
const ATTEMPT_MS = 250

export class UpstreamAddresses {
  readonly target: ConnectTarget
  readonly #slot: number
  readonly #cells: AddressCells | undefined
  readonly #order: AddressOrder
  #list: AddressList = NO_ADDRESSES
  #hasLost = false

  /** @param host an address, which is connected to as it is, or a name @param turn see AddressOrder */
  constructor(host: string, slot: number, table: { readonly addresses: AddressCells } | undefined, turn: number) {
    this.#slot = slot
    this.#order = new AddressOrder(turn)
    this.#cells = isIP(host) === 0 ? table?.addresses : undefined
    this.target =
      isIP(host) === 0
        ? { host, lookup: this.#lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_MS }
        : { host }
  }

  /** @returns whether the name has lost an address since this was last asked */
  takeLoss(): boolean {
    this.#refresh()
    const hasLost = this.#hasLost
    this.#hasLost = false
    return hasLost
  }

  /** Learns from the attempts of a socket that was just opened to `target`. */
  watch(socket: Socket): void {
    if (this.#order.addresses.length < 2) return
    socket.on('connectionAttemptFailed', this.#onFailed)
    socket.on('connectionAttemptTimeout', this.#onFailed)
  }

  #refresh(): void {
    const list = this.#cells?.read(this.#slot, this.#list) ?? this.#list
    if (list === this.#list) return
    this.#hasLost ||= this.#list.addresses.some(address => !list.addresses.includes(address))
    this.#list = list
    this.#order.replace(list.addresses)
  }

  readonly #onFailed = (address: string): void => this.#order.failed(address, performance.now())

  readonly #lookup: LookupFunction = (host, _options, told) => {
    this.#refresh()
    const order = this.#order.next(performance.now())
    if (order.length > 0)
      return told(
        null,
        order.map(address => ({ address, family: isIP(address) })),
      )
    told(Object.assign(new Error(`no address is known for ${host}`), { code: 'ENOTFOUND' }), [])
  }
}
