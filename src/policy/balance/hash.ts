// Hash: the same key goes to the same upstream (weighted rendezvous hashing by upstream name, so that an upstream that
// comes or goes moves only its own keys), unless that one carries much more than its share (bounded load).

import type { Balancer, BalanceView } from './balancer.ts'

export class Hash implements Balancer {
  readonly #boundedLoad: number
  /** Hash of each upstream's name. */
  readonly #seeds: Int32Array
  /** Scratch: exchanges in flight. */
  readonly #inFlight: Float64Array

  /** @param boundedLoad most in flight on an upstream, as a multiple of its share of all; Infinity = no bound */
  constructor(names: readonly string[], boundedLoad: number) {
    // From 1 on, the upstreams together always have room for one more.
    this.#boundedLoad = Math.max(1, boundedLoad)
    this.#seeds = Int32Array.from(names, hashKey)
    this.#inFlight = new Float64Array(names.length)
  }

  pick(view: BalanceView, key: number): number {
    const { size, weights } = view
    const inFlight = this.#inFlight
    let totalWeight = 0
    let totalInFlight = 0
    let firstWeight = 0
    let equal = true
    for (let index = 0; index < size; index += 1) {
      const weight = weights[index]!
      if (weight <= 0) continue
      if (firstWeight === 0) firstWeight = weight
      else if (weight !== firstWeight) equal = false
      const own = view.inFlight(index)
      inFlight[index] = own
      totalWeight += weight
      totalInFlight += own
    }
    if (totalWeight === 0) return -1
    const allowedPerWeight = (this.#boundedLoad * (totalInFlight + 1)) / totalWeight
    let best = -1
    let bestScore = 0
    for (let index = 0; index < size; index += 1) {
      const weight = weights[index]!
      if (weight <= 0) continue
      const draw = mix(key ^ this.#seeds[index]!)
      // -1/ln(u) grows with u: so the ranking by `draw` is that of equal weights, and a change of one weight moves few keys.
      const score = equal ? draw + 1 : -weight / Math.log((draw + 0.5) / 2 ** 32)
      // In flight without this request: so a share of less than one, as in a quiet pool, still allows one.
      if (score > bestScore && inFlight[index]! < allowedPerWeight * weight) {
        best = index
        bestScore = score
      }
    }
    return best
  }

  observe(): void {}
}

/** 32-bit hash of a text, >= 0: FNV-1a over its UTF-16 units, then mixed, since FNV leaves the last ones too visible. */
export function hashKey(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mix(hash)
}

/** Murmur3's finaliser: each bit that goes in moves about half of those that come out. */
function mix(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
