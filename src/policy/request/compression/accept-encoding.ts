// Which content coding a client likes best, of those that vigia has (RFC 9110 12.5.3).

import type { Coding } from '../../../plan/compression.ts'

export interface AcceptedCoding {
  /** Undefined = the client wants, or can read, none of them. */
  readonly coding: Coding | undefined
  /** It does not want the answer as it is (`identity;q=0`). */
  readonly refusesIdentity: boolean
}

const NOTHING_SAID: AcceptedCoding = { coding: undefined, refusesIdentity: false }
const WEIGHT = /^[\t ]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[\t ]*$/i

/**
 * @param accept value of Accept-Encoding; undefined = there is none: such clients can rarely decode anything
 * @param offered the first is taken of those that the client likes equally
 */
export function acceptedCoding(accept: string | undefined, offered: readonly Coding[]): AcceptedCoding {
  if (accept === undefined) return NOTHING_SAID
  const weights = weightsOf(accept)
  const others = weights.get('*')
  const identity = weights.get('identity') ?? others
  let coding: Coding | undefined
  let most = 0
  for (const each of offered) {
    const weight = weights.get(each) ?? others ?? 0
    if (weight > most) [coding, most] = [each, weight]
  }
  // What is not mentioned is acceptable, but liked less than anything that is.
  return { coding: most >= (identity ?? 0) ? coding : undefined, refusesIdentity: identity === 0 }
}

/** By name, lower case. Of one that is named twice the lower weight; a weight that can't be read is a no. */
function weightsOf(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const element of accept.split(',')) {
    const semicolon = element.indexOf(';')
    const said = (semicolon < 0 ? element : element.slice(0, semicolon)).trim().toLowerCase()
    if (said === '') continue
    // RFC 9110 8.4.1.3.
    const name = said === 'x-gzip' ? 'gzip' : said
    const weight = semicolon < 0 ? 1 : Number(WEIGHT.exec(element.slice(semicolon + 1))?.[1] ?? 0)
    weights.set(name, Math.min(weight, weights.get(name) ?? 1))
  }
  return weights
}
