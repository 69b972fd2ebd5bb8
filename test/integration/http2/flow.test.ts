// Backpressure of HTTP/2 in both directions: by stream, by connection, and by the socket. Nobody's slowness is another stream's.

import { afterEach, describe, expect, test } from 'vitest'
import {
  data,
  END_STREAM,
  PREFACE,
  RST_STREAM,
  settings,
  WINDOW_UPDATE,
  windowUpdate,
} from '../../support/http2/frames.ts'
import { RawH2 } from '../../support/http2/raw-h2.ts'
import { usePair } from '../../support/pair.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'
import { IN_TIME, until } from '../../support/until.ts'

const IDLE_MS = 1500
const pair = usePair({ http2: true, config: { timeouts: { idle: `${IDLE_MS}ms` } } })
let client: RawH2
afterEach(() => client.close())

const CANCEL = 8
const INITIAL_WINDOW = 4
const FRAME = 16_384
const CONNECTION_WINDOW = 65_535
const LARGE = 1_000_000
const large = (letter: string) => letter.repeat(LARGE)

/** Windows of the client's streams; that of its connection stays at 65,535 until it says otherwise. */
const opening = (streamWindow: number) => Buffer.concat([PREFACE, settings([INITIAL_WINDOW, streamWindow])])

/** `/large/X` is answered with a million X, anything else at once. */
function serveLarge(): void {
  pair.upstream.answer = async arrival => {
    if (!arrival.target.startsWith('/large/')) return answerOk(arrival)
    await arrival.whole()
    await arrival.connection.write(ok(large(arrival.target.at(-1)!)))
  }
}

describe('an answer', IN_TIME, () => {
  test('goes as far as the stream’s window, and on when it grows; others pass it meanwhile', async () => {
    serveLarge()
    client = await RawH2.open(pair.port, opening(10_000))
    await client.send(client.request(1, '/large/a'))
    await client.when('the window is used up', () => client.body(1).bytes.length === 10_000)
    await client.send(client.request(3, '/small'))
    expect(await client.answered(3)).toBe('GET /small')
    expect(client.body(1).bytes.length).toBe(10_000)
    await client.send(windowUpdate(0, LARGE), windowUpdate(1, LARGE))
    expect(await client.answered(1)).toBe(large('a'))
  })

  test('shares the connection’s window with the others, frame by frame', async () => {
    serveLarge()
    client = await RawH2.open(pair.port, opening(2 * LARGE))
    await client.send(client.request(1, '/large/a'))
    await client.when('the window is used up', () => client.body(1).bytes.length === CONNECTION_WINDOW)
    await client.send(client.request(3, '/large/b'), client.request(5, '/large/c'))
    await client.when('their heads are there', () => client.of(1).length === 3)
    await until('their bodies are there', () => pair.upstream.connections.length === 3)
    const before = client.body(1).bytes.length
    for (let grants = 0; client.body(3).bytes.length < 8 * FRAME; grants += 1) {
      const had = client.of(0).length
      await client.send(windowUpdate(0, 3 * FRAME))
      await client.when('it is used up', () => client.of(0).length >= had + 3)
      expect(grants).toBeLessThan(40)
    }
    const [a, b, c] = [client.body(1).bytes.length - before, client.body(3).bytes.length, client.body(5).bytes.length]
    // Whoever came first has had one turn more, and those that come late miss a few.
    expect(Math.max(a, b, c) - Math.min(a, b, c)).toBeLessThan(a / 2)
    await client.send(windowUpdate(0, 3 * LARGE))
    expect([await client.answered(1), await client.answered(3), await client.answered(5)]).toEqual(
      ['a', 'b', 'c'].map(large),
    )
  })

  test('that its client takes nothing of is cut after timeouts.idle, and the connection goes on', async () => {
    serveLarge()
    client = await RawH2.open(pair.port, opening(0))
    await client.send(client.request(1, '/large/a'))
    await client.when('it is reset', () => client.of(RST_STREAM, 1).length === 1)
    expect(client.body(1).bytes.length).toBe(0)
    await client.send(settings([INITIAL_WINDOW, 1000]), client.request(3, '/small'))
    expect(await client.answered(3)).toBe('GET /small')
  })

  test('that is complete here, but not taken, is given up after timeouts.idle', async () => {
    client = await RawH2.open(pair.port, opening(0))
    await client.send(client.request(1, '/small'))
    await client.when('it is reset', () => client.of(RST_STREAM, 1).length === 1)
    expect(client.of(RST_STREAM, 1)[0]!.payload.readUInt32BE(0)).toBe(CANCEL)
  })

  test('holds its upstream where the client does not read its socket, until that ends', async () => {
    const held = () => pair.upstream.connections.every(({ socket }) => socket.writableLength > 0)
    pair.upstream.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(ok('x'.repeat(32 * LARGE)))
    }
    client = await RawH2.open(pair.port, opening(2 ** 31 - 1))
    await client.send(windowUpdate(0, 2 ** 30))
    client.socket.pause()
    await client.send(client.request(1, '/huge'))
    await until('the upstream is held', () => pair.upstream.connections.length === 1 && held())
    await until('the upstream is let go', () => pair.upstream.connections[0]!.ending !== 'open')
  })
})

describe('an upload', IN_TIME, () => {
  test('that the upstream does not take stops at its stream’s window; another one passes it', async () => {
    let takes = false
    pair.upstream.answer = async arrival => {
      if (arrival.target !== '/stalls') return answerOk(arrival)
      arrival.connection.socket.pause()
      await until('it is to go on', () => takes)
      arrival.connection.socket.resume()
      return answerOk(arrival)
    }
    client = await RawH2.open(pair.port)
    const piece = data(1, Buffer.alloc(FRAME))
    await client.send(client.request(1, '/stalls', { method: 'POST', ends: false }))
    const credit = () =>
      262_144 + client.of(WINDOW_UPDATE, 1).reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0)
    let sent = 0
    // What the kernel takes for the upstream counts as taken: a few megabytes, and then nothing is given back any more.
    for (let quiet = 0; quiet < 20; ) {
      if (sent + FRAME <= credit()) {
        await client.send(piece)
        sent += FRAME
        quiet = 0
      } else {
        quiet += 1
        await new Promise(resolve => setTimeout(resolve, 10))
      }
    }
    expect(sent).toBeLessThan(40 * LARGE)
    await client.send(client.request(3, '/passes', { method: 'POST', ends: false }), data(3, 'hello', END_STREAM))
    expect(await client.answered(3)).toBe('POST /passes')
    takes = true
    await client.when('it goes on', () => credit() > sent)
    await client.send(data(1, '', END_STREAM))
    expect(await client.answered(1)).toBe('POST /stalls')
  })
})
