// A request head: from text to its parts, strictly (RFC 9112 3 and 5, RFC 9110 4.2 and 7). Refuses rather than repairs.

import { authoritiesMatch, hostName, isAuthority, withoutEmptyPort } from '../http/authority.ts'
import { CHUNKED } from '../http/body.ts'
import type { FaultCode } from '../http/faults.ts'
import { FIELD } from '../http/field-names.ts'
import { type Fields, firstValue } from '../http/fields.ts'
import type { RequestFields, RequestHead } from '../http/heads.ts'
import type { RequestLimits } from '../http/limits.ts'
import { bringsLogin } from '../http/login-schemes.ts'
import { expectsContinue, isConnect, isRepeated, METHOD_CHARS, maxForwards } from '../http/request-rules.ts'
import { countsHops } from '../policy/request/method-class.ts'
import { connectionOptionsOf } from './connection-options.ts'
import { diagnoseFields, parseFields } from './field-section.ts'
import { framingOf } from './framing.ts'
import { badBreak, upToBadBreak } from './line-breaks.ts'

const START_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/(\d)\.(\d)$/
const METHOD_AND_TARGET = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ ([^ ]*)/

/** The last field section of a connection: clients repeat theirs, and comparing is cheaper than parsing. */
export interface RequestMemo {
  section: string
  meaning: RequestFields | undefined
}

/** @param text a whole head with its final empty line, one character a byte (latin1) */
export function parseRequestHead(text: string, limits: RequestLimits, memo: RequestMemo): RequestHead | FaultCode {
  const lineEnd = text.indexOf('\r\n')
  const section = text.slice(lineEnd + 2)
  let meaning = memo.meaning
  const first = startLine(text, lineEnd, limits)
  if (typeof first === 'string') return diagnoseRequestHead(text, limits)
  if (meaning === undefined || section !== memo.section) {
    const fields = parseFields(section, limits.headerCount, 'request')
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
  // Who counts hops and can't be understood must not be passed on: that may be a loop.
  if (meaning.maxForwards !== undefined && countsHops(first.method) && Number.isNaN(meaning.maxForwards))
    return 'bad-field'
  return withTarget(first, meaning)
}

/** The first fault, in the order of the bytes, of a head that is malformed, cut off by a bad line break, or too large. */
export function diagnoseRequestHead(whole: string, limits: RequestLimits): FaultCode {
  const text = upToBadBreak(whole)
  const lineEnd = text.indexOf('\r\n')
  if (lineEnd < 0) {
    const target = METHOD_AND_TARGET.exec(text)?.[1] ?? ''
    if (target.length > limits.targetBytes) return 'target-too-long'
    return badBreak(text, 0) < 0 ? 'head-too-large' : 'bad-line-break'
  }
  const first = startLine(text, lineEnd, limits)
  if (typeof first === 'string') return first
  return diagnoseFields(text.slice(lineEnd + 2), limits.headerCount, 'request') ?? 'head-too-large'
}

interface StartLine {
  readonly method: string
  readonly target: string
  readonly minor: 0 | 1
}

function startLine(text: string, lineEnd: number, limits: RequestLimits): StartLine | FaultCode {
  const line = text.slice(0, lineEnd)
  const match = START_LINE.exec(line)
  if (!match) {
    const target = METHOD_AND_TARGET.exec(line)?.[1] ?? ''
    if (target.length > limits.targetBytes) return 'target-too-long'
    return 'bad-start-line'
  }
  const target = match[2]!
  if (target.length > limits.targetBytes) return 'target-too-long'
  if (match[3] !== '1') return 'bad-version'
  const method = match[1]!
  if (method.length > METHOD_CHARS || isConnect(method)) return 'unknown-method'
  // Every HTTP/1.x after 1.1 is read as 1.1 (RFC 9110 2.5).
  return { method, target, minor: match[4] === '0' ? 0 : 1 }
}

function meaningOf(fields: Fields, minor: 0 | 1): RequestFields | FaultCode {
  const sent = firstValue(fields, FIELD.host)
  if (sent !== undefined) {
    if (isRepeated(fields, FIELD.host) || !isAuthority(sent)) return 'bad-host'
  } else if (minor === 1) return 'bad-host'
  const host = sent && withoutEmptyPort(sent)
  const length = framingOf(fields, minor)
  if (typeof length === 'string') return length
  const continues = expectsContinue(fields)
  if (continues === undefined) return 'unknown-expectation'
  return {
    fields,
    host,
    hostName: host === undefined ? '' : hostName(host),
    length,
    options: connectionOptionsOf(fields),
    expectsContinue: continues,
    login: bringsLogin(fields),
    maxForwards: maxForwards(fields),
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
  const sent = absolute?.[1]
  if (sent === undefined || !isAuthority(sent)) return 'bad-target'
  const authority = withoutEmptyPort(sent)
  // RFC 9112 3.2.2 would replace Host; a difference is an attempt to be read in two ways.
  if (host !== undefined && !authoritiesMatch(authority, host, target)) return 'host-mismatch'
  const rest = absolute?.[2] ?? ''
  const origin = rest === '' && method === 'OPTIONS' ? '*' : rest.startsWith('/') ? rest : `/${rest}`
  return { method, target: origin, minor, meaning, host: authority, hostName: hostName(authority) }
}
