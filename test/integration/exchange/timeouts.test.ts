// Every deadline of an exchange: what it waits for, what the client gets, and that the upstream is let go.
// The head's deadline is in test/conformance/limits.test.ts, the tunnel's in websocket.test.ts.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Blackhole, startBlackhole } from '../../support/blackhole.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { IN_TIME, SOON_MS, sleep, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

let upstream: RawUpstream
let blackhole: Blackhole
let vigia: Vigia

beforeAll(async () => {
  upstream = await RawUpstream.start()
  blackhole = await startBlackhole()
  const good = { name: 'good', url: `http://127.0.0.1:${upstream.port}` }
  const black = { name: 'black', url: `http://127.0.0.1:${blackhole.port}` }
  vigia = await lendVigia({
    config: {
      timeouts: { connect: '300ms', response: '400ms', idle: '400ms', keepAlive: '400ms', halfClosed: '300ms' },
      routes: [
        { match: { path: '/black' }, pool: 'black' },
        { match: { path: '/mixed' }, pool: 'mixed' },
        { match: { path: '/report' }, pool: 'good', timeouts: { response: '1m', halfClosed: '1m' } },
        { pool: 'good' },
      ],
      pools: {
        good: { health: 'off', upstreams: [good] },
        black: { health: 'off', upstreams: [black] },
        mixed: { health: 'off', upstreams: [black, good], balance: 'round-robin' },
      },
    },
  })
})

beforeEach(() => upstream.forget())

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await upstream?.close()
    await blackhole?.close()
  }
})

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`
const post = (target: string) => `POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello`

/** Runs it and tells how long it took, ms. */
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const began = performance.now()
  return [await work(), performance.now() - began]
}

describe('the connect timeout', () => {
  test('ends an attempt on an upstream that does not answer a SYN: 502, 503 or 504', async () => {
    const [answer, took] = await timed(() => ask(vigia.port, get('/black')))
    expect([502, 503, 504]).toContain(answer.status)
    expect(took).toBeGreaterThan(200)
    expect(took).toBeLessThan(SOON_MS)
  })

  test('moves even a POST to another upstream, where it arrives once', IN_TIME, async () => {
    for (let i = 0; i < 4; i += 1) {
      const [answer, took] = await timed(() => ask(vigia.port, post(`/mixed/${i}`), 'POST'))
      expect(answer.status).toBe(200)
      expect(took).toBeLessThan(SOON_MS)
    }
    expect(upstream.requests.map(each => each.target)).toEqual(['/mixed/0', '/mixed/1', '/mixed/2', '/mixed/3'])
  })
})

describe('the response timeout', () => {
  test.each([
    ['GET', get('/slow'), [504]],
    // 502 as well: the fate of this request is in doubt, and the answer says so.
    ['POST', post('/slow'), [502, 504]],
  ])('ends a %s, which is not sent again, and lets the upstream go', async (method, bytes, statuses) => {
    upstream.answer = async ({ connection }) => connection.ended()
    const [answer, took] = await timed(() => ask(vigia.port, bytes, method))
    expect(statuses).toContain(answer.status)
    expect(took).toBeGreaterThan(300)
    expect(took).toBeLessThan(SOON_MS)
    await until('the upstream connection is closed', () => upstream.connections.every(each => each.ending !== 'open'))
    expect(upstream.connections).toHaveLength(1)
  })

  test('leaves the client its connection', IN_TIME, async () => {
    upstream.answer = async arrival => (arrival.target === '/slow' ? arrival.connection.ended() : answerOk(arrival))
    const client = await RawClient.connect(vigia.port)
    client.send(get('/slow'))
    expect((await client.final()).status).toBe(504)
    client.send(get('/next'))
    expect((await client.final()).body.toString()).toBe('GET /next')
    client.close()
  })

  test('is overridden by the route', async () => {
    upstream.answer = async arrival => {
      await sleep(900)
      return answerOk(arrival)
    }
    expect((await ask(vigia.port, get('/report/1'))).status).toBe(200)
  })

  test('does not begin before the request is sent whole', IN_TIME, async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n')
    for (const piece of ['ab', 'cd', 'ef', 'gh', 'ij']) {
      await sleep(150)
      client.send(piece)
    }
    const answer = await client.final('POST')
    expect(answer.status).toBe(200)
    expect(upstream.requests[0]?.body.toString()).toBe('abcdefghij')
    client.close()
  })
})

describe('the idle timeout', () => {
  test('cuts an answer whose upstream stalls', async () => {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
      await connection.ended()
    }
    const [{ responses }, took] = await timed(() => exchange(vigia.port, get('/stall')))
    expect(responses).toEqual([])
    expect(took).toBeGreaterThan(300)
    expect(took).toBeLessThan(SOON_MS)
    await until('the upstream is let go', () => upstream.connections.every(each => each.ending !== 'open'))
  })

  test('does not cut one that keeps moving, however long it takes', IN_TIME, async () => {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n')
      for (const piece of 'abcdefgh') {
        await sleep(120)
        await connection.write(piece)
      }
    }
    expect((await ask(vigia.port, get('/slow-but-moving'))).body.toString()).toBe('abcdefgh')
  })

  test('ends a request whose client stalls within its body: 408 or a close, and the upstream never has it whole', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello')
    const [{ responses }, took] = await timed(() => client.untilClosed(['POST']))
    client.close()
    for (const each of responses) expect(each.status).toBe(408)
    expect(took).toBeLessThan(SOON_MS)
    await until('the upstream is let go', () => upstream.connections.every(each => each.ending !== 'open'))
    expect(upstream.requests).toEqual([])
  })

  test('ends a request whose upstream stops reading its body: the upstream is to blame, not the client', async () => {
    upstream.answer = async ({ connection }) => {
      connection.socket.pause()
      await connection.ended()
    }
    const client = await RawClient.connect(vigia.port)
    client.send(`POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 50000000\r\n\r\n`)
    client.send(Buffer.alloc(50_000_000))
    const { responses } = await client.untilClosed(['POST'])
    client.close()
    for (const each of responses) expect([502, 504]).toContain(each.status)
  })

  test('cuts a client that does not read its answer', async () => {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n`)
      await Promise.race([connection.write(Buffer.alloc(50_000_000)), connection.ended()])
    }
    const client = await RawClient.connect(vigia.port)
    client.socket.pause()
    client.send(get('/big'))
    await until(
      'the upstream is let go',
      () => upstream.connections.length === 1 && upstream.connections[0]!.ending !== 'open',
    )
    client.close()
  })
})

describe('the keep-alive timeout', () => {
  test('closes an idle connection without a word', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send(get('/1'))
    expect((await client.final()).status).toBe(200)
    const [{ responses, ending }, took] = await timed(() => client.untilClosed())
    client.close()
    expect(responses).toEqual([])
    expect(ending).toBe('fin')
    expect(took).toBeLessThan(SOON_MS)
  })

  test('begins anew with each request', IN_TIME, async () => {
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < 5; i += 1) {
      client.send(get(`/${i}`))
      expect((await client.final()).status).toBe(200)
      await sleep(200)
    }
    client.close()
  })
})

describe('a client that has closed its sending side', () => {
  test('gets an answer that comes within the half-closed timeout', IN_TIME, async () => {
    upstream.answer = async arrival => {
      await sleep(50)
      return answerOk(arrival)
    }
    const client = await RawClient.connect(vigia.port)
    client.send(get('/1'))
    client.end()
    const { responses } = await client.untilClosed()
    client.close()
    expect(responses.map(each => each.body.toString())).toEqual(['GET /1'])
  })

  test('counts as gone after it: the attempt ends', async () => {
    upstream.answer = async ({ connection }) => connection.ended()
    const client = await RawClient.connect(vigia.port)
    client.send(get('/report/1'))
    await until('the request is at the upstream', () => upstream.received.length > 0)
    client.end()
    // This route waits for a minute: it is the route's value that counts.
    await sleep(500)
    expect(upstream.connections[0]?.ending).toBe('open')
    client.close()

    const other = await RawClient.connect(vigia.port)
    other.send(get('/hang'))
    await until('the second request is at the upstream', () => upstream.received.includes('/hang'))
    other.end()
    const [, took] = await timed(() =>
      until('the attempt is over', () => upstream.connections.at(-1)?.ending !== 'open'),
    )
    expect(took).toBeLessThan(SOON_MS)
    other.close()
  })
})
