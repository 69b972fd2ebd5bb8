// A request's head from the fields of its block (RFC 9113 8.2 and 8.3, RFC 8441 4). What is refused over HTTP/1.1 is refused here.

import { authoritiesMatch, hostName, isAuthority, withoutEmptyPort } from '../http/authority.ts'
import { type BodyLength, CHUNKED, NO_LENGTH } from '../http/body.ts'
import type { FaultCode } from '../http/faults.ts'
import { FIELD, type Field } from '../http/field-names.ts'
import type { Fields } from '../http/fields.ts'
import type { ConnectionOptions, RequestFields, RequestHead } from '../http/heads.ts'
import { bringsLogin } from '../http/login-schemes.ts'
import {
  contentLength,
  expectsContinue,
  isConnect,
  isRepeated,
  METHOD_CHARS,
  maxForwards,
} from '../http/request-rules.ts'
import { countsHops } from '../policy/request/method-class.ts'
import { type HeaderEntry, PSEUDO } from './hpack/header-entry.ts'

const NO_OPTIONS: ConnectionOptions = { close: false, keepAlive: false, nominated: undefined, upgrade: undefined }
const WEBSOCKET: ConnectionOptions = { ...NO_OPTIONS, upgrade: 'websocket' }

/** Reads the heads of one connection, and remembers what the last one's fields meant: clients repeat theirs. */
export class RequestHeads {
  /** Of the head just read. */
  #method: string | undefined = undefined
  #path: string | undefined = undefined
  #scheme: string | undefined = undefined
  #authority: string | undefined = undefined
  /** Value of :protocol; undefined = there is none. */
  protocol: string | undefined = undefined

  /** Of the last head that was valid: its fields but the pseudo-fields, and what else its meaning depends on. */
  #known: HeaderEntry[] = []
  #knownAuthority: string | undefined = undefined
  #knownEndsStream = false
  #knownProtocol: string | undefined = undefined
  #meaning: RequestFields | undefined = undefined

  /**
   * @param entries as far as `count`, within the limits of a head
   * @param endsStream no body follows
   * @returns an extended CONNECT for a WebSocket as the GET that it is over HTTP/1.1
   */
  read(
    entries: readonly HeaderEntry[],
    count: number,
    endsStream: boolean,
    targetBytes: number,
  ): RequestHead | FaultCode {
    const first = this.#readPseudo(entries, count)
    if (typeof first === 'string') return first
    const path = this.#path ?? ''
    if (path.length > targetBytes) return 'target-too-long'
    let method = this.#method!
    if (method.length > METHOD_CHARS) return 'unknown-method'
    if (isConnect(method)) {
      // No other tunnel is carried, and CONNECT in lower case is no CONNECT to HTTP/2, but it may be one to an upstream.
      if (method !== 'CONNECT' || this.protocol?.toLowerCase() !== 'websocket') return 'unknown-method'
      method = 'GET'
    } else if (this.protocol !== undefined) return 'bad-pseudo-field'
    if (this.#scheme === undefined || this.#path === undefined) return 'bad-pseudo-field'
    if (path.charCodeAt(0) !== 47 && !(path === '*' && method === 'OPTIONS')) return 'bad-target'
    const meaning = this.#isKnown(entries, first, count, endsStream)
      ? this.#meaning!
      : this.#learn(entries, first, count, endsStream)
    if (typeof meaning === 'string') return meaning
    // Who counts hops and can't be understood must not be passed on: that may be a loop.
    if (meaning.maxForwards !== undefined && countsHops(method) && Number.isNaN(meaning.maxForwards)) return 'bad-field'
    const { host, hostName: name } = meaning
    return { method, target: path, minor: 1, meaning, host, hostName: name }
  }

  /** @returns index of the first field that is none */
  #readPseudo(entries: readonly HeaderEntry[], count: number): number | FaultCode {
    this.#method = undefined
    this.#path = undefined
    this.#scheme = undefined
    this.#authority = undefined
    this.protocol = undefined
    let at = 0
    for (; at < count; at += 1) {
      const { kind, value, fault } = entries[at]!
      if (kind >= 0) break
      if (fault !== undefined) return fault
      if (this.#take(kind, value) !== undefined) return 'bad-pseudo-field'
    }
    return this.#method === undefined ? 'bad-pseudo-field' : at
  }

  /** @returns what the pseudo-field had before */
  #take(kind: number, value: string): string | undefined {
    let before: string | undefined
    if (kind === PSEUDO.method) {
      before = this.#method
      this.#method = value
    } else if (kind === PSEUDO.path) {
      before = this.#path
      this.#path = value
    } else if (kind === PSEUDO.scheme) {
      before = this.#scheme
      this.#scheme = value
    } else if (kind === PSEUDO.authority) {
      before = this.#authority
      this.#authority = value
    } else {
      before = this.protocol
      this.protocol = value
    }
    return before
  }

  #isKnown(entries: readonly HeaderEntry[], first: number, count: number, endsStream: boolean): boolean {
    const known = this.#known
    if (
      this.#meaning === undefined ||
      known.length !== count - first ||
      this.#knownEndsStream !== endsStream ||
      this.#knownAuthority !== this.#authority ||
      this.#knownProtocol !== this.protocol
    )
      return false
    for (let i = 0; i < known.length; i += 1) {
      const before = known[i]!
      const now = entries[first + i]!
      // What a client does not index comes as another object each time.
      if (before !== now && (before.value !== now.value || before.name !== now.name)) return false
    }
    return true
  }

  #learn(
    entries: readonly HeaderEntry[],
    first: number,
    count: number,
    endsStream: boolean,
  ): RequestFields | FaultCode {
    const fields = fieldsOf(entries, first, count, this.#authority, this.#scheme!)
    if (typeof fields === 'string') return fields
    const meaning = meaningOf(fields, endsStream, this.protocol === undefined ? NO_OPTIONS : WEBSOCKET)
    if (typeof meaning === 'string') return meaning
    this.#known = entries.slice(first, count)
    this.#knownAuthority = this.#authority
    this.#knownEndsStream = endsStream
    this.#knownProtocol = this.protocol
    this.#meaning = meaning
    return meaning
  }
}

/** Host first, and a client's cookies, which may be a field each, as one (RFC 9113 8.2.3). */
function fieldsOf(
  entries: readonly HeaderEntry[],
  first: number,
  count: number,
  authority: string | undefined,
  scheme: string,
): Fields | FaultCode {
  const names: string[] = []
  const values: string[] = []
  const kinds: Field[] = []
  let hasHost = false
  let cookies: string[] | undefined
  let cookieAt = 0
  if (authority !== undefined) {
    names.push('host')
    values.push(authority)
    kinds.push(FIELD.host)
  }
  for (let i = first; i < count; i += 1) {
    const { name, value, kind, fault } = entries[i]!
    if (fault !== undefined) return fault
    if (kind < 0) return 'bad-pseudo-field'
    if (kind === FIELD.host) {
      if (hasHost) return 'bad-host'
      hasHost = true
      if (authority !== undefined) {
        // RFC 9113 8.3.1: a difference is an attempt to be read in two ways.
        if (!authoritiesMatch(value, authority, scheme)) return 'host-mismatch'
        continue
      }
    }
    if (kind === FIELD.cookie) {
      if (cookies !== undefined) {
        cookies.push(value)
        continue
      }
      cookies = [value]
      cookieAt = names.length
    }
    names.push(name)
    values.push(value)
    kinds.push(kind as Field)
  }
  if (cookies !== undefined && cookies.length > 1) values[cookieAt] = cookies.join('; ')
  return { names, values, kinds }
}

function meaningOf(fields: Fields, endsStream: boolean, options: ConnectionOptions): RequestFields | FaultCode {
  const at = fields.kinds.indexOf(FIELD.host)
  const host = at < 0 ? undefined : fields.values[at]!
  if (host === undefined || !isAuthority(host)) return 'bad-host'
  const continues = expectsContinue(fields)
  if (continues === undefined) return 'unknown-expectation'
  const length = lengthOf(fields, endsStream, options)
  if (length === undefined) return 'bad-content-length'
  return {
    fields,
    host: withoutEmptyPort(host),
    hostName: hostName(host),
    length,
    options,
    expectsContinue: continues,
    login: bringsLogin(fields),
    maxForwards: maxForwards(fields),
  }
}

/** RFC 9113 8.1.1. What comes after the CONNECT for a WebSocket is no body. */
function lengthOf(fields: Fields, endsStream: boolean, options: ConnectionOptions): BodyLength | undefined {
  const at = fields.kinds.indexOf(FIELD.contentLength)
  if (options === WEBSOCKET) return at < 0 ? NO_LENGTH : undefined
  if (at < 0) return endsStream ? NO_LENGTH : CHUNKED
  const length = contentLength(fields.values[at]!)
  if (isRepeated(fields, FIELD.contentLength) || (endsStream && length !== 0)) return undefined
  return length
}
