// Runs the codec over a byte stream in given splits, as a connection does, and tells what it read.

import { isBodiless, NO_LENGTH } from '../../../src/http/body.ts'
import type { FaultCode } from '../../../src/http/faults.ts'
import type { Fields } from '../../../src/http/fields.ts'
import type { RequestHead, ResponseHead } from '../../../src/http/heads.ts'
import type { HeadLimits, RequestLimits } from '../../../src/http/limits.ts'
import { BodyReader, UNTIL_CLOSE } from '../../../src/http1/body-reader.ts'
import type { Kind } from '../../../src/http1/field-section.ts'
import { HeadReader, NEEDS_MORE, REFUSED } from '../../../src/http1/head-reader.ts'
import { diagnoseRequestHead, parseRequestHead } from '../../../src/http1/request-head.ts'
import { diagnoseResponseHead, parseResponseHead } from '../../../src/http1/response-head.ts'

export const LIMITS: RequestLimits = { headBytes: 16_384, headerCount: 100, targetBytes: 8192 }

export interface ReadMessage<Head> {
  readonly head: Head
  body: string
  trailers: Fields | undefined
  complete: boolean
}

export interface ReadStream<Head> {
  readonly messages: readonly ReadMessage<Head>[]
  readonly fault: FaultCode | undefined
  /** The bytes end inside of a message: its verdict is still open. */
  readonly unfinished: boolean
}

export function readRequests(pieces: readonly Buffer[], limits: RequestLimits = LIMITS): ReadStream<RequestHead> {
  const memo = { section: '', meaning: undefined }
  return read(
    pieces,
    'request',
    limits,
    text => parseRequestHead(text, limits, memo),
    text => diagnoseRequestHead(text, limits),
    head => (head.meaning.length === NO_LENGTH ? 0 : head.meaning.length),
    ({ minor, meaning: { options } }) => options.close || (minor === 0 && !options.keepAlive),
  )
}

/** Responses to `method`; 1xx count as messages of their own. */
export function readResponses(
  pieces: readonly Buffer[],
  method = 'GET',
  limits: HeadLimits = LIMITS,
): ReadStream<ResponseHead> {
  const memo = { text: '', head: undefined }
  return read(
    pieces,
    'response',
    limits,
    text => parseResponseHead(text, limits, memo),
    text => diagnoseResponseHead(text, limits),
    head => (isBodiless(method, head.status) ? 0 : head.length === NO_LENGTH ? UNTIL_CLOSE : head.length),
    ({ minor, options }) => options.close || (minor === 0 && !options.keepAlive),
  )
}

function read<Head>(
  pieces: readonly Buffer[],
  kind: Kind,
  limits: HeadLimits,
  parse: (text: string) => Head | FaultCode,
  diagnose: (text: string) => FaultCode,
  lengthOf: (head: Head) => number,
  isLast: (head: Head) => boolean,
): ReadStream<Head> {
  const messages: ReadMessage<Head>[] = []
  const heads = new HeadReader(limits.headBytes)
  const body = new BodyReader(limits.headBytes, kind)
  const sink = {
    onBody(chunk: Buffer, start: number, end: number) {
      messages.at(-1)!.body += chunk.toString('latin1', start, end)
    },
  }
  for (const piece of pieces) {
    let at = 0
    while (at < piece.length) {
      const current = messages.at(-1)
      // The connection ends here; nobody reads what follows.
      if (current?.complete && isLast(current.head)) return { messages, fault: undefined, unfinished: true }
      if (current && !current.complete) {
        at = body.read(piece, at, sink)
        if (body.fault) return { messages, fault: body.fault, unfinished: false }
        if (body.done) finish(current, body)
        continue
      }
      at = heads.push(piece, at)
      if (at === NEEDS_MORE) break
      const head = at === REFUSED ? diagnose(heads.text) : parse(heads.text)
      if (typeof head === 'string') return { messages, fault: head as FaultCode, unfinished: false }
      const message: ReadMessage<Head> = { head, body: '', trailers: undefined, complete: false }
      messages.push(message)
      body.begin(lengthOf(head))
      if (body.done) finish(message, body)
    }
  }
  return { messages, fault: undefined, unfinished: heads.started || messages.at(-1)?.complete === false }
}

function finish(message: ReadMessage<unknown>, body: BodyReader): void {
  message.complete = true
  message.trailers = body.trailers
}

/** Cuts `bytes` at the given positions. */
export function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [...new Set(positions.map(position => position % (bytes.length + 1)))].sort((a, b) => a - b)
  const edges = [0, ...sorted, bytes.length]
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i]!, edge))
}

export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1')
