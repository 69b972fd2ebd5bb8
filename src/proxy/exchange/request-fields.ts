// Which fields of a client's request go to the upstream: end-to-end ones (RFC 9110 7.6.1), then what vigia says about the client.
// What an untrusted client claims of itself (X-Forwarded-*, Forwarded, X-Real-IP, X-Request-Id) is replaced.

import { isAuthority } from '../../http/authority.ts'
import { CHUNKED } from '../../http/body.ts'
import { FIELD, fieldOf } from '../../http/field-names.ts'
import { firstValue, listOf } from '../../http/fields.ts'
import type { RequestHead } from '../../http/heads.ts'
import { forwardedElement, resolveClient } from '../../policy/request/client-address.ts'
import type { ClientSide } from './downstream.ts'

export interface ForwardedRequest {
  /** Serialised fields but Host and X-Request-Id, each with its CRLF. */
  readonly block: string
  /** The client as far as it is believed. */
  readonly clientAddress: string
  /** How the client came, as far as it is believed. */
  readonly scheme: 'http' | 'https'
  /** The request id that a trusted proxy gave, or undefined. */
  readonly requestId: string | undefined
}

/** X-Forwarded-Port, -Prefix, -Ssl ...: vigia says nothing of these, but a client must not either. */
const OTHER_FORWARDED = /^x-forwarded-/i
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

/** @param via name for Via, undefined = none */
export function forwardedRequest(
  { meaning, host, minor }: RequestHead,
  client: ClientSide,
  via: string | undefined,
  isTrusted: (address: string) => boolean,
): ForwardedRequest {
  const { fields, options, length } = meaning
  const upgrade = minor === 1 ? options.upgrade : undefined
  let block = ''
  for (let i = 0; i < fields.names.length; i += 1) {
    switch (fields.kinds[i]) {
      case FIELD.host:
      case FIELD.connection:
      case FIELD.keepAlive:
      case FIELD.upgrade:
      case FIELD.contentLength:
      case FIELD.transferEncoding:
      case FIELD.te:
      case FIELD.hopByHop:
      case FIELD.forwardedFor:
      case FIELD.forwardedHost:
      case FIELD.forwardedProto:
      case FIELD.forwarded:
      case FIELD.realIp:
      case FIELD.requestId:
        continue
      case FIELD.expect:
        // RFC 9110 10.1.1: an HTTP/1.0 client can't wait for 100.
        if (minor === 0) continue
        break
      default:
        break
    }
    const name = fields.names[i]!
    if (name.includes('_') ? imitates(name) : !client.trusted && OTHER_FORWARDED.test(name)) continue
    if (options.nominated?.includes(name.toLowerCase())) continue
    block += `${name}: ${fields.values[i]!}\r\n`
  }
  if (length >= 0) block += `Content-Length: ${length}\r\n`
  else if (length === CHUNKED) block += 'Transfer-Encoding: chunked\r\n'
  if (upgrade !== undefined) block += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`

  const believed = client.trusted ? fields : undefined
  const { address, chain } = resolveClient(client.peer, believed && listOf(believed, FIELD.forwardedFor), isTrusted)
  const scheme = (believed && schemeOf(firstValue(believed, FIELD.forwardedProto))) ?? client.scheme
  const asked = (believed && authorityOf(firstValue(believed, FIELD.forwardedHost))) ?? host
  const earlier = believed && listOf(believed, FIELD.forwarded)
  const element = forwardedElement(client.peer, host ?? '', client.scheme)
  block += `X-Forwarded-For: ${chain}\r\nX-Forwarded-Proto: ${scheme}\r\n`
  if (asked !== undefined) block += `X-Forwarded-Host: ${asked}\r\n`
  block += `X-Real-IP: ${address}\r\nForwarded: ${earlier === undefined ? element : `${earlier}, ${element}`}\r\n`
  if (via !== undefined) block += `Via: 1.${minor} ${via}\r\n`

  const requestId = believed && firstValue(believed, FIELD.requestId)
  return {
    block,
    clientAddress: address,
    scheme,
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined,
  }
}

/** CGI and WSGI read `X_Forwarded_For` as X-Forwarded-For: no name may pass that only such a reading turns into one of vigia's own. */
function imitates(name: string): boolean {
  const read = name.replaceAll('_', '-')
  return fieldOf(read) !== FIELD.other || OTHER_FORWARDED.test(read)
}

/** The whole head as it goes to an upstream. @param authority of the upstream, for a client that sent no Host */
export function requestText(
  { method, target, host }: RequestHead,
  { block }: ForwardedRequest,
  authority: string,
  requestId: string,
): string {
  return `${method} ${target} HTTP/1.1\r\nHost: ${host ?? authority}\r\n${block}X-Request-Id: ${requestId}\r\n\r\n`
}

function schemeOf(claimed: string | undefined): 'http' | 'https' | undefined {
  const scheme = claimed?.toLowerCase()
  return scheme === 'http' || scheme === 'https' ? scheme : undefined
}

function authorityOf(claimed: string | undefined): string | undefined {
  return claimed !== undefined && isAuthority(claimed) ? claimed : undefined
}
