// The part of the schema that describes how much, how many and how slowly a client may send.

import Type from 'typebox'
import { DEFAULTS } from '../defaults.ts'
import { SIZE_PATTERN } from '../units.ts'
import { described, duration, integer, section, size } from './schema-parts.ts'

const { limits } = DEFAULTS

export const limitsSchema = section(
  {
    head: Type.Optional(
      size(
        'Size. Largest head (start line and header fields) of a request or response; a larger request head is answered 431.',
        limits.head,
      ),
    ),
    headers: Type.Optional(integer(1, 10_000, 'Most header fields in a head.', limits.headers)),
    target: Type.Optional(
      size('Size. Longest request target (path and query); a longer one is answered 414.', limits.target),
    ),
    body: Type.Optional(size('Size. Largest request body; a larger one is answered 413.', limits.body, 'no limit')),
    connections: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most client connections at once, per listener and worker. As many again wait, unread, until others end; more than that are closed at once.',
        limits.connections,
      ),
    ),
    connectionsPerClient: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most connections of one client address (one /64 of IPv6) at once, over all listeners and workers; `trustedProxies` are exempt. Effect: more are closed at once. A browser opens up to six, and users behind one address share it. Default: no limit.',
      ),
    ),
    minRate: Type.Optional(
      Type.Union([Type.String({ pattern: SIZE_PATTERN }), Type.Integer({ minimum: 0, maximum: 1024 ** 3 })], {
        title: 'a size per second such as 128 or 1KiB, or 0 (no limit)',
        ...described(
          'Size per second, in bytes where it has no unit. Least mean rate at which a client sends a body or takes a response, over the time that vigia waits for it. Effect: a slower request is answered 408, a slower response is cut. 0 = no limit.',
          limits.minRate,
        ),
      }),
    ),
    minRateGrace: Type.Optional(
      duration(
        'Duration. How long vigia waits for a client in all before it judges by `minRate`.',
        limits.minRateGrace,
        'judges from the start',
      ),
    ),
  },
  'How much a client may send, and how slowly.',
)
