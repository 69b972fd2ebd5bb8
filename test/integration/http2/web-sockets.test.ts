// WebSockets over HTTP/2 (RFC 8441), carried onto upstreams that know the handshake of HTTP/1.1 only.

import { createHash } from 'node:crypto'
import type { ClientHttp2Stream } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLOSE_STATUS, closeFrame } from '../../../src/websocket/frames.ts'
import { answerOf, H2Client } from '../../support/h2-client.ts'
import { BlockEncoder } from '../../support/http2/block-encoder.ts'
import { END_HEADERS, HEADERS, frame as rawFrame } from '../../support/http2/frames.ts'
import { RawH2 } from '../../support/http2/raw-h2.ts'
import { usePair } from '../../support/pair.ts'
import { ok } from '../../support/raw-answers.ts'
import type { Answer, UpstreamConnection } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { field } from '../../support/wire.ts'

const pair = usePair({ http2: true, config: { accessLog: true } })
let client: H2Client
beforeAll(async () => {
  client = new H2Client(pair.port)
  await until('the settings of vigia are there', () => client.session.remoteSettings?.enableConnectProtocol)
})
afterAll(() => client.close())

const CANCEL = 8
/** A text frame of a client, masked with zeros. */
const frame = (text: string) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])

const open = (path = '/socket', fields = {}) => {
  const stream = client.session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13', ...fields },
    { endStream: false },
  )
  stream.on('error', () => {})
  return stream
}

const acceptOf = (key: string) =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

/** Switches, and gives the connection to the test. */
function switching(connected: (connection: UpstreamConnection) => void, accept?: string): Answer {
  return async ({ connection, head }) => {
    const key = field(head, 'sec-websocket-key') ?? ''
    connection.takeOver()
    await connection.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept ?? acceptOf(key)}\r\n\r\n`,
    )
    connected(connection)
  }
}

async function opened(): Promise<{ stream: ClientHttp2Stream; upstream: UpstreamConnection; got: () => Buffer }> {
  let upstream: UpstreamConnection | undefined
  pair.upstream.answer = switching(connection => {
    upstream = connection
  })
  const stream = open()
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const status = await new Promise(resolve => stream.on('response', fields => resolve(fields[':status'])))
  expect(status).toBe(200)
  return { stream, upstream: upstream!, got: () => Buffer.concat(chunks) }
}

const headOf = ({ received }: UpstreamConnection) => received.subarray(0, received.indexOf('\r\n\r\n') + 4)

describe('an extended CONNECT', () => {
  test('is an upgrade to the upstream, and bytes pass both ways once it has switched', async () => {
    const { stream, upstream, got } = await opened()
    const head = headOf(upstream).toString()
    expect(head).toMatch(/^GET \/socket HTTP\/1\.1\r\n/)
    expect(head).toMatch(/\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/)
    expect(head).toMatch(/\r\nSec-WebSocket-Key: [A-Za-z0-9+/]{22}==\r\n/)
    stream.write(frame('up'))
    await upstream.when(({ received }) => received.includes('up'))
    await upstream.write(Buffer.from([0x81, 4, ...Buffer.from('down')]))
    await until('it came down', () => got().includes('down'))
    stream.end(closeFrame(CLOSE_STATUS.goingAway, '', Buffer.alloc(4)))
    await upstream.ended()
    expect(upstream.ending).toBe('fin')
    upstream.end()
    await new Promise(resolve => stream.on('close', resolve))
    expect(stream.rstCode).toBe(0)
  })

  test('brings what its client sent before it was open', async () => {
    let upstream: UpstreamConnection | undefined
    pair.upstream.answer = async arrival => {
      await until('the client has sent', () => stream.bufferSize === 0)
      await switching(connection => {
        upstream = connection
      })(arrival)
    }
    const stream = open()
    stream.write(frame('early'))
    await until('it is upstream', () => upstream?.received.includes('early'))
    stream.close(CANCEL)
  })

  test('that its client resets ends the connection upstream', async () => {
    const { stream, upstream } = await opened()
    stream.close(CANCEL)
    await upstream.ended()
  })

  test('whose client closes its connection without a word ends the connection upstream', async () => {
    let upstream: UpstreamConnection | undefined
    pair.upstream.answer = switching(connection => {
      upstream = connection
    })
    const raw = await RawH2.open(pair.port)
    const path = [':path', '/socket'] as const
    const fields = [[':method', 'CONNECT'], [':protocol', 'websocket'], [':scheme', 'http'], path] as const
    const block = new BlockEncoder().block([...fields, [':authority', 'a.example'], ['sec-websocket-version', '13']])
    await raw.send(rawFrame(HEADERS, END_HEADERS, 1, block))
    await raw.when('it is open', () => raw.of(HEADERS, 1).length > 0)
    raw.socket.end()
    await upstream!.ended()
    await raw.when('the client has gone too', () => raw.ending !== 'open')
  })

  test('whose upstream vanishes is reset', async () => {
    const { stream, upstream } = await opened()
    const closed = new Promise(resolve => stream.on('close', resolve))
    upstream.reset()
    await closed
    expect(stream.rstCode).toBe(CANCEL)
  })

  test('each has a key of its own, whatever its client says of one', async () => {
    const one = await opened()
    const first = headOf(one.upstream).toString()
    one.stream.close(CANCEL)
    const two = await opened()
    const second = headOf(two.upstream).toString()
    two.stream.close(CANCEL)
    const keyOf = (head: string) => /Sec-WebSocket-Key: (.*)\r/.exec(head)?.[1]
    expect(keyOf(first)).not.toBe(keyOf(second))
  })
})

describe('an upstream that does not switch', () => {
  test('but answers 200 has opened nothing: the client gets 502', async () => {
    pair.upstream.answer = async arrival => arrival.connection.write(ok('a page'))
    expect((await answerOf(open())).status).toBe(502)
  })

  test.each([101, 302, 404, 503])(
    'but answers %i is told as it is, unless that would be read as open',
    async status => {
      pair.upstream.answer = async arrival =>
        arrival.connection.write(`HTTP/1.1 ${status} No\r\nContent-Length: 2\r\n\r\nno`)
      expect((await answerOf(open())).status).toBe(status === 101 ? 502 : status)
    },
  )

  test('but answers with a wrong Sec-WebSocket-Accept has not read the key: the client gets 502', async () => {
    pair.upstream.answer = switching(() => {}, acceptOf('another key'))
    expect((await answerOf(open())).status).toBe(502)
  })
})

test('CONNECT for anything else is refused, and no other stream suffers', async () => {
  expect((await answerOf(open('/', { ':protocol': 'connect-udp' }))).status).toBe(501)
  expect((await client.get('/after')).status).toBe(200)
})
