// Whole exchanges through a real vigia: routes, bodies of any size with bounded memory, clients that leave.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askHttp, newAgent } from '../../support/http-client.ts'
import {
  type HttpUpstream,
  patternBlocks,
  patternSha256,
  type SeenRequest,
  startHttpUpstream,
} from '../../support/http-upstream.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { RawClient } from '../../support/raw-client.ts'
import { amount } from '../../support/thorough.ts'
import { sleep, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const MIB = 1_048_576

let erp: HttpUpstream
let bus: HttpUpstream
let vigia: Vigia

beforeAll(async () => {
  erp = await startHttpUpstream('erp')
  bus = await startHttpUpstream('bus')
  const upstreams = (port: number) => [{ name: 'one', url: `http://127.0.0.1:${port}` }]
  vigia = await lendVigia({
    config: {
      routes: [
        { match: { path: '/websocket' }, pool: 'bus' },
        { match: { host: 'bus.example' }, pool: 'bus' },
        { match: { host: '*.bus.example' }, pool: 'bus' },
        { match: { path: '/m', method: ['DELETE', 'PUT'] }, pool: 'bus' },
        { match: { path: '/hang/short' }, pool: 'erp', timeouts: { idle: '2s' } },
        { match: { host: ['only.example', '127.0.0.1', 'localhost'], path: '/' }, pool: 'erp' },
      ],
      pools: {
        erp: { health: 'off', upstreams: upstreams(erp.port) },
        bus: { health: 'off', upstreams: upstreams(bus.port) },
      },
    },
  })
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await erp?.close()
    await bus?.close()
  }
})

async function servedBy(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<string> {
  const answer = await askHttp(vigia.port, path, { headers, method })
  return answer.status === 200 ? (JSON.parse(answer.body) as SeenRequest).upstream : String(answer.status)
}

async function nothingInFlight(): Promise<boolean> {
  return (await vigia.status()).pools.every(pool => pool.upstreams.every(each => each.inFlight === 0))
}

describe('a route is found by', () => {
  test.each([
    ['/', {}, 'GET', 'erp'],
    ['/websocket', {}, 'GET', 'bus'],
    ['/websocket/', {}, 'GET', 'bus'],
    ['/websocket/x', {}, 'GET', 'bus'],
    ['/websocket?a=b', {}, 'GET', 'bus'],
    ['/websockets', {}, 'GET', 'erp'],
    ['/', { host: 'bus.example' }, 'GET', 'bus'],
    ['/', { host: 'BUS.Example:8080' }, 'GET', 'bus'],
    ['/', { host: 'a.b.bus.example' }, 'GET', 'bus'],
    ['/', { host: 'xbus.example' }, 'GET', '404'],
    ['/', { host: 'only.example' }, 'GET', 'erp'],
    ['/m', {}, 'DELETE', 'bus'],
    ['/m', {}, 'GET', 'erp'],
    ['/', { host: 'unknown.example' }, 'GET', '404'],
  ])('%s %o %s -> %s', async (path, headers, method, upstream) => {
    expect(await servedBy(path, headers as Record<string, string>, method)).toBe(upstream)
  })
})

describe('an answer of vigia itself', () => {
  test('is JSON for who asks for JSON, else a page; both name the request', async () => {
    const json = await askHttp(vigia.port, '/', { headers: { host: 'unknown.example', accept: 'application/json' } })
    expect(json.headers['content-type']).toMatch(/^application\/(problem\+)?json/)
    const page = await askHttp(vigia.port, '/', { headers: { host: 'unknown.example', accept: 'text/html,*/*' } })
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect(json.body).toContain(String(json.headers['x-request-id']))
    expect(page.body).toContain(String(page.headers['x-request-id']))
    expect(json.headers['cache-control']).toContain('no-store')
  })

  test('has no body to HEAD', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('HEAD / HTTP/1.1\r\nHost: unknown.example\r\n\r\nGET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n')
    expect((await client.final('HEAD')).status).toBe(404)
    expect((await client.final('GET')).status).toBe(404)
    client.close()
  })
})

describe('a large body', () => {
  test('comes down whole, with little memory', async () => {
    const bytes = 96 * MIB
    const before = await vigia.residentBytes()
    const answer = await askHttp(vigia.port, `/bytes/${bytes}`)
    expect(answer.bodyBytes).toBe(bytes)
    expect(answer.bodySha256).toBe(patternSha256(bytes))
    expect((await vigia.residentBytes()) - before).toBeLessThan(64 * MIB)
  })

  test.each([false, true])('goes up whole, with little memory (chunked: %s)', async chunked => {
    const bytes = 64 * MIB
    const before = await vigia.residentBytes()
    const answer = await askHttp(vigia.port, '/up', { method: 'POST', patternBytes: bytes, chunked })
    const seen = JSON.parse(answer.body) as SeenRequest
    expect(seen.bodyBytes).toBe(bytes)
    expect(seen.bodySha256).toBe(patternSha256(bytes))
    expect((await vigia.residentBytes()) - before).toBeLessThan(64 * MIB)
  })

  test('waits for a client that reads slowly', async () => {
    const before = await vigia.residentBytes()
    const bytes = 64 * MIB
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(vigia.port)))
    for (const client of clients) {
      client.socket.pause()
      client.send(`GET /bytes/${bytes} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
    }
    // Long enough for an unbounded proxy to have taken the 256 MiB in.
    await sleep(800)
    expect((await vigia.residentBytes()) - before).toBeLessThan(64 * MIB)
    for (const client of clients) client.close()
  })

  test('waits for an upstream that reads slowly', async () => {
    const before = await vigia.residentBytes()
    const client = await RawClient.connect(vigia.port)
    client.send(`POST /hang/short HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${100 * MIB}\r\n\r\n`)
    let sent = 0
    for (const block of patternBlocks(100 * MIB)) {
      if (!client.socket.write(block)) {
        const drained = new Promise<boolean>(resolve => client.socket.once('drain', () => resolve(true)))
        if (!(await Promise.race([drained, sleep(400).then(() => false)]))) break
      }
      sent += block.length
    }
    expect(sent).toBeLessThan(48 * MIB)
    expect((await vigia.residentBytes()) - before).toBeLessThan(64 * MIB)
    client.close()
    // Nobody reads from this client, so its end shows at the latest when the idle timeout does.
    await until('the attempt is over', nothingInFlight)
  })
})

describe('a client that leaves', () => {
  test.each([
    ['while it waits for the answer', 'GET /hang HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['within the answer', 'GET /trickle HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['within its own body', 'POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\npart'],
    [
      'within its own chunked body',
      'POST /up HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n',
    ],
  ])('%s ends the attempt at the upstream', async (_, bytes) => {
    const { requests, aborted } = erp
    const client = await RawClient.connect(vigia.port)
    client.send(bytes)
    await until('the request is at the upstream', () => erp.requests === requests + 1)
    client.reset()
    await until('the upstream sees the end', () => erp.aborted === aborted + 1)
    await until('nothing is in flight', nothingInFlight)
  })
})

test('many clients with bodies of all sizes each get their own answer', async () => {
  const agent = newAgent(24)
  const one = async (i: number) => {
    const bytes = (i * 7_919) % 300_000
    if (i % 3 === 0) {
      const answer = await askHttp(vigia.port, `/bytes/${bytes}`, { agent })
      expect(answer.bodyBytes).toBe(bytes)
      expect(answer.bodySha256).toBe(patternSha256(bytes))
      return
    }
    const answer = await askHttp(vigia.port, `/up/${i}`, {
      agent,
      method: 'POST',
      patternBytes: bytes,
      chunked: i % 3 === 1,
    })
    const seen = JSON.parse(answer.body) as SeenRequest
    expect([seen.url, seen.bodyBytes, seen.bodySha256]).toEqual([`/up/${i}`, bytes, patternSha256(bytes)])
  }
  let next = 0
  const lane = async () => {
    while (next < amount(400, 150)) {
      const i = next
      next += 1
      await one(i)
    }
  }
  await Promise.all(Array.from({ length: 24 }, lane))
  agent.destroy()
})
