// The text of a request's head as it goes to an upstream. It is not kept by connection: what is the same for a client's next request may
// go to another upstream.

import { CHUNKED } from '../http/body.ts'
import type { ForwardedRequest } from '../http/forwarded-request.ts'
import type { RequestHead } from '../http/heads.ts'
import { inOnePiece } from '../http/one-piece.ts'

/**
 * @param authority of the upstream, for a client that sent no Host
 * @param loopMark by which a request that comes back is known
 */
export function requestText(
  { method, target, host }: RequestHead,
  forwarded: ForwardedRequest,
  authority: string,
  requestId: string,
  loopMark: string,
): string {
  forwarded.written ??= blockOf(forwarded)
  return `${method} ${target} HTTP/1.1\r\nHost: ${host ?? authority}\r\n${forwarded.written}X-Request-Id: ${requestId}\r\nCDN-Loop: ${loopMark}\r\n\r\n`
}

function blockOf({ fields: { names, values }, length, upgrade }: ForwardedRequest): string {
  let block = ''
  for (let i = 0; i < names.length; i += 1) block += `${names[i]!}: ${values[i]!}\r\n`
  if (length >= 0) block += `Content-Length: ${length}\r\n`
  else if (length === CHUNKED) block += 'Transfer-Encoding: chunked\r\n'
  if (upgrade !== undefined) block += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`
  return inOnePiece(block)
}
