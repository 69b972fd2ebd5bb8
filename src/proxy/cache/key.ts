// By what an answer is found again: all of a request that its upstream sees and may answer by, beside what Vary names.

import { FIELD } from '../../http/field-names.ts'
import { firstValue } from '../../http/fields.ts'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead } from '../../http/heads.ts'
import { codingsOf, variantOf } from '../../policy/cache/variants.ts'
import { type Wants, wantsOf } from '../../policy/cache/wants.ts'

interface AskingClient {
  readonly trusted: boolean
  readonly tls: { readonly certificate: object | undefined } | undefined
}

/** What a client's fields mean for the cache; the same for all its requests that repeat them. */
export class AskedFields {
  readonly wants: Wants
  /** Scheme and host, and what a trusted proxy says beside them. */
  readonly origin: string
  /** What it takes of content codings. */
  readonly codings: string
  readonly #forwarded: ForwardedRequest
  readonly #variants = new Map<readonly string[], string>()

  constructor({ meaning, host = '' }: RequestHead, forwarded: ForwardedRequest, { trusted, tls }: AskingClient) {
    this.wants = wantsOf(meaning.fields, trusted, tls?.certificate !== undefined)
    this.#forwarded = forwarded
    const asked = firstValue(forwarded.fields, FIELD.forwardedHost) ?? ''
    const said = asked === host ? this.wants.told : `${asked}\n${this.wants.told}`
    this.origin = `${forwarded.scheme}://${host}${said === '' ? '' : `\n${said}`}`
    this.codings = codingsOf(this.#values('accept-encoding'))
  }

  #values(name: string): string | undefined {
    const { names, values } = this.#forwarded.fields
    const found = names.flatMap((each, i) => (each.toLowerCase() === name ? [values[i]!] : []))
    return found.length === 0 ? undefined : found.join(', ')
  }

  /** What it says of these names, see variantOf. @param names those of one stored answer: the same array each time */
  variant(names: readonly string[]): string {
    if (names.length === 0) return ''
    const known = this.#variants.get(names)
    if (known !== undefined) return known
    if (this.#variants.size >= MOST_VARIANTS) this.#variants.clear()
    const variant = variantOf(names, this.#forwarded.fields)
    this.#variants.set(names, variant)
    return variant
  }
}

const MOST_VARIANTS = 64
const known = new WeakMap<ForwardedRequest, AskedFields>()

/** @param client one of the trusted proxies or not, with a certificate or without: as the fields say that were forwarded */
export function askedFields(head: RequestHead, forwarded: ForwardedRequest, client: AskingClient): AskedFields {
  let asked = known.get(forwarded)
  if (asked === undefined) {
    asked = new AskedFields(head, forwarded, client)
    known.set(forwarded, asked)
  }
  return asked
}
