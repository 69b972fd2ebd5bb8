// Keeps a client with its upstream, for one pool in this worker: reads what the request brings, says which upstream that means,
// and writes vigia's own cookie. What a cookie's value means is decided in policy/request/affinity.ts; whether an upstream serves, in pool.ts.

import { createHmac } from 'node:crypto'
import { FIELD } from '../../http/field-names.ts'
import { type Fields, fieldValue, listOf } from '../../http/fields.ts'
import type { AffinityPlan, HashKey } from '../../plan/balance.ts'
import type { PoolPlan } from '../../plan/pool.ts'
import { hashKey } from '../../policy/balance/hash.ts'
import {
  type AffinityTable,
  type AffinityVerdict,
  affinityValue,
  compileAffinity,
  decideAmong,
  isForSharedCaches,
  type Mac,
} from '../../policy/request/affinity.ts'
import { cookieValue, cookieValues, setCookie } from '../../policy/request/cookie.ts'
import type { Endpoint } from '../upstream/endpoint.ts'

/** To what a request sticks. */
export interface Stickiness {
  /** The upstream that vigia's cookie names; undefined = there is none. */
  readonly endpoint: Endpoint | undefined
  /** The cookie is to be written anew even if the upstream stays. */
  readonly renew: boolean
  /** Hash of what is followed; undefined = nothing to follow. */
  readonly key: number | undefined
  /** Hash that tells this client's session from others; undefined = it has none yet. */
  readonly session: number | undefined
}

/** What is known of the cookie in a block of fields. */
interface KnownCookie {
  readonly atMs: number
  readonly verdict: AffinityVerdict
  /** Hash of its value. */
  readonly session: number
}

const NONE: Stickiness = { endpoint: undefined, renew: false, key: undefined, session: undefined }
/** A client repeats its cookie with every request: a proof holds for this long before it is computed again. */
const MEMO_MS = 1000

export class Affinity {
  readonly plan: AffinityPlan
  readonly #endpoints: readonly Endpoint[]
  readonly #mac: Mac
  readonly #table: AffinityTable | undefined
  /** Fields that repeat to the byte are one object. */
  readonly #memo = new WeakMap<Fields, KnownCookie>()

  constructor(plan: AffinityPlan, pool: PoolPlan, endpoints: readonly Endpoint[]) {
    this.plan = plan
    this.#endpoints = endpoints
    const keys = plan.kind === 'cookie' ? plan.keys : []
    this.#mac = (key, text) => createHmac('sha256', keys[key]!).update(text).digest('base64url')
    const names = pool.upstreams.map(upstream => upstream.name)
    this.#table = plan.kind === 'cookie' ? compileAffinity(pool.name, plan, names, this.#mac) : undefined
  }

  /** @param nowMs since 1970 */
  stickinessOf(fields: Fields, clientAddress: string, nowMs: number): Stickiness {
    if (this.plan.kind === 'follow') {
      const followed = followedValue(this.plan.key, fields, clientAddress)
      if (followed === undefined) return NONE
      const key = hashKey(followed)
      return { endpoint: undefined, renew: false, key, session: key }
    }
    const { verdict, session } = this.#known(this.plan.name, fields, nowMs)
    if (verdict.kind !== 'upstream') return NONE
    return {
      endpoint: this.#endpoints[verdict.index],
      renew: verdict.renew,
      key: undefined,
      // A cookie that was given out in the same millisecond to two clients is one value.
      session: session ^ hashKey(clientAddress),
    }
  }

  /**
   * The cookie that binds the client to `endpoint`; '' where it has such a one already, or can't have one yet, or where shared caches
   * would give it to others: then a later answer brings it.
   */
  cookieFor(stickiness: Stickiness, endpoint: Endpoint, secure: boolean, answer: Fields, nowMs: number): string {
    if (this.plan.kind !== 'cookie' || (stickiness.endpoint === endpoint && !stickiness.renew)) return ''
    const index = this.#endpoints.indexOf(endpoint)
    // Of a newer snapshot: the next request gets a cookie that means it.
    if (index < 0 || isForSharedCaches(answer, nowMs)) return ''
    const value = affinityValue(this.#table!, index, nowMs, this.#mac)
    return setCookie(this.plan, value, secure)
  }

  #known(name: string, fields: Fields, nowMs: number): KnownCookie {
    const before = this.#memo.get(fields)
    if (before && nowMs - before.atMs < MEMO_MS) return before
    const values = cookieValues(listOf(fields, FIELD.cookie), name)
    const { verdict, value } = decideAmong(this.#table!, values, nowMs, this.#mac)
    const known = { atMs: nowMs, verdict, session: hashKey(value) }
    this.#memo.set(fields, known)
    return known
  }
}

/** The value that `key` names; undefined where the request has none. */
export function followedValue(key: HashKey, fields: Fields, clientAddress: string): string | undefined {
  switch (key.from) {
    case 'address':
      return clientAddress
    case 'header':
      return fieldValue(fields, key.name)
    case 'cookie':
      return cookieValue(listOf(fields, FIELD.cookie), key.name)
  }
}
