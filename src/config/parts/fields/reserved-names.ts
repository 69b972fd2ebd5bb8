// Fields that no configuration sets, removes or keeps, each with the reason: what HTTP itself needs, and what vigia says.

import { FIELD, fieldOf } from '../../../http/field-names.ts'

export type Way = 'request' | 'response'

const FRAMING = 'says how the message is framed, which is the business of each connection'
const HOP = 'is for one connection only, and never passed on'
const HANDSHAKE = 'is part of the handshake of a WebSocket'
const CODING = 'says how the body is coded, and what the body is can not be changed here'
const ID = 'tells requests apart in logs of vigia and upstreams; that of a trusted proxy is taken over'
const FORWARDING =
  'is what vigia says of the client; that of a proxy in front of vigia is believed where it is in trustedProxies'
const CONDITION = 'asks by what a client has already, which differs from client to client'

const SPECIAL: Readonly<Record<number, string>> = {
  [FIELD.contentLength]: FRAMING,
  [FIELD.transferEncoding]: FRAMING,
  [FIELD.trailer]: FRAMING,
  [FIELD.connection]: HOP,
  [FIELD.keepAlive]: HOP,
  [FIELD.upgrade]: HOP,
  [FIELD.te]: HOP,
  [FIELD.hopByHop]: HOP,
  [FIELD.requestId]: ID,
  [FIELD.expect]: HOP,
  [FIELD.maxForwards]: 'counts the proxies that a request passes',
  [FIELD.cdnLoop]: 'has the mark by which vigia knows a request that comes back',
}
const SET_ONLY: Readonly<Record<Way, Readonly<Record<number, string>>>> = {
  request: {
    [FIELD.forwardedFor]: FORWARDING,
    [FIELD.forwardedHost]: FORWARDING,
    [FIELD.forwardedProto]: FORWARDING,
    [FIELD.forwarded]: FORWARDING,
    [FIELD.realIp]: FORWARDING,
    [FIELD.via]: 'is set by headers.via at the top level',
  },
  response: {},
}
const OF_WAY: Readonly<Record<Way, Readonly<Record<number, string>>>> = {
  request: {
    [FIELD.host]: 'goes to upstreams as the client sent it: applications choose their site and make their links by it',
  },
  response: {
    [FIELD.date]: 'is the time of the answer, and added where an upstream gives none',
    [FIELD.hsts]: 'is set by listeners[].tls.hsts, for the connections to which it may be said',
  },
}
const OTHERS: Readonly<Record<Way, Readonly<Record<string, string>>>> = {
  request: {},
  response: { 'content-encoding': CODING, 'content-range': CODING },
}
const OTHERS_SET: Readonly<Record<Way, Readonly<Record<string, string>>>> = {
  request: {
    'x-forwarded-port': FORWARDING,
    'content-encoding': CODING,
    range: CONDITION,
    'if-range': CONDITION,
    'if-match': CONDITION,
    'if-none-match': CONDITION,
    'if-modified-since': CONDITION,
    'if-unmodified-since': CONDITION,
  },
  response: { 'set-cookie': "would take the place of all of the application's own cookies" },
}

/** @param name a field name, or the beginning of some and a * @returns undefined where it may be said */
export function whyReserved(name: string, way: Way, isSet: boolean): string | undefined {
  const lower = name.toLowerCase()
  const kind = fieldOf(lower)
  const always = SPECIAL[kind] ?? OF_WAY[way][kind] ?? OTHERS[way][lower]
  if (always !== undefined) return always
  if (lower.startsWith('sec-websocket-')) return HANDSHAKE
  return isSet ? (SET_ONLY[way][kind] ?? OTHERS_SET[way][lower]) : undefined
}
