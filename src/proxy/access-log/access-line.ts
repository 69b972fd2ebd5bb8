// One access line as bytes of JSON, written straight into the chunk that goes to the log: no strings are put together, nothing is
// allocated. What repeats (the time, a client, an upstream with its pool, route and host, an end) is quoted once and remembered.

import { iso } from '../../util/words.ts'
import type { AccessEntry, AccessFacts } from './access-entry.ts'

type Origin = Pick<AccessEntry, 'listener' | 'protocol'>
type Destination = Pick<AccessEntry, 'route' | 'pool' | 'upstream' | 'method' | 'host'>
type Ending = Pick<AccessEntry, 'attempts' | 'proof' | 'cache' | 'end'>

interface Remembered<T> {
  readonly of: T
  readonly bytes: Uint8Array
}

/** `bytes` are those where there is no trace. */
interface RememberedEnding extends Remembered<Ending> {
  readonly beforeTrace: Uint8Array
}

/** Most remembered pieces of a kind; then all of them are forgotten. */
const REMEMBERED = 1024
/** Longest text that is remembered: hosts are up to clients. */
const REMEMBERED_CHARS = 512
/** Most bytes of a character of JSON: `\u0000`. */
const WIDEST = 6
/** All keys, the time and thirteen numbers. */
const FIXED_BYTES = 930

const BYTES_OUT = Buffer.from(',"bytesOut":')
const FIRST_BYTE = Buffer.from(',"firstByteMs":')
const TOTAL = Buffer.from(',"totalMs":')
const QUEUE = Buffer.from(',"queueMs":')
const CONNECT = Buffer.from(',"connectMs":')
/** The usual case: it did not wait, and rode a connection that was open. */
const NO_WAITS = Buffer.from(',"queueMs":0,"connectMs":0')
const CODINGS = {
  zstd: Buffer.from(',"coding":"zstd","bytesUncoded":'),
  br: Buffer.from(',"coding":"br","bytesUncoded":'),
  gzip: Buffer.from(',"coding":"gzip","bytesUncoded":'),
} as const
const GATHERING = Buffer.from(',"gatheringMs":')
const BUFFERED = Buffer.from(',"buffered":')
const UPSTREAM = Buffer.from(',"upstreamMs":')
const HELD = Buffer.from(',"held":"')
const QUOTE = 34
const END_OF_TRACE = Buffer.from('"}\n')

export class AccessLine {
  #beginMs = -1
  #begin: Uint8Array = BYTES_OUT
  readonly #clients = new Map<string, Remembered<Origin>>()
  readonly #destinations = new Map<string, Remembered<Destination>>()
  readonly #statuses: Uint8Array[] = []
  #ending: RememberedEnding = {
    of: { attempts: -1, proof: '', cache: '', end: '' },
    bytes: BYTES_OUT,
    beforeTrace: BYTES_OUT,
  }

  /** @returns bytes that the line takes at most */
  most({
    requestId,
    traceId,
    client,
    listener,
    route,
    pool,
    upstream,
    method,
    host,
    path,
    end,
    about,
  }: AccessFacts): number {
    const own =
      requestId.length +
      traceId.length +
      path.length +
      client.length +
      host.length +
      method.length +
      end.length +
      about.length
    return (own + listener.length + route.length + pool.length + upstream.length) * WIDEST + FIXED_BYTES
  }

  /**
   * Writes the line and its newline.
   * @param timeMs epoch ms
   * @returns where it ends
   */
  write(to: Buffer, start: number, timeMs: number, entry: AccessFacts, totalMs: number): number {
    let at = put(to, start, this.#beginOf(timeMs))
    at = text(to, at, entry.requestId)
    at = put(to, at, this.#clientOf(entry))
    at = put(to, at, this.#destinationOf(entry))
    at = text(to, at, entry.path)
    at = put(to, at, this.#statusOf(entry.status))
    at = whole(to, at, entry.bytesIn)
    at = put(to, at, BYTES_OUT)
    at = whole(to, at, entry.bytesOut)
    at = put(to, at, FIRST_BYTE)
    at = thousandths(to, at, entry.firstByteMs)
    at = put(to, at, TOTAL)
    at = thousandths(to, at, totalMs)
    const { queueMs, connectMs, traceId, about } = entry
    if (queueMs === 0 && connectMs === 0) at = put(to, at, NO_WAITS)
    else {
      at = put(to, at, QUEUE)
      at = thousandths(to, at, queueMs)
      at = put(to, at, CONNECT)
      at = thousandths(to, at, connectMs)
    }
    if (about !== '') at += to.write(about, at)
    if (entry.coding !== '') {
      at = put(to, at, CODINGS[entry.coding])
      at = whole(to, at, entry.bytesUncoded)
    }
    if (entry.gatheringMs > 0) at = thousandths(to, put(to, at, GATHERING), entry.gatheringMs)
    if (entry.bufferedBytes > 0) {
      at = whole(to, put(to, at, BUFFERED), entry.bufferedBytes)
      at = thousandths(to, put(to, at, UPSTREAM), entry.upstreamMs)
    }
    if (entry.held !== '') {
      at = text(to, put(to, at, HELD), entry.held)
      to[at] = QUOTE
      at += 1
    }
    const ending = this.#endingOf(entry)
    if (traceId === '') return put(to, at, ending.bytes)
    at = put(to, at, ending.beforeTrace)
    at = text(to, at, traceId)
    return put(to, at, END_OF_TRACE)
  }

  #beginOf(timeMs: number): Uint8Array {
    if (timeMs === this.#beginMs) return this.#begin
    this.#beginMs = timeMs
    this.#begin = Buffer.from(`{"type":"access","time":"${iso(timeMs)}","requestId":"`)
    return this.#begin
  }

  #clientOf({ client, listener, protocol }: AccessFacts): Uint8Array {
    const known = this.#clients.get(client)
    if (known !== undefined && known.of.listener === listener && known.of.protocol === protocol) return known.bytes
    const bytes = Buffer.from(`","client":${quoted(client)},"listener":${quoted(listener)},"protocol":"${protocol}",`)
    if (bytes.length <= REMEMBERED_CHARS) remember(this.#clients, client, { of: { listener, protocol }, bytes })
    return bytes
  }

  #destinationOf({ route, pool, upstream, method, host }: AccessFacts): Uint8Array {
    const known = this.#destinations.get(upstream)
    if (known !== undefined) {
      const { of, bytes } = known
      // The names are the same strings each time; the host and the method are, as long as a connection repeats its fields.
      if (of.host === host && of.route === route && of.method === method && of.pool === pool) return bytes
    }
    const bytes = Buffer.from(
      `"route":${quoted(route)},"pool":${quoted(pool)},"upstream":${quoted(upstream)},"method":${quoted(method)},"host":${quoted(host)},"path":"`,
    )
    if (bytes.length <= REMEMBERED_CHARS)
      remember(this.#destinations, upstream, { of: { route, pool, upstream, method, host }, bytes })
    return bytes
  }

  #statusOf(status: number): Uint8Array {
    this.#statuses[status] ??= Buffer.from(`","status":${status},"bytesIn":`)
    return this.#statuses[status]
  }

  #endingOf({ attempts, proof, cache, end }: AccessFacts): RememberedEnding {
    const { of } = this.#ending
    if (of.attempts === attempts && of.proof === proof && of.cache === cache && of.end === end) return this.#ending
    const cached = cache === '' ? '' : `,"cache":${quoted(cache)}`
    const beforeTrace = Buffer.from(
      `,"attempts":${attempts},"proof":${quoted(proof)}${cached},"end":${quoted(end)},"traceId":"`,
    )
    const bytes = Buffer.concat([beforeTrace, END_OF_TRACE])
    this.#ending = { of: { attempts, proof, cache, end }, beforeTrace, bytes }
    return this.#ending
  }
}

function remember<T>(pieces: Map<string, Remembered<T>>, key: string, piece: Remembered<T>): void {
  if (pieces.size >= REMEMBERED) pieces.clear()
  pieces.set(key, piece)
}

function put(to: Buffer, at: number, bytes: Uint8Array): number {
  to.set(bytes, at)
  return at + bytes.length
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function quoted(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value)
}

/** What is between the quotes. */
function text(to: Buffer, at: number, value: string): number {
  return at + (PLAIN.test(value) ? to.write(value, at, 'latin1') : to.write(JSON.stringify(value).slice(1, -1), at))
}

/** Up to here the arithmetic of 32 bits will do. */
const SMALL = 2 ** 31
const ZERO = 48
const POINT = 46

function whole(to: Buffer, at: number, value: number): number {
  if (value >= SMALL) return at + to.write(String(value), at, 'latin1')
  let left = value | 0
  let digits = 1
  for (let rest = left; rest >= 10; rest = (rest / 10) | 0) digits += 1
  for (let i = at + digits - 1; i >= at; i -= 1) {
    const next = (left / 10) | 0
    to[i] = ZERO + left - next * 10
    left = next
  }
  return at + digits
}

/** Milliseconds with three decimals. */
function thousandths(to: Buffer, at: number, ms: number): number {
  if (ms === 0) return whole(to, at, 0)
  const us = Math.round(ms * 1000)
  if (us >= SMALL) return at + to.write(String(us / 1000), at, 'latin1')
  const wholeMs = (us / 1000) | 0
  const rest = us - wholeMs * 1000
  const end = whole(to, at, wholeMs)
  const hundreds = (rest / 100) | 0
  const tens = ((rest / 10) | 0) - hundreds * 10
  to[end] = POINT
  to[end + 1] = ZERO + hundreds
  to[end + 2] = ZERO + tens
  to[end + 3] = ZERO + rest - hundreds * 100 - tens * 10
  return end + 4
}
