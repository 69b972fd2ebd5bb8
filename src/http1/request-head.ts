// A request head: from text to its parts, strictly (RFC 9112 3 and 5, RFC 9110 4.2 and 7). Refuses rather than repairs.

import { authoritiesMatch, hostName, isAuthority } from '../http/authority.ts'
import { CHUNKED } from '../http/body.ts'
import type { FaultCode } from '../http/faults.ts'
import { FIELD } from '../http/field-names.ts'
import { type Fields, firstValue } from '../http/fields.ts'
import type { RequestFields, RequestHead } from '../http/heads.ts'
import type { HeadLimits } from '../http/limits.ts'
import { bringsLogin } from '../http/login-schemes.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { diagnoseFields, parseFields } from './field-section.ts'
import { framingOf } from './framing.ts'
import { badBreak, upToBadBreak } from './line-breaks.ts'

const METHODS: ReadonlySet<string> = new Set(
  'ACL BIND CHECKOUT COPY DELETE GET HEAD LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SUBSCRIBE TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE'.split(
    ' ',
  ),
)
const START_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/
const METHOD_AND_TARGET = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ ([^ ]*)/

/** The last field section of a connection: clients repeat theirs, and comparing is cheaper than parsing. */
export interface RequestMemo {
  section: string
  meaning: RequestFields | undefined
}

/** @param text a whole head with its final empty line, one character a byte (latin1) */
export function parseRequestHead(text: string, limits: HeadLimits, memo: RequestMemo): RequestHead | FaultCode {
  const lineEnd = text.indexOf('\r\n')
  const section = text.slice(lineEnd + 2)
  let meaning = memo.meaning
  const first = startLine(text, lineEnd, limits)
  if (typeof first === 'string') return diagnoseRequestHead(text, limits)
  if (meaning === undefined || section !== memo.section) {
    const fields = parseFields(section, limits.headerCount)
    if (typeof fields === 'string') return diagnoseRequestHead(text, limits)
    const parsed = meaningOf(fields, first.minor)
    if (typeof parsed === 'string') return parsed
    meaning = parsed
    memo.section = section
    memo.meaning = meaning
  }
  // A memo from a request of the other minor version: the two rules that depend on it, again.
  if (first.minor === 1 && meaning.host === undefined) return 'bad-host'
  if (first.minor === 0 && meaning.length === CHUNKED) return 'bad-transfer-encoding'
  return withTarget(first, meaning)
}

/** The first fault, in the order of the bytes, of a head that is malformed, cut off by a bad line break, or too large. */
export function diagnoseRequestHead(whole: string, limits: HeadLimits): FaultCode {
  const text = upToBadBreak(whole)
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd < 0) {
    const target = METHOD_AND_TARGET.exec(text)?.[1] ?? ''
    if (target.length > limits.targetBytes) return 'target-too-long'
    return badBreak(text, 0) < 0 ? 'head-too-large' : 'bad-line-break'
  }
  const first = startLine(text, lineEnd, limits)
  if (typeof first === 'string') return first
  return diagnoseFields(text.slice(lineEnd + 2), limits.headerCount) ?? 'head-too-large'
}

interface StartLine {
  readonly method: string
  readonly target: string
  readonly minor: 0 | 1
}

function startLine(text: string, lineEnd: number, limits: HeadLimits): StartLine | FaultCode {
  const line = text.slice(0, lineEnd)
  const match = START_LINE.exec(line)
  if (!match) {
    const target = METHOD_AND_TARGET.exec(line)?.[1] ?? ''
    if (target.length > limits.targetBytes) return 'target-too-long'
    return 'bad-start-line'
  }
  const target = match[2]!
  if (target.length > limits.targetBytes) return 'target-too-long'
  if (match[3] !== '1' || (match[4] !== '1' && match[4] !== '0')) return 'bad-version'
  const method = match[1]!
  if (!METHODS.has(method)) return 'unknown-method'
  return { method, target, minor: match[4] === '1' ? 1 : 0 }
}

function meaningOf(fields: Fields, minor: 0 | 1): RequestFields | FaultCode {
  const host = firstValue(fields, FIELD.host)
  if (host !== undefined) {
    if (fields.kinds.indexOf(FIELD.host) !== fields.kinds.lastIndexOf(FIELD.host) || !isAuthority(host))
      return 'bad-host'
  } else if (minor === 1) return 'bad-host'
  const length = framingOf(fields, minor)
  if (typeof length === 'string') return length
  const expect = firstValue(fields, FIELD.expect)
  if (expect !== undefined) {
    const single = fields.kinds.indexOf(FIELD.expect) === fields.kinds.lastIndexOf(FIELD.expect)
    if (!single || expect.toLowerCase() !== '100-continue') return 'unknown-expectation'
  }
  return {
    fields,
    host,
    hostName: host === undefined ? '' : hostName(host),
    length,
    options: connectionOptionsOf(fields),
    expectsContinue: expect !== undefined,
    login: bringsLogin(fields),
  }
}

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i

function withTarget({ method, target, minor }: StartLine, meaning: RequestFields): RequestHead | FaultCode {
  const { host, hostName: name } = meaning
  // A fragment is never sent (RFC 9112 3.2); what one proxy cuts off, another routes by.
  if (target.includes('#')) return 'bad-target'
  if (target.charCodeAt(0) === 47) return { method, target, minor, meaning, host, hostName: name }
  if (target === '*')
    return method === 'OPTIONS' ? { method, target, minor, meaning, host, hostName: name } : 'bad-target'
  const absolute = ABSOLUTE.exec(target)
  const authority = absolute?.[1]
  if (authority === undefined || !isAuthority(authority)) return 'bad-target'
  // RFC 9112 3.2.2 would replace Host; a difference is an attempt to be read in two ways.
  if (host !== undefined && !authoritiesMatch(authority, host, target)) return 'host-mismatch'
  const rest = absolute?.[2] ?? ''
  const origin = rest === '' && method === 'OPTIONS' ? '*' : rest.startsWith('/') ? rest : `/${rest}`
  return { method, target: origin, minor, meaning, host: authority, hostName: hostName(authority) }
}
