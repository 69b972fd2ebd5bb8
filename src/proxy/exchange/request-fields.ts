// Which fields of a client's request go to the upstream: end-to-end ones (RFC 9110 7.6.1), then what vigia says about the client.
// What an untrusted client claims of itself (X-Forwarded-*, Forwarded, X-Real-IP, X-Request-Id) is replaced, and what else only a proxy may
// say (policy/request/fields/claims.ts) is put aside.

import { isAuthority, portOf, withoutEmptyPort } from '../../http/authority.ts'
import { FIELD, type Field } from '../../http/field-names.ts'
import { type Fields, firstValue, listOf, NO_FIELDS } from '../../http/fields.ts'
import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { forwardedElement, resolveClient } from '../../policy/request/client-address.ts'
import { claimOf, foldedName } from '../../policy/request/fields/claims.ts'
import { countsHops } from '../../policy/request/method-class.ts'
import { certificateField, chainField } from '../../tls/client-certificate.ts'
import type { ClientSide } from './downstream.ts'

const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/

/** @param via name for Via, undefined = none @param certificateFields see ActiveSnapshot */
export function forwardedRequest(
  { method, meaning, host, minor }: RequestHead,
  client: ClientSide,
  via: string | undefined,
  isTrusted: (address: string) => boolean,
  certificateFields?: ReadonlySet<string>,
): ForwardedRequest {
  const { fields, options, length, maxForwards } = meaning
  const names: string[] = []
  const values: string[] = []
  const kinds: Field[] = []
  let passed: string | undefined
  let claimed: Fields | undefined
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
      case FIELD.held:
        if (!client.trusted) continue
        break
      case FIELD.cdnLoop:
        passed ??= listOf(fields, FIELD.cdnLoop)
        break
      default:
        break
    }
    const name = fields.names[i]!
    if (certificateFields?.has(foldedName(name))) continue
    if (options.nominated?.includes(name.toLowerCase())) continue
    const claim = fields.kinds[i] === FIELD.other ? claimOf(name) : undefined
    if (claim === 'imitation') continue
    if (claim === 'claim' && !client.trusted) {
      claimed = withClaim(claimed, name, fields.values[i]!)
      continue
    }
    names.push(name)
    values.push(
      fields.kinds[i] === FIELD.maxForwards ? hopsLeft(method, fields.values[i]!, maxForwards) : fields.values[i]!,
    )
    kinds.push(fields.kinds[i]!)
  }

  const believed = client.trusted ? fields : undefined
  const { address, chain } = resolveClient(client.peer, believed && listOf(believed, FIELD.forwardedFor), isTrusted)
  const scheme = (believed && schemeOf(firstValue(believed, FIELD.forwardedProto))) ?? client.scheme
  const asked = (believed && authorityOf(firstValue(believed, FIELD.forwardedHost))) ?? host
  const earlier = believed && listOf(believed, FIELD.forwarded)
  const element = forwardedElement(client.peer, host ?? '', client.scheme)
  names.push('X-Forwarded-For', 'X-Forwarded-Proto')
  values.push(chain, scheme)
  kinds.push(FIELD.forwardedFor, FIELD.forwardedProto)
  if (asked !== undefined) {
    names.push('X-Forwarded-Host')
    values.push(asked)
    kinds.push(FIELD.forwardedHost)
  }
  // A trusted proxy's own has been passed on. Of a port that clients reach by another number only they know.
  const said = client.said?.addresses
  if ((client.tls || said) && !client.trusted) {
    names.push('X-Forwarded-Port')
    values.push(said ? String(said.destinationPort) : portOf(asked ?? '') || '443')
    kinds.push(FIELD.other)
  }
  names.push('X-Real-IP', 'Forwarded')
  values.push(address, earlier === undefined ? element : `${earlier}, ${element}`)
  kinds.push(FIELD.realIp, FIELD.forwarded)
  if (via !== undefined) {
    names.push('Via')
    values.push(client.http2 ? `2.0 ${via}` : `1.${minor} ${via}`)
    kinds.push(FIELD.via)
  }
  const certificate = client.tls?.certificate
  const told = client.listener.tls?.clients
  if (certificate && told) {
    names.push(told.field)
    values.push(certificateField(certificate))
    kinds.push(FIELD.other)
    const chain = told.chainField && chainField(certificate)
    if (told.chainField && chain) {
      names.push(told.chainField)
      values.push(chain)
      kinds.push(FIELD.other)
    }
  }

  const requestId = believed && firstValue(believed, FIELD.requestId)
  return {
    fields: { names, values, kinds },
    length,
    upgrade: minor === 1 ? options.upgrade : undefined,
    clientAddress: address,
    scheme,
    passed,
    claimed,
    requestId: requestId !== undefined && REQUEST_ID.test(requestId) ? requestId : undefined,
    written: undefined,
  }
}

/** Of all listeners: one that does not ask for certificates passes on what nobody has verified no more than the others. */
export function certificateFieldsOf({ listeners }: Pick<Snapshot, 'listeners'>): ReadonlySet<string> | undefined {
  const asking = listeners.flatMap(({ tls }) => tls?.clients ?? [])
  if (asking.length === 0) return undefined
  const names = ['Client-Cert', ...asking.map(({ field }) => field)]
  return new Set(names.flatMap(name => [foldedName(name), foldedName(`${name}-Chain`)]))
}

/** What is left of Max-Forwards behind vigia. At 0 nothing is passed on at all: see arrival.ts. */
function hopsLeft(method: string, sent: string, maxForwards = 0): string {
  return countsHops(method) ? String(Math.max(0, maxForwards - 1)) : sent
}

function withClaim(claimed: Fields | undefined, name: string, value: string): Fields {
  const { names, values, kinds } = claimed ?? NO_FIELDS
  return { names: [...names, name], values: [...values, value], kinds: [...kinds, FIELD.other] }
}

/** Of several, the first is the client's: each proxy appends its own. For a WebSocket some proxies write wss and ws. */
function schemeOf(claimed: string | undefined): 'http' | 'https' | undefined {
  if (claimed === undefined || claimed === 'https' || claimed === 'http') return claimed
  const comma = claimed.indexOf(',')
  const first = (comma === -1 ? claimed : claimed.slice(0, comma)).trim().toLowerCase()
  if (first === 'https' || first === 'wss') return 'https'
  return first === 'http' || first === 'ws' ? 'http' : undefined
}

function authorityOf(claimed: string | undefined): string | undefined {
  return claimed !== undefined && isAuthority(claimed) ? withoutEmptyPort(claimed) : undefined
}
