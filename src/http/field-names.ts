// The field names that a proxy treats specially, each with a small number to switch on. Every other name is OTHER.

export const FIELD = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  expect: 6,
  keepAlive: 7,
  te: 8,
  trailer: 9,
  /** Proxy-Connection, Proxy-Authorization, Proxy-Authenticate, HTTP2-Settings: hop-by-hop, of no use to vigia. */
  hopByHop: 10,
  forwardedFor: 11,
  forwardedHost: 12,
  forwardedProto: 13,
  forwarded: 14,
  realIp: 15,
  requestId: 16,
  via: 17,
  cookie: 18,
  accept: 19,
  contentType: 20,
  traceparent: 21,
  authorization: 22,
  date: 23,
  maxForwards: 24,
  cdnLoop: 25,
  hsts: 26,
  /** X-Vigia-Held: of a request that was held. */
  held: 27,
} as const
export type Field = (typeof FIELD)[keyof typeof FIELD]

const SPELLINGS: readonly (readonly [string, Field])[] = [
  ['Host', FIELD.host],
  ['Connection', FIELD.connection],
  ['Content-Length', FIELD.contentLength],
  ['Transfer-Encoding', FIELD.transferEncoding],
  ['Upgrade', FIELD.upgrade],
  ['Expect', FIELD.expect],
  ['Keep-Alive', FIELD.keepAlive],
  ['TE', FIELD.te],
  ['Trailer', FIELD.trailer],
  ['Proxy-Connection', FIELD.hopByHop],
  ['Proxy-Authorization', FIELD.hopByHop],
  ['Proxy-Authenticate', FIELD.hopByHop],
  ['HTTP2-Settings', FIELD.hopByHop],
  ['X-Forwarded-For', FIELD.forwardedFor],
  ['X-Forwarded-Host', FIELD.forwardedHost],
  ['X-Forwarded-Proto', FIELD.forwardedProto],
  ['Forwarded', FIELD.forwarded],
  ['X-Real-IP', FIELD.realIp],
  ['X-Request-Id', FIELD.requestId],
  ['Via', FIELD.via],
  ['Cookie', FIELD.cookie],
  ['Accept', FIELD.accept],
  ['Content-Type', FIELD.contentType],
  ['Traceparent', FIELD.traceparent],
  ['Authorization', FIELD.authorization],
  ['Date', FIELD.date],
  ['Max-Forwards', FIELD.maxForwards],
  ['CDN-Loop', FIELD.cdnLoop],
  ['Strict-Transport-Security', FIELD.hsts],
  ['X-Vigia-Held', FIELD.held],
]

const BY_NAME = new Map<string, Field>()
for (const [name, field] of SPELLINGS) {
  BY_NAME.set(name, field)
  BY_NAME.set(name.toLowerCase(), field)
}

/** Which special field `name` is, in any spelling. */
export function fieldOf(name: string): Field {
  const known = BY_NAME.get(name)
  if (known !== undefined) return known
  // Shortest special name: 2, longest: 25. Anything else needs no lower-casing.
  return name.length > 25 ? FIELD.other : (BY_NAME.get(name.toLowerCase()) ?? FIELD.other)
}
