// An answer that its client takes slowly is taken off its upstream, which is free for others as soon as it has said all. The client gets
// all of it all the same, in its order, and a cut where the upstream has cut.

import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PREFACE, settings, windowUpdate } from '../../support/http2/frames.ts'
import { RawH2 } from '../../support/http2/raw-h2.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { type Arrival, RawUpstream } from '../../support/raw-upstream.ts'
import { sleep, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import type { ResponseMessage } from '../../support/wire.ts'

/** More than the kernel takes for a client that does not read. */
const LARGE = 12 * 1024 ** 2
/** More than the kernels of both sides take together. */
const HUGE = 40 * 1024 ** 2
const PIECE = 65_536
const INITIAL_WINDOW = 4

let vigia: Vigia
let upstream: RawUpstream
/** Bytes of body that the upstream has handed to its kernel. */
let said = 0

beforeAll(async () => {
  upstream = await RawUpstream.start()
  const route = (path: string, more: object) => ({ match: { path }, pool: 'erp', ...more })
  vigia = await startVigia({
    upstreams: [upstream.port],
    http2: true,
    pool: { buffer: { request: 'off', response: { memory: '256KiB' } } },
    config: {
      workers: 1,
      accessLog: true,
      timeouts: { idle: '30s' },
      routes: [
        route('/short', { buffer: { response: { memory: '64KiB', max: '1MiB' } } }),
        route('/auto', { buffer: 'auto' }),
        route('/off', { buffer: 'off' }),
        route('/impatient', { timeouts: { idle: '300ms' } }),
        route('/compressed', { compress: true }),
        route('/', {}),
      ],
    },
  })
})
beforeEach(async () => {
  await upstream.forget(large)
  said = 0
})
afterEach(closeClients)
afterAll(async () => {
  await vigia.stop()
  await upstream.close()
})

/** What all pieces have in common: each place within one has bytes of its own. */
const COMMON = Buffer.from(Uint32Array.from({ length: PIECE / 4 }, (_, i) => 4 * i).buffer)

/** Each piece has bytes of its own, in every KiB of it. */
function pieceAt(at: number): Buffer {
  const piece = Buffer.from(COMMON)
  for (let i = 0; i < PIECE; i += 1024) piece.writeUInt32LE(at + i, i)
  return piece
}

/** Of the body of `LARGE` bytes. */
let wanted: string | undefined

function digest(): string {
  if (wanted !== undefined) return wanted
  const hash = createHash('sha256')
  for (let at = 0; at < LARGE; at += PIECE) hash.update(pieceAt(at))
  wanted = hash.digest('hex')
  return wanted
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

/** `/…?bytes=N&cut&chunked&server=NAME&type=TYPE` */
async function large(arrival: Arrival): Promise<void> {
  const query = new URL(arrival.target, 'http://x').searchParams
  if (!query.has('bytes')) return answerOk(arrival)
  const { connection } = arrival
  if (!query.has('early')) await arrival.whole()
  const bytes = Number(query.get('bytes'))
  const chunked = query.has('chunked')
  const fields = [
    chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`,
    `Content-Type: ${query.get('type') ?? 'application/octet-stream'}`,
    ...(query.has('server') ? [`Server: ${query.get('server')}`] : []),
    ...(query.has('accel') ? [`X-Accel-Buffering: ${query.get('accel')}`] : []),
  ]
  await connection.write(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\n`)
  const end = query.has('cut') ? bytes - PIECE : bytes
  for (let at = 0; at < end && connection.ending === 'open'; at += PIECE) {
    const piece = pieceAt(at)
    await connection.write(chunked ? Buffer.concat([Buffer.from('10000\r\n'), piece, Buffer.from('\r\n')]) : piece)
    said = at + PIECE
  }
  if (query.has('cut')) connection.end()
  else if (chunked) await connection.write('0\r\nX-Sum: 7\r\n\r\n')
}

async function stuckClient(target: string, head = 'HTTP/1.1\r\nHost: a.example', body = ''): Promise<RawClient> {
  const client = await RawClient.connect(vigia.port)
  client.socket.pause()
  client.send(`GET ${target} ${head}\r\n\r\n${body}`)
  return client
}

/** Reads on; an answer is looked at once it can be there. */
async function all(client: RawClient, method = 'GET', bytes = LARGE): Promise<ResponseMessage> {
  client.socket.resume()
  await until('all has come', () => client.pending.length >= bytes || client.ending !== 'open')
  return client.final(method)
}

function accessLines(): Record<string, unknown>[] {
  return vigia
    .stdout()
    .split('\n')
    .filter(line => line.startsWith('{"type":"access"'))
    .map(line => JSON.parse(line))
}

async function inFlight(): Promise<number> {
  const { pools } = await vigia.status()
  return pools[0]!.upstreams[0]!.inFlight
}

/** The upstream's part is over although the client has read nothing. */
async function letGo(bytes = LARGE): Promise<void> {
  await until('the upstream has said all', () => said === bytes)
  await until('nothing is in flight', async () => (await inFlight()) === 0)
}

test('the upstream is free at once, its connection serves others, and the client gets every byte', async () => {
  const client = await stuckClient(`/?bytes=${LARGE}`)
  await letGo()
  const other = await RawClient.connect(vigia.port)
  other.send('GET /other HTTP/1.1\r\nHost: a.example\r\n\r\n')
  expect((await other.final()).body.toString()).toBe('GET /other')
  expect(upstream.connections.length).toBe(1)
  const { body } = await all(client)
  expect(digestOf(body)).toBe(digest())
  // It goes on with its connection.
  client.send('GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n')
  expect((await client.final()).body.toString()).toBe('GET /next')
})

test('what is held, what was saved, and how long each side took is told', async () => {
  const before = (await vigia.status()).buffers!
  const client = await stuckClient(`/?bytes=${LARGE}`)
  await letGo()
  const held = (await vigia.status()).buffers!
  expect(held.memoryBytes + held.diskBytes).toBeGreaterThan(PIECE)
  expect(held.files).toBe(1)
  expect(held.spooledBytes - before.spooledBytes).toBeGreaterThan(PIECE)
  await all(client)
  const after = await until('it is over', async () => {
    const now = (await vigia.status()).buffers!
    return now.answers > before.answers ? now : undefined
  })
  expect(after.answers - before.answers).toBe(1)
  expect(after.answerBytes - before.answerBytes).toBeGreaterThan(PIECE)
  expect(after.savedSeconds.answers).toBeGreaterThan(before.savedSeconds.answers)
  await until('nothing is held', async () => {
    const { memoryBytes, diskBytes, files } = (await vigia.status()).buffers!
    return memoryBytes + diskBytes + files === 0
  })
  expect(await vigia.metrics()).toMatch(/^vigia_buffer_saved_seconds_total\{direction="response"\} [\d.]*[1-9]/m)
  const line = await until('its line is there', () => accessLines().find(each => Number(each.buffered) > 0))
  expect(Number(line.upstreamMs)).toBeGreaterThan(0)
  expect(Number(line.totalMs)).toBeGreaterThan(Number(line.upstreamMs))
})

test('a request that was sent ahead is answered behind it', async () => {
  const client = await stuckClient(`/?bytes=${LARGE}`)
  client.send('GET /behind HTTP/1.1\r\nHost: a.example\r\n\r\n')
  await letGo()
  expect(upstream.requests.length).toBe(1)
  expect((await all(client)).body.length).toBe(LARGE)
  expect((await client.final()).body.toString()).toBe('GET /behind')
})

test('chunks and trailers', async () => {
  const client = await stuckClient(`/?bytes=${LARGE}&chunked`)
  await letGo()
  const { body, trailers } = await all(client)
  expect(digestOf(body)).toBe(digest())
  expect(trailers).toEqual([['X-Sum', '7']])
})

test('for HTTP/1.0 the end of the connection is the end of it', async () => {
  const client = await stuckClient(`/?bytes=${LARGE}&chunked`, 'HTTP/1.0\r\nHost: a.example')
  await letGo()
  client.socket.resume()
  const { responses, ending } = await client.untilClosed()
  expect(ending).toBe('fin')
  expect(digestOf(responses[0]!.body)).toBe(digest())
})

test.each(['&chunked', ''])('what the upstream cuts is cut behind what it had said (%s)', async more => {
  const client = await stuckClient(`/?bytes=${LARGE}&cut${more}`)
  await letGo(LARGE - PIECE)
  client.socket.resume()
  const { responses, rest, ending } = await client.untilClosed()
  expect(responses).toEqual([])
  expect(rest.length).toBeGreaterThanOrEqual(LARGE - 2 * PIECE)
  expect(rest.length).toBeLessThan(LARGE + 100_000)
  expect(ending).not.toBe('open')
})

test('to an HTTP/1.0 client such a cut is no clean end', async () => {
  const client = await stuckClient(`/?bytes=${LARGE}&chunked&cut`, 'HTTP/1.0\r\nHost: a.example')
  await letGo(LARGE - PIECE)
  client.socket.resume()
  expect((await client.untilClosed()).ending).toBe('reset')
})

test('a client that still uploads when its answer is there gets all of it', async () => {
  const client = await RawClient.connect(vigia.port)
  client.socket.pause()
  client.send(`POST /?bytes=${LARGE}&early HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3000000\r\n\r\n`)
  await until('the upstream has said all', () => said === LARGE)
  // Who reads only once all is sent can send it.
  client.send(Buffer.alloc(3_000_000))
  await until('all is sent', () => client.socket.writableLength === 0)
  expect(digestOf((await all(client, 'POST')).body)).toBe(digest())
})

test('a compressed answer too', async () => {
  const client = await stuckClient(
    `/compressed?bytes=${LARGE}&type=text/plain`,
    'HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip',
  )
  await letGo()
  const { body, fields } = await all(client, 'GET', 100_000)
  expect(fields).toContainEqual(['Content-Encoding', 'gzip'])
  const { gunzipSync } = await import('node:zlib')
  expect(digestOf(gunzipSync(body))).toBe(digest())
})

test('a stream of HTTP/2 whose window is shut', async () => {
  const client = await RawH2.open(vigia.port, Buffer.concat([PREFACE, settings([INITIAL_WINDOW, 1000])]))
  try {
    await client.send(client.request(1, `/?bytes=${LARGE}`))
    await letGo()
    await client.send(client.request(3, '/other'))
    expect(await client.answered(3)).toBe('GET /other')
    await client.send(Buffer.concat([windowUpdate(0, LARGE), windowUpdate(1, LARGE)]))
    await client.when('all has come', () => client.body(1).bytes.length === LARGE)
    expect(digestOf(Buffer.from(client.body(1).bytes))).toBe(digest())
  } finally {
    client.close()
  }
})

describe('what may not be held, or no longer', () => {
  /** Nobody takes it: the upstream stands still. */
  async function standsStill(): Promise<void> {
    let before = -1
    await until('the upstream stands still', async () => {
      const isStill = said === before && said > 0
      before = said
      await sleep(150)
      return isStill
    })
    expect(said).toBeLessThan(HUGE)
    expect(await inFlight()).toBe(1)
  }

  test.each([
    ['of a route that says off', '/off?'],
    ['of an upstream of which nothing is known', '/auto?'],
    ['beyond the route’s limit', '/short?'],
    ['an event stream', '/?type=text/event-stream&'],
    ['an answer that asks for it', '/?accel=no&'],
  ])('the upstream waits for its client: %s', async (_, target) => {
    const client = await stuckClient(`${target}bytes=${HUGE}`)
    await standsStill()
    expect((await all(client, 'GET', HUGE)).body.length).toBe(HUGE)
  })

  test('a client that reads nothing within the idle timeout is cut off', async () => {
    const client = await stuckClient(`/impatient?bytes=${LARGE}`)
    await until('the answer has begun', () => said > 0)
    await until('it is gone', async () => (await vigia.status()).clients.connections === 0)
    client.socket.resume()
    const { responses } = await client.untilClosed()
    expect(responses).toEqual([])
  })
})

test('an upstream whose Server field says what it is is taken off by itself', async () => {
  const first = await RawClient.connect(vigia.port)
  first.send('GET /auto?bytes=65536&server=gunicorn HTTP/1.1\r\nHost: a.example\r\n\r\n')
  await first.final()
  await until('it is known', async () => (await vigia.status()).pools[0]!.upstreams[0]!.holdsWorkers === 'server')
  const told = 'holds a worker for each connection (its Server field says so)'
  await until('the log says it', () => vigia.stderr().includes(told))
  const client = await stuckClient(`/auto?bytes=${LARGE}`)
  await letGo()
  expect((await all(client)).body.length).toBe(LARGE)
})
