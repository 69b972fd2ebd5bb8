// What a worker keeps for a route that compresses: its plan, what its upstreams' entity tags are like, and what clients' requests say of it,
// which is the same for all requests of a connection that repeats its fields.

import type { Fields } from '../../../http/fields.ts'
import { fieldValue, fieldValues } from '../../../http/fields.ts'
import type { ForwardedRequest } from '../../../http/forwarded-request.ts'
import type { CompressionPlan } from '../../../plan/compression.ts'
import { upwardFields } from '../../../policy/request/compression/coded-fields.ts'
import { isStrongTag, type TagStyle } from '../../../policy/request/compression/entity-tags.ts'
import { type CompressionWish, compressionWish } from '../../../policy/request/compression/verdict.ts'

/** What a request says of the compression of its answer. */
export interface Negotiation {
  readonly compression: Compression
  readonly wish: CompressionWish
  readonly ifNoneMatch: string | undefined
  /** As it goes to the upstream. */
  readonly forwarded: ForwardedRequest
}

export class Compression {
  readonly plan: CompressionPlan
  readonly #known = new WeakMap<ForwardedRequest, Negotiation>()
  #tags: TagStyle | undefined = undefined

  constructor(plan: CompressionPlan) {
    this.plan = plan
  }

  /** What the client's request says, and how it goes up. */
  negotiate(forwarded: ForwardedRequest): Negotiation {
    return this.#known.get(forwarded) ?? this.#read(forwarded)
  }

  /** Fields of an answer that could have been compressed: its tag tells what the upstream's own are like. */
  learn(fields: Fields): void {
    if (this.#tags === 'both') return
    const tag = fieldValue(fields, 'etag')
    if (tag === undefined) return
    const style = isStrongTag(tag) ? 'strong' : 'weak'
    this.#tags = this.#tags === undefined || this.#tags === style ? style : 'both'
  }

  #read(forwarded: ForwardedRequest): Negotiation {
    const { fields } = forwarded
    const wish = compressionWish(fields, this.plan)
    const ifNoneMatch = fieldValues(fields, 'if-none-match')
    const upward = upwardFields(fields, {
      offload: this.plan.offload,
      mayHaveCoded: wish.coding !== undefined,
      // Most tags are strong; a guess that fails costs a 304.
      style: this.#tags ?? 'strong',
    })
    const negotiation: Negotiation = {
      compression: this,
      wish,
      ifNoneMatch,
      forwarded: upward === fields ? forwarded : { ...forwarded, fields: upward, written: undefined },
    }
    // What is asked with a condition is rarely asked again.
    if (ifNoneMatch === undefined && fieldValue(fields, 'if-match') === undefined)
      this.#known.set(forwarded, negotiation)
    return negotiation
  }
}
