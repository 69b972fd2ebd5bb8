// A WebSocket that a client asks for by extended CONNECT (RFC 8441 5), as upstreams know it: the handshake of RFC 6455 4, of which HTTP/2 has
// no key, so vigia makes one.

import { createHash, randomBytes } from 'node:crypto'
import { NO_LENGTH } from '../../../http/body.ts'
import { FIELD } from '../../../http/field-names.ts'
import type { Fields } from '../../../http/fields.ts'
import type { ForwardedRequest } from '../../../http/forwarded-request.ts'
import type { ResponseHead } from '../../../http/heads.ts'

const KEY = 'Sec-WebSocket-Key'
const ACCEPT = 'Sec-WebSocket-Accept'
/** RFC 6455 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OK = 200

/** @returns what goes to the upstream, and the Sec-WebSocket-Accept that its 101 must have */
export function handshakeOf(forwarded: ForwardedRequest): { forwarded: ForwardedRequest; accept: string } {
  const key = randomBytes(16).toString('base64')
  // One of the client's own means nothing in HTTP/2.
  const { names, values, kinds } = without(forwarded.fields, KEY)
  const fields = { names: [...names, KEY], values: [...values, key], kinds: [...kinds, FIELD.other] }
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  return { forwarded: { ...forwarded, fields, written: undefined }, accept }
}

/** What a 101 is to the client: the answer to its CONNECT. */
export function openedHead(head: ResponseHead): ResponseHead {
  const fields = without(head.fields, ACCEPT)
  return { ...head, status: OK, fields, length: NO_LENGTH, written: undefined, encoded: undefined }
}

function without({ names, values, kinds }: Fields, name: string): Fields {
  const lower = name.toLowerCase()
  const kept = [...names.keys()].filter(i => names[i]!.toLowerCase() !== lower)
  return { names: kept.map(i => names[i]!), values: kept.map(i => values[i]!), kinds: kept.map(i => kinds[i]!) }
}
