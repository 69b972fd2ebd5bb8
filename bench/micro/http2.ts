// The HTTP/2 codec: header blocks as a browser sends them, first and again; answers; and a whole request with its answer.

import type { ResponseHead } from '../../src/http/heads.ts'
import { parseResponseHead } from '../../src/http1/response-head.ts'
import { FrameWriter } from '../../src/http2/frame-writer.ts'
import { HeaderDecoder } from '../../src/http2/hpack/decoder.ts'
import { encodeStatus } from '../../src/http2/hpack/encoder.ts'
import { RequestHeads } from '../../src/http2/request-head.ts'
import { responseBlock } from '../../src/http2/response-block.ts'
import { ServerSession } from '../../src/http2/session.ts'
import type { SessionEvents } from '../../src/http2/session-events.ts'
import { Stream } from '../../src/http2/stream.ts'
import { WriteBuffers } from '../../src/http2/write-buffers.ts'
import { BlockEncoder, type Field } from '../../test/support/http2/block-encoder.ts'
import { END_HEADERS, END_STREAM, frame, HEADERS, OPENING, windowUpdate } from '../../test/support/http2/frames.ts'
import { browserHeaders } from '../scenarios/browser-headers.ts'
import { type MicroCase, ring } from './case.ts'

const limits = { headBytes: 16_384, headerCount: 100, targetBytes: 8192 }
const fields: readonly Field[] = [
  [':method', 'GET'],
  [':authority', 'erp.example.com'],
  [':scheme', 'https'],
  ...browserHeaders
    .filter(([name]) => name !== 'Host' && name !== 'Connection')
    .map(([name, value]): Field => [name.toLowerCase(), value]),
]
const encoder = new BlockEncoder()
const first = encoder.block([[':path', '/api/orders'], ...fields], 'indexed', true)
/** Browsers and nghttp2 index all but the path. */
const again = Array.from({ length: 8 }, (_, i) =>
  Buffer.concat([
    encoder.field([':path', `/api/orders/4821${i}`], 'plain', true),
    encoder.block(fields, 'indexed', true),
  ]),
)
const againAt = ring(again)
const answer = Buffer.alloc(150, 'x')
const date = new Date(0).toUTCString()
const heads = Array.from({ length: 8 }, (_, i) => responseHead(i))

function responseHead(i: number): ResponseHead {
  const text = `HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sun, 22 Nov 2026 01:00:0${i} GMT\r\nContent-Type: application/json\r\nContent-Length: 150\r\nConnection: keep-alive\r\n\r\n`
  const head = parseResponseHead(text, limits, { text: '', head: undefined })
  if (typeof head === 'string') throw new Error(`the benchmark's own response is refused: ${head}`)
  return head
}

const nothing = (): void => {}

function session(onRequest: (stream: Stream) => void, writer: FrameWriter): ServerSession<Stream> {
  const events: SessionEvents<Stream> = {
    openStream: (id, sendWindow, receiveWindow) => new Stream(id, sendWindow, receiveWindow),
    onRequest,
    onRequestFault: (_stream, fault) => {
      throw new Error(`the benchmark's own request is refused: ${fault}`)
    },
    onFault: fault => {
      throw new Error(`the benchmark's own connection is ended: ${fault}`)
    },
    ...{ onBody: nothing, onRequestEnd: nothing, onBodyFault: nothing, onReset: nothing },
    ...{ onWindow: nothing, onPong: nothing, onGoAway: nothing },
  }
  return new ServerSession(events, { ...limits, streams: 128, streamWindow: 65_535, connectionWindow: 65_535 }, writer)
}

export const http2Cases: readonly MicroCase[] = [
  {
    name: "http2: decode a connection's first request",
    run: times => {
      let sum = 0
      for (let i = 0; i < times; i++) {
        const decoder = new HeaderDecoder()
        decoder.decode(first, 0, first.length, limits)
        sum += decoder.count
      }
      return sum
    },
  },
  {
    name: 'http2: decode a request whose fields are known',
    run: times => {
      const decoder = new HeaderDecoder()
      decoder.decode(first, 0, first.length, limits)
      let sum = 0
      for (let i = 0; i < times; i++) {
        const block = againAt(i)
        decoder.decode(block, 0, block.length, limits)
        sum += decoder.count
      }
      return sum
    },
  },
  {
    name: 'http2: request head, memo hit',
    run: times => {
      const decoder = new HeaderDecoder()
      const requests = new RequestHeads()
      decoder.decode(first, 0, first.length, limits)
      decoder.decode(again[0]!, 0, again[0]!.length, limits)
      let sum = 0
      for (let i = 0; i < times; i++) {
        const head = requests.read(decoder.entries, decoder.count, true, limits.targetBytes)
        if (typeof head !== 'string') sum += head.target.length
      }
      return sum
    },
  },
  blocks('http2: header block of an answer, memo hit', () => heads[0]!),
  blocks('http2: header block of an answer, memo missed', i => {
    const head = heads[i % heads.length]!
    head.encoded = undefined
    return head
  }),
  {
    name: 'http2: a request and its answer, in memory',
    run: times => {
      const writer = new FrameWriter(new WriteBuffers())
      let bytes = 0
      const block = encodeStatus(200) + responseBlock(heads[0]!, false, date, 'id', '').slice(1)
      const server = session(stream => {
        server.headers(stream, block, false)
        server.data(stream, answer, 0, answer.length, true)
      }, writer)
      server.receive(OPENING, 0)
      server.receive(frame(HEADERS, END_HEADERS | END_STREAM, 1, first), 0)
      const frames = again.map(each => frame(HEADERS, END_HEADERS | END_STREAM, 0, each))
      const window = windowUpdate(0, 1_000_000)
      for (let i = 0; i < times; i++) {
        const request = frames[i % frames.length]!
        request.writeUInt32BE(2 * i + 3, 5)
        server.receive(request, i)
        if (i % 1000 === 0) server.receive(window, i)
        if (i % 16 === 0) {
          bytes += writer.take().length
          writer.release(true)
        }
      }
      return bytes
    },
  },
]

function blocks(name: string, headAt: (index: number) => ResponseHead): MicroCase {
  return {
    name,
    run: times => {
      let sum = 0
      for (let i = 0; i < times; i++) sum += responseBlock(headAt(i), false, date, `id-${i & 7}`, '').charCodeAt(20)
      return sum
    },
  }
}
