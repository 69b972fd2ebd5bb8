// What a worker keeps for a route whose fields are edited: the rules for its requests and answers, and what came of them for heads that come
// again.

import { type Fields, NO_FIELDS } from '../../../http/fields.ts'
import type { ForwardedRequest } from '../../../http/forwarded-request.ts'
import type { RequestHead, ResponseHead } from '../../../http/heads.ts'
import type { FieldsPlan } from '../../../plan/fields.ts'
import { claimOf, foldedName } from '../../../policy/request/fields/claims.ts'
import {
  editedFields,
  type FieldRules,
  fieldRules,
  fieldsWhere,
  keptClaims,
  rulesForOwn,
  withoutGone,
} from '../../../policy/request/fields/edits.ts'
import type { Variable } from '../../../policy/request/fields/template.ts'

/** What variables stand for, of one request. */
interface EditedRequest {
  readonly head: RequestHead
  readonly forwarded: ForwardedRequest
  readonly requestId: string
  /** Address, as far as it is believed. */
  readonly client: string
  /** These are names. */
  readonly listener: string
  readonly route: string
  readonly pool: string
}

/** Another one for each request. */
const OF_REQUEST: readonly Variable[] = ['request-id']
/** The same for all answers with one head, which an upstream's connection gives again. */
const OF_ANSWER: readonly Variable[] = ['route', 'pool', 'upstream']

export class FieldEdits {
  readonly #request: FieldRules | undefined
  readonly #response: FieldRules | undefined
  readonly #own: FieldRules | undefined
  readonly #forwarded: WeakMap<ForwardedRequest, ForwardedRequest> | undefined
  readonly #heads: WeakMap<ResponseHead, ResponseHead> | undefined

  private constructor(request: FieldRules | undefined, response: FieldRules | undefined) {
    this.#request = request
    this.#response = response
    this.#own = response && rulesForOwn(response)
    if (request?.variables.isDisjointFrom(new Set(OF_REQUEST))) this.#forwarded = new WeakMap()
    if (response?.variables.isSubsetOf(new Set(OF_ANSWER))) this.#heads = new WeakMap()
  }

  /** @returns undefined where nothing is to be done */
  static of(pool: FieldsPlan | undefined, route: FieldsPlan | undefined): FieldEdits | undefined {
    if (pool === undefined && route === undefined) return undefined
    const [request, response] = [fieldRules(pool, route, 'request'), fieldRules(pool, route, 'response')]
    return request || response ? new FieldEdits(request, response) : undefined
  }

  /** What goes to upstreams. */
  forwarded(request: EditedRequest): ForwardedRequest {
    const { forwarded } = request
    const rules = this.#request
    if (!rules) return forwarded
    const known = this.#forwarded?.get(forwarded)
    if (known) return known
    const fields = editedFields(forwarded.fields, forwarded.claimed, rules, valuesOf(request, ''))
    const edited = { ...forwarded, fields, written: undefined }
    this.#forwarded?.set(forwarded, edited)
    return edited
  }

  /** An upstream's answer, or a stored one, as it goes to the client. @param upstream its name; '' = none was asked */
  answered(head: ResponseHead, request: EditedRequest, upstream: string): ResponseHead {
    const rules = this.#response
    if (!rules) return head
    const known = this.#heads?.get(head)
    if (known) return known
    const edited = editedHead(head, rules, valuesOf(request, upstream))
    this.#heads?.set(head, edited)
    return edited
  }

  /** An answer of vigia's own. */
  own(head: ResponseHead, request: EditedRequest): ResponseHead {
    return this.#own ? editedHead(head, this.#own, valuesOf(request, '')) : head
  }

  answerTrailers(trailers: Fields): Fields {
    return this.#response ? withoutGone(trailers, this.#response) : trailers
  }

  /** @param claimed of them, what no client may say */
  keptTrailers(trailers: Fields, claimed: Fields): readonly [Fields, Fields] {
    const rules = this.#request
    return rules ? [withoutGone(trailers, rules), keptClaims(claimed, rules)] : [trailers, NO_FIELDS]
  }
}

/** What of the trailers of a request goes on. @param certificateFields see ActiveSnapshot @param edits of its route */
export function forwardedTrailers(
  trailers: Fields,
  trusted: boolean,
  certificateFields: ReadonlySet<string> | undefined,
  edits: FieldEdits | undefined,
): Fields {
  const isImitation = (name: string) =>
    claimOf(name) === 'imitation' || certificateFields?.has(foldedName(name)) === true
  const isClaim = (name: string) => !trusted && claimOf(name) === 'claim' && !isImitation(name)
  const free = fieldsWhere(trailers, name => !isImitation(name) && !isClaim(name))
  if (!edits) return free
  const [left, kept] = edits.keptTrailers(free, fieldsWhere(trailers, isClaim))
  return {
    names: [...left.names, ...kept.names],
    values: [...left.values, ...kept.values],
    kinds: [...left.kinds, ...kept.kinds],
  }
}

function editedHead(head: ResponseHead, rules: FieldRules, lookUp: (variable: Variable) => string): ResponseHead {
  const { fields, options } = head
  const { nominated } = options
  // What an upstream calls hop-by-hop goes now: it must not take away what is set.
  const own = nominated ? fieldsWhere(fields, name => !nominated.includes(name.toLowerCase())) : fields
  return {
    ...head,
    fields: editedFields(own, undefined, rules, lookUp),
    options: nominated ? { ...options, nominated: undefined } : options,
    written: undefined,
    encoded: undefined,
  }
}

function valuesOf(request: EditedRequest, upstream: string): (variable: Variable) => string {
  return variable => {
    switch (variable) {
      case 'client':
        return request.client
      case 'host':
        return request.head.hostName
      case 'scheme':
        return request.forwarded.scheme
      case 'request-id':
        return request.requestId
      case 'listener':
        return request.listener
      case 'route':
        return request.route
      case 'pool':
        return request.pool
      case 'upstream':
        return upstream
    }
  }
}
