// Which finished exchanges get a line in the access log: a share of all, and always those that people look for afterwards. The share
// is drawn from the request id, not by chance: whoever logs the same request decides alike, and a line that is missing stays missing.

import type { LogSampling } from '../../plan/log.ts'

/** What decides about a line. */
export interface Loggable {
  readonly requestId: string
  /** 0 = the client got no answer. */
  readonly status: number
  readonly attempts: number
  /** How the exchange ended, in words. */
  readonly end: string
}

/** @param hash of the request id: 32 bits, evenly spread */
export function isLogged(
  { share, slowerThanMs, errors }: LogSampling,
  each: Loggable,
  totalMs: number,
  hash: (text: string) => number,
): boolean {
  if (totalMs > slowerThanMs) return true
  if (errors && isTrouble(each)) return true
  return hash(each.requestId) < share * 2 ** 32
}

/**
 * Something went wrong on the way, or nearly did: a retry made it good, the client got no answer, no whole one, or a 5xx. What a client
 * did wrong (4xx) is no trouble of the installation, and a planned window is none at all.
 */
export function isTrouble({ status, attempts, end }: Loggable): boolean {
  if (end === 'maintenance') return false
  if (attempts > 1 || status === 0 || status >= 500) return true
  switch (end) {
    case 'client left':
    case 'client stalls':
    case 'upstream cut':
    case 'buffer lost':
    case 'internal-error':
    case 'in-doubt':
      return true
    default:
      return false
  }
}
