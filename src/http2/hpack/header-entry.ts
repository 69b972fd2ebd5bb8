// A field of a header block, with all that it alone tells: which field it is, whether it may stand in a request, what it takes. A field
// that a client repeats by its index is one object, so each of these is found out once.

import { isAuthority } from '../../http/authority.ts'
import type { FaultCode } from '../../http/faults.ts'
import { FIELD, fieldOf } from '../../http/field-names.ts'

/** Kinds of pseudo-fields (RFC 9113 8.3, RFC 8441 4), beside those of FIELD, which are not below 0. */
export const PSEUDO = { method: -1, scheme: -2, authority: -3, path: -4, protocol: -5, other: -6 } as const

export interface HeaderEntry {
  readonly name: string
  readonly value: string
  /** Of FIELD or of PSEUDO. */
  readonly kind: number
  /** Of the name: what a field with another value has too. */
  readonly nameFault: FaultCode | undefined
  /** Why a request with it is malformed; undefined = it is not, as far as this field goes. */
  readonly fault: FaultCode | undefined
  /** What it counts against the bounds of a head, bytes: about as much as in HTTP/1.1, where several cookies are one field. */
  readonly headBytes: number
  /** What it takes in a dynamic table (RFC 7541 4.1). */
  readonly tableBytes: number
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/
const TARGET = /^[\x21\x22\x24-\x7e]+$/
const COOKIE_SEPARATOR = 2
const COLON_BLANK_CRLF = 4

/** @param name as it was sent; @param value as it was sent */
export function headerEntry(name: string, value: string): HeaderEntry {
  const kind = kindOf(name)
  return entry(name, kind, kind < 0 ? pseudoNameFault(kind) : nameFault(name, kind), value)
}

/** A field with the name of another one. */
export function withValue({ name, kind, nameFault }: HeaderEntry, value: string): HeaderEntry {
  return entry(name, kind, nameFault, value)
}

function entry(name: string, kind: number, nameFault: FaultCode | undefined, value: string): HeaderEntry {
  return {
    name,
    value,
    kind,
    nameFault,
    fault: nameFault ?? (kind < 0 ? pseudoFault(kind, value) : valueFault(kind, value)),
    headBytes: kind === FIELD.cookie ? value.length + COOKIE_SEPARATOR : name.length + value.length + COLON_BLANK_CRLF,
    tableBytes: name.length + value.length + 32,
  }
}

function kindOf(name: string): number {
  if (name.charCodeAt(0) !== 58) return fieldOf(name)
  switch (name) {
    case ':method':
      return PSEUDO.method
    case ':scheme':
      return PSEUDO.scheme
    case ':authority':
      return PSEUDO.authority
    case ':path':
      return PSEUDO.path
    case ':protocol':
      return PSEUDO.protocol
    default:
      return PSEUDO.other
  }
}

function pseudoNameFault(kind: number): FaultCode | undefined {
  return kind === PSEUDO.other ? 'bad-pseudo-field' : undefined
}

/** RFC 9113 8.2.1 and 8.2.2: lower case, and nothing that belongs to a connection of HTTP/1.1. */
function nameFault(name: string, kind: number): FaultCode | undefined {
  if (!NAME.test(name)) return 'bad-field'
  switch (kind) {
    case FIELD.connection:
    case FIELD.keepAlive:
    case FIELD.transferEncoding:
    case FIELD.upgrade:
      return 'connection-field'
    case FIELD.hopByHop:
      return name === 'proxy-connection' ? 'connection-field' : undefined
    default:
      return undefined
  }
}

function valueFault(kind: number, value: string): FaultCode | undefined {
  if (NOT_IN_VALUE.test(value)) return 'bad-character'
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1))) return 'bad-field'
  return kind === FIELD.te && value.toLowerCase() !== 'trailers' ? 'connection-field' : undefined
}

function pseudoFault(kind: number, value: string): FaultCode | undefined {
  switch (kind) {
    case PSEUDO.method:
    case PSEUDO.protocol:
      return TOKEN.test(value) ? undefined : 'bad-pseudo-field'
    case PSEUDO.scheme:
      return value === 'https' || value === 'http' ? undefined : 'bad-pseudo-field'
    case PSEUDO.authority:
      return isAuthority(value) ? undefined : 'bad-host'
    default:
      return TARGET.test(value) ? undefined : 'bad-target'
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
