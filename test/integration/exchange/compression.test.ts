// Compression of answers that take their time: what has come is with the client, nobody waits for nobody, and whatever breaks off is broken
// off for the client too. And what is told of it.

import { execFile } from 'node:child_process'
import { type IncomingMessage, request } from 'node:http'
import { promisify } from 'node:util'
import { createZstdDecompress } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { Decoder, decoded } from '../../support/decoded.ts'
import { H2Client } from '../../support/h2-client.ts'
import { usePair } from '../../support/pair.ts'
import { answerBytes, ok } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import type { Arrival } from '../../support/raw-upstream.ts'
import { SOON_MS, STUCK_MS, until, within } from '../../support/until.ts'
import { field, type Message, readHead } from '../../support/wire.ts'

const MOST_ENCODERS = 4
const pair = usePair({
  http2: true,
  config: {
    accessLog: true,
    compress: true,
    limits: { compressions: MOST_ENCODERS },
    routes: [
      { match: { path: '/stored' }, pool: 'erp', cache: {} },
      { pool: 'erp', name: 'all' },
    ],
  },
})
afterEach(async () => {
  closeClients()
  await until('all encoders are free', async () => (await metric('vigia_compression_encoders')) === 0)
})

const TEXT = 'All work and no play makes Jack a dull boy. '.repeat(50)
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n'
const EVENTS = HEAD.replace('text/plain', 'text/event-stream')
const CODINGS = ['gzip', 'br', 'zstd'] as const

const get = (coding: string, path = '/x', method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: ${coding}\r\n\r\n`
const chunk = (text: string | Buffer) =>
  Buffer.concat([Buffer.from(`${text.length.toString(16)}\r\n`), Buffer.from(text), Buffer.from('\r\n')])
const END = '0\r\n\r\n'

async function metric(name: string): Promise<number> {
  const line = (await pair.vigia.metrics()).split('\n').find(each => each.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

/** The upstream's side of the next request, which the test answers itself. */
function nextArrival(): Promise<Arrival> {
  return new Promise(resolve => {
    pair.upstream.answer = async arrival => {
      await arrival.whole()
      resolve(arrival)
      await arrival.connection.ended()
    }
  })
}

/** The head of an answer whose body has not ended. */
async function headOf(client: RawClient): Promise<Pick<Message, 'fields'>> {
  const head = await until('the head has come', () => readHead(client.pending))
  await client.bytes(head.headBytes)
  return head
}

/** All chunks that have come, without their framing. */
async function takeChunk(client: RawClient): Promise<Buffer> {
  const at = await until('a chunk has begun', () => client.pending.indexOf('\r\n') + 1)
  const size = Number.parseInt((await client.bytes(at + 1)).toString(), 16)
  return (await client.bytes(size + 2)).subarray(0, size)
}

describe('an answer that comes bit by bit', () => {
  test.each(CODINGS)('in %s is with the client as far as it has come', async coding => {
    const arrived = nextArrival()
    const client = await RawClient.connect(pair.port)
    client.send(get(coding))
    const { connection } = await arrived
    await connection.write(EVENTS)
    // The head does not wait for the first event.
    expect(field(await headOf(client), 'content-encoding')).toBe(coding)
    const decoder = new Decoder(coding)
    let sent = ''
    for (const event of ['data: 1\n\n', 'data: second\n\n', ': still there\n\n']) {
      await connection.write(chunk(event))
      sent += event
      decoder.push(await takeChunk(client))
      await decoder.until(sent, STUCK_MS)
    }
    await connection.write(END)
    await until('the body has ended', () => client.pending.includes('\r\n0\r\n\r\n'))
    expect(client.pending.length).toBeLessThan(100)
  })

  test('is cut for the client where its upstream cuts it', async () => {
    const arrived = nextArrival()
    const client = await RawClient.connect(pair.port)
    client.send(get('gzip'))
    const { connection } = await arrived
    await connection.write(HEAD)
    await connection.write(chunk(TEXT))
    await headOf(client)
    await takeChunk(client)
    connection.reset()
    await until('the connection has ended', () => client.ending !== 'open')
    expect(client.pending.toString('latin1')).not.toContain('\r\n0\r\n')
  })

  test('is cut where its framing breaks in the very piece that it began in', async () => {
    pair.upstream.answer = answerBytes(`${HEAD}5\r\nhello\r\nno length\r\n`)
    const client = await RawClient.connect(pair.port)
    client.send(get('gzip'))
    const { responses, rest } = await client.untilClosed()
    expect(responses).toEqual([])
    expect(rest.toString('latin1')).not.toContain('\r\n0\r\n')
  })

  test('frees its encoder, and its upstream, where the client leaves', async () => {
    const arrived = nextArrival()
    const client = await RawClient.connect(pair.port)
    client.send(get('br'))
    const { connection } = await arrived
    await connection.write(EVENTS)
    await connection.write(chunk(TEXT))
    await headOf(client)
    expect(await metric('vigia_compression_encoders')).toBe(1)
    client.reset()
    await within(STUCK_MS, 'the upstream is not told', connection.ended())
  })
})

describe('where there is no room', () => {
  test('answers are sent as they are; event streams leave half of it to others', async () => {
    const clients: RawClient[] = []
    const codings: (string | undefined)[] = []
    const open = async (head: string) => {
      const arrived = nextArrival()
      const client = await RawClient.connect(pair.port)
      clients.push(client)
      client.send(get('zstd'))
      await (await arrived).connection.write(head)
      const answer = await headOf(client)
      codings.push(field(answer, 'content-encoding'))
      expect(field(answer, 'vary')).toBe('Accept-Encoding')
    }
    const refused = await metric('vigia_compressions_refused_total')
    for (let i = 0; i < 3; i += 1) await open(EVENTS)
    for (let i = 0; i < 3; i += 1) await open(HEAD)
    expect(codings).toEqual(['zstd', 'zstd', undefined, 'zstd', 'zstd', undefined])
    expect(await metric('vigia_compressions_refused_total')).toBe(refused + 2)
    // What is short needs none.
    pair.upstream.answer = answerBytes(ok(TEXT, ['Content-Type: text/plain']))
    const client = await RawClient.connect(pair.port)
    client.send(get('zstd'))
    expect(field(await client.final(), 'content-encoding')).toBe('zstd')
  })
})

describe('a client that reads slowly', () => {
  test('is waited for by its upstream, and gets all of it in the end', async () => {
    // More than an encoder looks back.
    const block = noise(262_144)
    const piece = chunk(block)
    // 52 MB: more than all buffers of the kernel on the way.
    const pieces = 200
    let sent = 0
    pair.upstream.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(HEAD)
      for (; sent < pieces; sent += 1) await arrival.connection.write(piece)
      await arrival.connection.write(END)
    }
    const options = { port: pair.port, path: '/slow', agent: false, headers: { 'accept-encoding': 'zstd' } }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(options, resolve).on('error', reject).end()
    })
    expect(answer.headers['content-encoding']).toBe('zstd')
    await expect(until('all is sent', () => sent === pieces, { timeoutMs: 1500 })).rejects.toThrow('still not true')
    let bytes = 0
    let last = Buffer.alloc(0)
    for await (const part of answer.pipe(createZstdDecompress())) {
      bytes += part.length
      last = Buffer.concat([last, part]).subarray(-1000)
    }
    expect(bytes).toBe(pieces * block.length)
    expect(last.equals(block.subarray(-1000))).toBe(true)
  })
})

test('HTTP/2 carries it as HTTP/1.1 does', async () => {
  const client = new H2Client(pair.port)
  try {
    for (const text of [TEXT, TEXT.repeat(40)]) {
      pair.upstream.answer = answerBytes(ok(text, ['Content-Type: text/plain', 'ETag: "v1"']))
      const { status, body, fields } = await client.get('/x', { 'accept-encoding': 'br' })
      expect([status, fields['content-encoding'], fields.etag]).toEqual([200, 'br', 'W/"v1"'])
      expect(decoded({ fields: [['content-encoding', 'br']], body }).toString()).toBe(text)
    }
  } finally {
    client.close()
  }
})

describe('what is stored', () => {
  const fields = ['Content-Type: text/plain', 'Cache-Control: public, max-age=600', 'ETag: "v1"']

  test.each([
    ['little', TEXT],
    ['much', TEXT.repeat(60)],
  ])('is stored as it came, and compressed for each as he likes it: %s', async (name, text) => {
    pair.upstream.answer = answerBytes(ok(text, fields))
    const client = await RawClient.connect(pair.port)
    for (const coding of ['identity', ...CODINGS, 'identity']) {
      client.send(get(coding, `/stored/${name}`))
      const answer = await client.final()
      expect(decoded(answer).toString()).toBe(text)
      expect(field(answer, 'content-encoding')).toBe(coding === 'identity' ? undefined : coding)
      expect(field(answer, 'etag')).toBe(coding === 'identity' ? '"v1"' : 'W/"v1"')
    }
    expect(pair.upstream.requests.length).toBe(1)
    client.send(get('gzip\r\nIf-None-Match: W/"v1"', `/stored/${name}`))
    const known = await client.final()
    expect([known.status, field(known, 'etag'), field(known, 'vary')]).toEqual([304, 'W/"v1"', 'Accept-Encoding'])
    client.send(get('gzip', `/stored/${name}`, 'HEAD'))
    const head = await client.final('HEAD')
    expect([field(head, 'content-encoding'), field(head, 'content-length')]).toEqual(['gzip', undefined])
    client.send(get('gzip\r\nRange: bytes=0-9', `/stored/${name}`))
    const part = await client.final()
    expect([part.status, part.body.toString(), field(part, 'content-encoding')]).toEqual([
      206,
      text.slice(0, 10),
      undefined,
    ])
    expect(pair.upstream.requests.length).toBe(1)
  })
})

test('the access log and the metrics tell what it saves', async () => {
  const text = TEXT.repeat(10)
  const bytesIn = 'vigia_compression_input_bytes_total{coding="gzip"}'
  const before = await metric(bytesIn)
  pair.upstream.answer = answerBytes(ok(text, ['Content-Type: text/plain']))
  const client = await RawClient.connect(pair.port)
  client.send(get('gzip', '/told'))
  const answer = await client.final()
  const line = await until('its line is there', () =>
    pair.vigia
      .stdout()
      .split('\n')
      .find(each => each.includes('"path":"/told"')),
  )
  expect(JSON.parse(line)).toMatchObject({
    ...{ status: 200, coding: 'gzip', bytesUncoded: text.length, bytesOut: answer.body.length, end: 'complete' },
  })
  expect(await metric(bytesIn)).toBe(before + text.length)
})

test.each(CODINGS)('curl reads %s', async coding => {
  const text = TEXT.repeat(20)
  pair.upstream.answer = answerBytes(ok(text, ['Content-Type: text/plain']))
  const url = `http://127.0.0.1:${pair.port}/curl`
  const args = ['-sS', '-i', '--max-time', String(SOON_MS / 1000), '--compressed', '-H', `Accept-Encoding: ${coding}`]
  const { stdout } = await promisify(execFile)('curl', [...args, url], { maxBuffer: 1_000_000 })
  const [head, body] = stdout.split('\r\n\r\n')
  expect(head).toContain(`Content-Encoding: ${coding}`)
  expect(body).toBe(text)
})

/** Bytes that no coding makes fewer. */
function noise(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let state = 7
  for (let i = 0; i < length; i += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
