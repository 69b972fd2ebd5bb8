// Slows down who guesses tokens: after a few wrong ones an address has to wait before it may be wrong again. It counts failures; what a
// failure is, admin-access.ts decides.

import { clientKey } from '../../policy/request/client-key.ts'
import { nextArrivalMs, rateWaitMs, retryAfterS } from '../../policy/request/rate-limit.ts'
import { isLoopback } from '../../util/address-ranges.ts'

/** Five at once, then one every ten seconds. */
const LIMIT = { perSecond: 0.1, burst: 5 }
/** Addresses that are remembered; those that failed longest ago are forgotten first. */
const MOST_ADDRESSES = 10_000

export class FailedLogins {
  readonly #arrivals = new Map<string, number>()
  /** Pairs of address and token that were right before. */
  readonly #trusted = new Set<string>()
  #total = 0

  /** Since the start. */
  get total(): number {
    return this.#total
  }

  /** How long this address has to wait before it may be wrong again, seconds; 0 = it need not. */
  waitS(address: string, nowMs: number): number {
    const waitMs = rateWaitMs(this.#arrivals.get(clientKey(address)) ?? 0, nowMs, LIMIT)
    return waitMs === 0 ? 0 : retryAfterS(waitMs)
  }

  failed(address: string, nowMs: number): void {
    this.#total += 1
    const key = clientKey(address)
    const before = this.#arrivals.get(key) ?? 0
    if (rateWaitMs(before, nowMs, LIMIT) > 0) return
    this.#arrivals.delete(key)
    this.#arrivals.set(key, nextArrivalMs(before, nowMs, LIMIT))
    forgetOldest(this.#arrivals, MOST_ADDRESSES)
  }

  succeeded(address: string, token: string): void {
    this.#trusted.add(`${clientKey(address)} ${token}`)
    forgetOldest(this.#trusted, MOST_ADDRESSES)
  }

  /**
   * Whether a right token counts although its address has to wait: from this machine, and from an address where it was right before. Else a
   * script with an old token would lock out the people beside it in the middle of an incident.
   */
  mayPass(address: string, token: string): boolean {
    return isLoopback(address) || this.#trusted.has(`${clientKey(address)} ${token}`)
  }
}

function forgetOldest(
  known: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  most: number,
): void {
  if (known.size <= most) return
  const { value } = known.keys().next()
  if (value !== undefined) known.delete(value)
}
