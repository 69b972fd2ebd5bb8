// Clients that are slow on purpose, or that read slower than they should: heads, bodies, answers. And all those who only seem slow.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { IN_TIME, SOON_MS, sleep, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

/** The least rate is 64 KiB/s after 400 ms; no other deadline but the head's comes near. */
const GRACE_MS = 400
const LONGER_THAN_GRACE_MS = 900
const HEAD_MS = 600
const LEAST = 65_536

let upstream: RawUpstream
let vigia: Vigia
/** Does not read a request's body for a while. */
const stalling = createServer((request, response) => {
  setTimeout(() => request.resume(), LONGER_THAN_GRACE_MS)
  request.on('end', () => response.end('taken'))
})

beforeAll(async () => {
  upstream = await RawUpstream.start()
  await new Promise<void>(resolve => stalling.listen(0, '127.0.0.1', resolve))
  const pool = (port: number) => ({ health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${port}` }] })
  vigia = await lendVigia({
    config: {
      routes: [{ match: { path: '/stalling' }, pool: 'stalling' }, { pool: 'erp' }],
      pools: { erp: pool(upstream.port), stalling: pool((stalling.address() as AddressInfo).port) },
      limits: { minRate: '64KiB', minRateGrace: `${GRACE_MS}ms` },
      timeouts: { head: `${HEAD_MS}ms`, idle: '1m', response: '1m', keepAlive: '1m' },
    },
  })
})

beforeEach(() => upstream.forget())

afterAll(async () => {
  await vigia?.stop()
  await upstream?.close()
  stalling.closeAllConnections()
  stalling.close()
})

/** Of all pools. */
async function slowClients(): Promise<number> {
  const counts = (await vigia.metrics()).matchAll(/^vigia_slow_clients_total\{.*\} (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

/** One byte after the other until the connection ends. */
async function trickle(client: RawClient, bytes: string, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (client.ending !== 'open' || client.socket.destroyed) return
    client.send(byte)
    await sleep(everyMs)
  }
}

describe('a head of which a byte comes now and then is answered 408', () => {
  const HEAD = `GET / HTTP/1.1\r\nHost: a.example\r\nX-Slow: ${'x'.repeat(1000)}`

  test.each([
    ['the first of its connection', 0],
    ['a later one', 2],
  ])('%s', async (_, earlier) => {
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < earlier; i += 1) {
      client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
      expect((await client.final()).status).toBe(200)
    }
    const began = performance.now()
    const sending = trickle(client, HEAD, 40)
    const { responses, ending } = await client.untilClosed()
    expect(performance.now() - began).toBeLessThan(SOON_MS)
    expect(responses.map(each => each.status)).toEqual([408])
    expect(ending).toBe('fin')
    client.close()
    await sending
  })

  test('one that came in the same packet as the end of the request before it', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\nGET /2 HT')
    expect((await client.final()).status).toBe(200)
    const began = performance.now()
    const sending = trickle(client, HEAD.slice(9), 40)
    const { responses } = await client.untilClosed()
    expect(performance.now() - began).toBeLessThan(SOON_MS)
    expect(responses.map(each => each.status)).toEqual([408])
    client.close()
    await sending
  })
})

describe('a request body', () => {
  test.each([
    ['with a length', 'Content-Length: 1000', 'x'.repeat(1000)],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'.repeat(200)],
    ['of which only framing comes', 'Transfer-Encoding: chunked', `3e8;${'x'.repeat(1000)}`],
  ])('%s that comes byte by byte is answered 408, never sent as a whole, and counted', async (_, framing, body) => {
    const before = await slowClients()
    const client = await RawClient.connect(vigia.port)
    client.send(`POST /slow HTTP/1.1\r\nHost: a.example\r\nAccept: application/json\r\n${framing}\r\n\r\n`)
    const began = performance.now()
    const sending = trickle(client, body, 20)
    const { responses } = await client.untilClosed(['POST'])
    const took = performance.now() - began
    client.close()
    await sending
    expect(responses.map(each => each.status)).toEqual([408])
    expect(JSON.parse(responses[0]!.body.toString())).toMatchObject({ code: 'body-timeout' })
    expect(took).toBeGreaterThan(GRACE_MS * 0.9)
    expect(took).toBeLessThan(SOON_MS)
    await until('the upstream is let go', () => upstream.connections.every(each => each.ending !== 'open'))
    expect(upstream.requests).toEqual([])
    expect(await slowClients()).toBe(before + 1)
  })

  test('that comes faster than the least rate arrives, however long it takes', IN_TIME, async () => {
    const pieces = 12
    const client = await RawClient.connect(vigia.port)
    client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${pieces * LEAST}\r\n\r\n`)
    for (let i = 0; i < pieces; i += 1) {
      client.send(Buffer.alloc(LEAST, 'x'))
      await sleep(LONGER_THAN_GRACE_MS / pieces)
    }
    expect((await client.final('POST')).status).toBe(200)
    client.close()
  })

  test('whose upstream does not take it for a while arrives: that time is not the client’s', IN_TIME, async () => {
    const bytes = 30_000_000
    const before = await slowClients()
    const client = await RawClient.connect(vigia.port)
    client.send(`POST /stalling HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bytes}\r\n\r\n`)
    client.send(Buffer.alloc(bytes, 'x'))
    expect((await client.final('POST')).status).toBe(200)
    client.close()
    expect(await slowClients()).toBe(before)
  })

  test(
    'that is held back until the upstream asks for it (100) arrives: the client waits, not vigia',
    IN_TIME,
    async () => {
      upstream.answer = async arrival => {
        await sleep(LONGER_THAN_GRACE_MS)
        await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
        return answerOk(arrival)
      }
      const client = await RawClient.connect(vigia.port)
      client.send('POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n')
      expect((await client.response('POST')).status).toBe(100)
      client.send('hello')
      expect((await client.final('POST')).status).toBe(200)
      client.close()
    },
  )

  test('that was to be asked for is judged from its first byte on', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n')
    await sleep(50)
    const began = performance.now()
    const sending = trickle(client, 'x'.repeat(1000), 20)
    const { responses } = await client.untilClosed(['POST'])
    client.close()
    await sending
    expect(responses.map(each => each.status)).toEqual([408])
    expect(performance.now() - began).toBeLessThan(SOON_MS)
  })

  test('that is complete leaves the upstream its time', IN_TIME, async () => {
    upstream.answer = async arrival => {
      await arrival.whole()
      await sleep(LONGER_THAN_GRACE_MS)
      return answerOk(arrival)
    }
    const client = await RawClient.connect(vigia.port)
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n')
    await sleep(1)
    client.send('hello')
    expect((await client.final('POST')).status).toBe(200)
    client.close()
  })
})

describe('a response', () => {
  const bytes = 40_000_000
  const large = () => {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
      await Promise.race([connection.write(Buffer.alloc(bytes)), connection.ended()])
    }
  }

  test('that the client does not take is cut, long before the idle timeout, and counted', async () => {
    large()
    const before = await slowClients()
    const client = await RawClient.connect(vigia.port)
    client.socket.pause()
    const began = performance.now()
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    await until('the upstream is let go', () => upstream.connections[0] && upstream.connections[0].ending !== 'open')
    const took = performance.now() - began
    client.close()
    expect(took).toBeGreaterThan(GRACE_MS * 0.9)
    // What vigia itself holds, some 200 KiB, has its time too.
    expect(took).toBeLessThan(SOON_MS)
    await until('it is counted', async () => (await slowClients()) === before + 1)
  })

  test('that the client takes slowly, but faster than the least rate, is delivered whole', IN_TIME, async () => {
    large()
    const before = await slowClients()
    const client = await RawClient.connect(vigia.port)
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    let arrived = 0
    client.socket.on('data', chunk => {
      const former = arrived
      arrived += chunk.length
      if (Math.floor(arrived / 8_000_000) === Math.floor(former / 8_000_000)) return
      client.socket.pause()
      setTimeout(() => client.socket.resume(), GRACE_MS * 0.8)
    })
    await until('all of it has come', () => arrived > bytes)
    expect((await client.final()).body.length).toBe(bytes)
    client.close()
    expect(await slowClients()).toBe(before)
  })

  test('of events between which there is silence goes on: nothing is owed to the client', async () => {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
      for (let i = 0; i < 2; i += 1) {
        await connection.write('9\r\ndata: x\n\n\r\n')
        await sleep(LONGER_THAN_GRACE_MS)
      }
      await connection.write('0\r\n\r\n')
    }
    const client = await RawClient.connect(vigia.port)
    client.send('GET /events HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect((await client.final()).body.toString()).toBe('data: x\n\n'.repeat(2))
    client.close()
  })
})

test('a tunnel may be as slow as it likes', async () => {
  upstream.answer = async ({ connection }) => {
    connection.takeOver()
    await connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
    connection.socket.on('data', chunk => connection.socket.write(chunk))
  }
  const client = await RawClient.connect(vigia.port)
  client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
  expect((await client.response()).status).toBe(101)
  for (const byte of 'slowly') {
    client.send(byte)
    expect((await client.bytes(1)).toString()).toBe(byte)
    await sleep(LONGER_THAN_GRACE_MS / 4)
  }
  client.close()
})
