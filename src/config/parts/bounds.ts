// What is bounded for clients and exchanges: how much may be sent, how many, how slowly, and how long vigia waits for what.

import Type, { type Static } from 'typebox'
import type { Limits, MinRatePlan, Timeouts } from '../../plan/bounds.ts'
import type { PoolLimits } from '../../plan/pool.ts'
import { type Around, inherited, type Otherwises } from '../forms/otherwise.ts'
import { error, type Finding, type Path, warning } from '../forms/problem.ts'
import { described, duration, integer, section, size } from '../forms/schema-blocks.ts'
import { parseDuration, parseSize, SIZE_PATTERN } from '../forms/units.ts'

const LIMITS = {
  head: '16KiB',
  headers: 100,
  target: '8KiB',
  body: '128MiB',
  /** Bytes per second: nobody who uses an ERP is slower, and a slow attack needs many more connections for it. */
  minRate: 128,
  minRateGrace: '30s',
  compressions: 256,
} as const
const TIMEOUTS = {
  head: '10s',
  connect: '3s',
  response: '60s',
  idle: '60s',
  tunnel: '1h',
  keepAlive: '75s',
  halfClosed: '500ms',
} as const
/** What browsers open to one host over HTTP/1.1. */
const BROWSER_CONNECTIONS = 6
/** What a poor mobile line still carries. */
const HIGH_MIN_RATE = 16 * 1024
const LEAST_MEMORY_BYTES = 64 * 1024 ** 2
/** A size of 0 in the document: larger than anything that can be sent, so that nobody needs a special case. */
const NO_LIMIT_BYTES = Number.MAX_SAFE_INTEGER

export const limitsSchema = section(
  {
    head: Type.Optional(
      size(
        'Size. Largest head (start line and header fields) of a request or response; a larger request head is answered 431, a larger response head 502. For responses a pool may have its own. With Negotiate (SPNEGO), the token of a user in many groups takes 20 KB and more: 64KiB.',
        LIMITS.head,
      ),
    ),
    headers: Type.Optional(
      integer(1, 10_000, 'Most header fields in a head. For responses a pool may have its own.', LIMITS.headers),
    ),
    target: Type.Optional(
      size('Size. Longest request target (path and query); a longer one is answered 414.', LIMITS.target),
    ),
    body: Type.Optional(size('Size. Largest request body; a larger one is answered 413.', LIMITS.body, 'no limit')),
    connections: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most client connections at once, per listener and worker. As many again wait, unread, until others end; more than that are closed at once. Fewer where the descriptors of the process (ulimit -n) would not last for these clients, their upstreams, probes and the admin listener: the log and `clients` in /status say so. Default: 10000.',
      ),
    ),
    connectionsPerClient: Type.Optional(
      integer(
        1,
        1_000_000,
        'Most connections of one client address (one /64 of IPv6) at once, over all listeners and workers; `trustedProxies` are exempt. Effect: more are closed at once. A browser opens up to six, and users behind one address share it. Default: no limit.',
      ),
    ),
    memory: Type.Optional(
      size(
        'Size, from 64MiB. Most memory of the whole process (resident set). Effect: beyond it the worker that holds most is drained and replaced, one a minute at most, where that gives enough back; log, events and metrics say so. The heap of each worker is bounded by an even share of it, at most 1 GiB; one that comes near is drained and replaced as well. Default: 80% of what the container, or the machine, has.',
        undefined,
      ),
    ),
    minRate: Type.Optional(
      Type.Union([Type.String({ pattern: SIZE_PATTERN }), Type.Integer({ minimum: 0, maximum: 1024 ** 3 })], {
        title: 'a size per second such as 128 or 1KiB, or 0 (no limit)',
        ...described(
          'Size per second, in bytes where it has no unit. Least mean rate at which a client sends a body or takes a response, over the time that vigia waits for it. Effect: a slower request is answered 408, a slower response is cut. 0 = no limit.',
          LIMITS.minRate,
        ),
      }),
    ),
    minRateGrace: Type.Optional(
      duration(
        'Duration. How long vigia waits for a client in all before it judges by `minRate`.',
        LIMITS.minRateGrace,
        'judges from the start',
      ),
    ),
    compressions: Type.Optional(
      integer(
        0,
        100_000,
        'Most answers that one worker compresses at once while they come; each takes 0.4 MiB, at the levels balanced and small up to 1.2 and 3 MiB. Effect: further ones are sent as they are (`vigia_compressions_refused_total`); event streams and routes with `longPoll` get at most half of them. Answers of up to 8 KiB are compressed in any case.',
        LIMITS.compressions,
      ),
    ),
  },
  'How much a client may send, and how slowly.',
)

/** Of the answers of a pool. */
export const poolLimitsSchema = section(
  {
    head: Type.Optional(
      size(
        "Size. Largest head (status line and header fields) of an upstream's answer. Effect: one with a larger head is not passed on; the client is answered 502, and the log says which field is so large. Default: the top-level `limits.head`.",
        undefined,
      ),
    ),
    headers: Type.Optional(
      integer(
        1,
        10_000,
        "Most header fields in the head of an upstream's answer. Effect: one with more is not passed on; the client is answered 502. Default: the top-level `limits.headers`.",
      ),
    ),
  },
  "How large the heads of the upstreams' answers may be.",
)

/** Deadlines that a route may override. */
const routeTimeoutKeys = {
  connect: Type.Optional(
    duration('Duration. To establish a connection to an upstream, TLS included.', TIMEOUTS.connect, 'no limit'),
  ),
  response: Type.Optional(
    duration(
      "Duration. From the end of the sent request to the first byte of the upstream's answer; long reports need long ones.",
      TIMEOUTS.response,
      'no limit',
    ),
  ),
  idle: Type.Optional(
    duration(
      'Duration. Between two movements of body bytes, in either direction; also of an upgraded connection once one side has finished sending, and of one in which bytes wait of which their receiver takes none. Effect: the request fails, the connection is closed (a WebSocket with 1012).',
      TIMEOUTS.idle,
      'no limit',
    ),
  ),
  tunnel: Type.Optional(
    duration(
      'Duration. Between two movements of bytes in an upgraded connection (WebSocket).',
      TIMEOUTS.tunnel,
      'no limit',
    ),
  ),
  keepAlive: Type.Optional(
    duration(
      "Duration. How long a client's connection may stay idle between two requests.",
      TIMEOUTS.keepAlive,
      'no limit',
    ),
  ),
  halfClosed: Type.Optional(
    duration(
      'Duration. How long a client that closed its sending side still gets its answer before it counts as gone.',
      TIMEOUTS.halfClosed,
      'no limit',
    ),
  ),
}

export const timeoutsSchema = section(
  {
    head: Type.Optional(
      duration("Duration. From a request's first byte to the end of its head.", TIMEOUTS.head, 'no limit'),
    ),
    ...routeTimeoutKeys,
  },
  'Deadlines; a route may override all but `head`.',
)

export const routeTimeoutsSchema = section(
  routeTimeoutKeys,
  'Deadlines of this route; what is not given here is taken from the top-level `timeouts`.',
)

type LimitsDocument = Static<typeof limitsSchema>
type PoolLimitsDocument = Static<typeof poolLimitsSchema>
type TimeoutsDocument = Static<typeof timeoutsSchema>

/** Such as a browser meets without doing wrong, and keys without effect. */
export function* checkLimits(limits: LimitsDocument | undefined): Iterable<Finding> {
  const at: Path = ['limits']
  if ((limits?.connectionsPerClient ?? BROWSER_CONNECTIONS) < BROWSER_CONNECTIONS) {
    yield warning(
      [...at, 'connectionsPerClient'],
      `one browser opens up to ${BROWSER_CONNECTIONS} connections: pages would load in part only`,
    )
  }
  const memory = limits?.memory === undefined ? undefined : parseSize(limits.memory)!
  if (memory !== undefined && memory < LEAST_MEMORY_BYTES) {
    yield error([...at, 'memory'], 'is less than vigia needs to run, expected 64MiB or more')
  }
  const rate = minRateOf(limits)
  if (rate > HIGH_MIN_RATE) {
    yield warning([...at, 'minRate'], 'users on a poor line are slower than that: their transfers would be cut')
  }
  if (rate === 0 && limits?.minRateGrace !== undefined) {
    yield warning([...at, 'minRateGrace'], 'has no effect with minRate: 0', 'key')
  }
}

export function* checkTimeouts(timeouts: TimeoutsDocument | undefined): Iterable<Finding> {
  yield* checkResponseTimeout(timeouts, ['timeouts'])
  if (isZero(timeouts?.head))
    yield warning(['timeouts', 'head'], 'without a limit clients that send slowly can hold every connection')
  if (isZero(timeouts?.connect))
    yield warning(
      ['timeouts', 'connect'],
      'without a limit a request waits as long as the system tries to connect, minutes',
    )
}

/** The same for those of a route. */
export function* checkResponseTimeout(timeouts: TimeoutsDocument | undefined, at: Path): Iterable<Finding> {
  if (isZero(timeouts?.response))
    yield warning(
      [...at, 'response'],
      'without a limit a request to an upstream that hangs waits until its client gives up',
    )
}

function isZero(value: string | number | undefined): boolean {
  return value !== undefined && parseDuration(value) === 0
}

export function compileLimits(limits: LimitsDocument | undefined): Limits {
  return {
    headBytes: parseSize(limits?.head ?? LIMITS.head)!,
    headerCount: limits?.headers ?? LIMITS.headers,
    targetBytes: parseSize(limits?.target ?? LIMITS.target)!,
    bodyBytes: parseBodySize(limits?.body ?? LIMITS.body),
    connections: limits?.connections,
    connectionsPerClient: limits?.connectionsPerClient,
    memoryBytes: limits?.memory === undefined ? undefined : parseSize(limits.memory)!,
    compressions: limits?.compressions ?? LIMITS.compressions,
    minRate: compileMinRate(limits),
  }
}

/** What differs from those of the top level; undefined = nothing. */
export function compilePoolLimits(limits: PoolLimitsDocument | undefined, otherwise: Limits): PoolLimits | undefined {
  const headBytes = limits?.head === undefined ? otherwise.headBytes : parseSize(limits.head)!
  const headerCount = limits?.headers ?? otherwise.headerCount
  const own = {
    ...(headBytes === otherwise.headBytes ? {} : { headBytes }),
    ...(headerCount === otherwise.headerCount ? {} : { headerCount }),
  }
  return Object.keys(own).length === 0 ? undefined : own
}

/** Bytes of the largest body that this size lets through. */
export function parseBodySize(size: string | number): number {
  return parseSize(size)! || NO_LIMIT_BYTES
}

function compileMinRate(limits: LimitsDocument | undefined): MinRatePlan | undefined {
  const bytesPerSecond = minRateOf(limits)
  if (bytesPerSecond === 0) return undefined
  return { bytesPerSecond, graceMs: parseDuration(limits?.minRateGrace ?? LIMITS.minRateGrace)! }
}

/** Bytes per second; 0 = no limit. */
function minRateOf(limits: LimitsDocument | undefined): number {
  const rate = limits?.minRate ?? LIMITS.minRate
  return typeof rate === 'number' ? rate : parseSize(rate)!
}

const NO_TIMEOUTS = { headMs: 0, connectMs: 0, responseMs: 0, idleMs: 0, tunnelMs: 0, keepAliveMs: 0, halfClosedMs: 0 }
const DEFAULT_TIMEOUTS = compileTimeouts(TIMEOUTS, NO_TIMEOUTS)

/** @param otherwise where one is not given */
export function compileTimeouts(given?: TimeoutsDocument, otherwise: Timeouts = DEFAULT_TIMEOUTS): Timeouts {
  if (given === undefined) return otherwise
  const ms = (value: string | number | undefined, fallback: number) =>
    value === undefined ? fallback : parseDuration(value)!
  return {
    headMs: ms(given.head, otherwise.headMs),
    connectMs: ms(given.connect, otherwise.connectMs),
    responseMs: ms(given.response, otherwise.responseMs),
    idleMs: ms(given.idle, otherwise.idleMs),
    tunnelMs: ms(given.tunnel, otherwise.tunnelMs),
    keepAliveMs: ms(given.keepAlive, otherwise.keepAliveMs),
    halfClosedMs: ms(given.halfClosed, otherwise.halfClosedMs),
  }
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_BOUNDS: Otherwises = {
  ...Object.fromEntries(
    Object.keys(routeTimeoutKeys).map(key => [
      `routes[].timeouts.${key}`,
      (around: Around) => inherited(around, ['timeouts', key]),
    ]),
  ),
  'routes[].maxBody': around => inherited(around, ['limits', 'body']),
  'pools.*.limits.head': around => inherited(around, ['limits', 'head']),
  'pools.*.limits.headers': around => inherited(around, ['limits', 'headers']),
}
