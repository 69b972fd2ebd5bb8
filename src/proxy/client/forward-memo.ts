// Clients repeat their fields from request to request: what was rewritten for the last one is kept as long as they do, and as long
// as the configuration is the same.

import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestFields, RequestHead } from '../../http/heads.ts'
import type { ActiveSnapshot } from '../exchange/active-snapshot.ts'
import type { ClientSide } from '../exchange/downstream.ts'
import { forwardedRequest } from '../exchange/request-fields.ts'

/** Of one client connection. */
export class ForwardMemo {
  #meaning: RequestFields | undefined = undefined
  #minor = 1
  #active: ActiveSnapshot | undefined = undefined
  #forwarded: ForwardedRequest | undefined = undefined

  forwarded(head: RequestHead, client: ClientSide, active: ActiveSnapshot): ForwardedRequest {
    // An absolute-form target brings its own host, and Max-Forwards is rewritten for some methods only.
    const own = head.host === head.meaning.host && head.meaning.maxForwards === undefined
    const same = own && this.#meaning === head.meaning && this.#minor === head.minor && this.#active === active
    if (same && this.#forwarded) return this.#forwarded
    const { snapshot, certificateFields } = active
    const isTrusted = (address: string) => active.isTrusted(address)
    const forwarded = forwardedRequest(head, client, snapshot.headers.via, isTrusted, certificateFields)
    if (own) {
      this.#meaning = head.meaning
      this.#minor = head.minor
      this.#active = active
      this.#forwarded = forwarded
    }
    return forwarded
  }
}
