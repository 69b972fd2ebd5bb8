// One fetch for many, over workers; and what becomes of what is stored when its pool is out, in a window, at a reload, and when a worker dies.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { askHttp } from '../../support/http-client.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

let vigia: Vigia
let server: Server
let waiting: ServerResponse[] = []
let asked = 0
/** Undefined = the test answers itself. */
let fields: Record<string, string> | undefined
let status = 200
let tests = 0
let path = ''

const ask = (where = path, headers: Record<string, string> = {}) => askHttp(vigia.port, where, { headers })
const config = () => ({
  workers: 2,
  pools: {
    erp: {
      health: 'off',
      outlier: 'off',
      upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }],
    },
  },
  routes: [
    { name: 'files', match: { path: '/files' }, pool: 'erp', cache: { staleIfError: '1h', wait: '60s' } },
    { name: 'hasty', match: { path: '/hasty' }, pool: 'erp', cache: { wait: '100ms' } },
    { name: 'rest', pool: 'erp' },
  ],
})

function answer(response: ServerResponse, said = fields): void {
  const body = 'x'.repeat(5000)
  response.writeHead(status, { ...said, 'Content-Length': body.length })
  response.end(body)
}

beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1
    if (fields) answer(response)
    else waiting.push(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  vigia = await startVigia({ config: config() })
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await vigia.stop()
})

beforeEach(() => {
  tests += 1
  path = `/files/${tests}.js`
  waiting = []
  asked = 0
  status = 200
  fields = undefined
})

const asMany = (count: number, where = path) => Array.from({ length: count }, () => ask(where))
/** A request that does not wait for another's fetch shows that those before it have come. */
const inFlight = async (count: number) =>
  until(`${count} requests are there`, async () => {
    const { clients } = await vigia.status()
    return clients.connections >= count
  })

describe('one fetch for many', () => {
  test('all that want the same get what one has fetched, in whichever worker', async () => {
    const all = asMany(20)
    await inFlight(20)
    await until('one fetches', () => waiting.length === 1)
    answer(waiting[0]!, { 'Cache-Control': 'max-age=60' })
    const answers = await Promise.all(all)
    expect(answers.every(({ status, bodyBytes }) => status === 200 && bodyBytes === 5000)).toBe(true)
    expect(asked).toBe(1)
  })

  test('what turns out to be for one only, each asks for itself, and nobody waits the next time', async () => {
    const all = asMany(6)
    await inFlight(6)
    await until('one fetches', () => waiting.length === 1)
    fields = { 'Cache-Control': 'private' }
    answer(waiting[0]!)
    await Promise.all(all)
    expect(asked).toBe(6)
  })

  test('where the one leaves, another takes over', async () => {
    const controller = new AbortController()
    const first = fetch(`http://127.0.0.1:${vigia.port}${path}`, { signal: controller.signal }).catch(() => 'left')
    await until('it fetches', () => waiting.length === 1)
    const others = asMany(5)
    await inFlight(6)
    controller.abort()
    expect(await first).toBe('left')
    await until('another one fetches', () => waiting.length === 2)
    answer(waiting[1]!, { 'Cache-Control': 'max-age=60' })
    expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(asked).toBe(2)
  })

  test('an error of its upstream makes no herd: one after the other asks', async () => {
    const all = asMany(5)
    await inFlight(5)
    status = 500
    for (let i = 1; i <= 5; i += 1) {
      await until(`the request ${i} is there`, () => waiting.length === i)
      answer(waiting[i - 1]!, {})
    }
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([500, 500, 500, 500, 500])
  })

  test('nobody waits for longer than the route says', async () => {
    const all = asMany(3, `/hasty/${tests}`)
    await until('all ask for themselves', () => waiting.length === 3)
    for (const each of waiting) answer(each, { 'Cache-Control': 'max-age=60' })
    expect((await Promise.all(all)).every(({ status }) => status === 200)).toBe(true)
  })
})

describe('what is stored outlives', () => {
  const store = async (where = path) => {
    fields = { 'Cache-Control': 'max-age=3600', ETag: '"a"' }
    await ask(where)
    expect(asked).toBe(1)
  }

  test('a reload, also one that changes the route', async () => {
    await store()
    const { revision } = await vigia.status()
    const former = config()
    await vigia.writeConfig({
      ...former,
      routes: former.routes.map(route => ({ ...route, queuePriority: 0 })),
      language: 'de',
    })
    vigia.kill('SIGHUP')
    await until('it is in use', async () => (await vigia.status()).revision > revision)
    for (let i = 0; i < 4; i += 1) expect((await ask()).status).toBe(200)
    expect(asked).toBe(1)
  })

  test('its upstream, for as long as it may, and a reload of the page', async () => {
    fields = { 'Cache-Control': 'max-age=0, public', ETag: '"a"' }
    await ask()
    status = 503
    for (const headers of [{}, { 'Cache-Control': 'max-age=0' }, { 'Cache-Control': 'no-cache' }] as Record<
      string,
      string
    >[]) {
      const stale = await ask(path, headers)
      expect(stale).toMatchObject({ status: 200, bodyBytes: 5000 })
      expect(stale.headers['cache-status']).toContain('stale-if-error')
    }
    expect((await ask('/files/other.js')).status).toBe(503)
  })

  test('a window: the files load, all else is told of it', async () => {
    await store()
    const former = config()
    const { revision } = await vigia.status()
    // To the second, in UTC: it is open.
    const start = new Date(Date.now() - 60_000).toISOString().slice(0, 19)
    const maintenance = [{ name: 'patching', pool: 'erp', start, duration: '1h', timeZone: 'UTC', reason: 'Patching' }]
    await vigia.writeConfig({ ...former, maintenance })
    vigia.kill('SIGHUP')
    await until('it is in use', async () => (await vigia.status()).revision > revision)
    await until('the window is open', async () => (await ask('/page')).status === 503)
    expect(await ask()).toMatchObject({ status: 200, bodyBytes: 5000 })
    expect((await ask('/files/not-stored.js')).status).toBe(503)
    expect((await ask(`/files/x/..%2f${tests}.js`)).status).toBe(503)
    await vigia.writeConfig(former)
    vigia.kill('SIGHUP')
    await until('it is over', async () => (await ask('/page')).status === 200)
  })
})
