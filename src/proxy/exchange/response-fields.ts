// Which fields of an upstream's response go to the client: end-to-end ones only (RFC 9110 7.6.1). Framing and connection
// fields are written by the connection that carries the response.

import { FIELD } from '../../http/field-names.ts'
import type { ResponseHead } from '../../http/heads.ts'

export interface ForwardedResponse {
  /** Serialised fields, each with its CRLF. */
  readonly block: string
  readonly hasRequestId: boolean
}

const CACHE = new WeakMap<ResponseHead, ForwardedResponse>()

/** Heads that repeat to the byte are one object (see ResponseMemo), so their block is built once. */
export function forwardedResponse(head: ResponseHead): ForwardedResponse {
  let forwarded = CACHE.get(head)
  if (forwarded === undefined) {
    forwarded = build(head)
    CACHE.set(head, forwarded)
  }
  return forwarded
}

function build({ fields, options, status }: ResponseHead): ForwardedResponse {
  let block = ''
  let hasRequestId = false
  for (let i = 0; i < fields.names.length; i += 1) {
    switch (fields.kinds[i]) {
      case FIELD.connection:
      case FIELD.keepAlive:
      case FIELD.transferEncoding:
      case FIELD.contentLength:
      case FIELD.te:
      case FIELD.hopByHop:
        continue
      case FIELD.upgrade:
        // 426 names the protocol that it wants (RFC 9110 15.5.22); 101 is serialised apart.
        if (status !== 426) continue
        break
      case FIELD.requestId:
        hasRequestId = true
        break
      default:
        break
    }
    const name = fields.names[i]!
    if (options.nominated?.includes(name.toLowerCase())) continue
    block += `${name}: ${fields.values[i]!}\r\n`
  }
  return { block, hasRequestId }
}
