// Bodies of requests that are gathered: no upstream is touched before they are there, and then each gets its body whole, whatever the client,
// the disk and the upstream do.

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ACCOUNT } from '../../../src/shared/buffer-accounts.ts'
import { GAUGE, TOTAL, WORKER } from '../../../src/shared/counter-cells.ts'
import type { ToWorker } from '../../../src/shared/messages.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { H2Client } from '../../support/h2-client.ts'
import { ok } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** Of `erp-1`: first come those of the three pools. */
const UPSTREAM_SLOT = 4
const directory = mkdtempSync(join(tmpdir(), 'vigia-gathering-'))
let erp: RawUpstream
let other: RawUpstream
let plane: DataPlane

beforeAll(async () => {
  ;[erp, other] = await Promise.all([RawUpstream.start(), RawUpstream.start()])
  const url = ({ port }: RawUpstream) => `http://127.0.0.1:${port}`
  const request = { memory: '8KiB', max: '4MiB' }
  plane = await startDataPlane(
    {
      buffers: { directory, keepFree: '1MiB' },

      routes: [
        { match: { path: '/other' }, pool: 'other' },
        { match: { path: '/hasty' }, pool: 'erp', timeouts: { idle: '500ms' }, buffer: { request } },
        { match: { path: '/short' }, pool: 'erp', buffer: { request: { memory: '8KiB', max: '64KiB' } } },
        { match: { path: '/least' }, pool: 'erp', maxBody: '16KiB', buffer: { request } },
        { match: { path: '/two' }, pool: 'both', buffer: { request } },
        { name: 'all', pool: 'erp', buffer: { request } },
      ],
      pools: {
        erp: { health: 'off', upstreams: [{ name: 'erp-1', url: url(erp), maxConnections: 1 }] },
        both: {
          health: 'off',
          upstreams: [
            { name: 'erp-1', url: url(erp) },
            { name: 'erp-2', url: url(other), priority: 2 },
          ],
        },
        other: { health: 'off', upstreams: [{ name: 'other', url: url(other) }] },
      },
    },
    {},
    { http2: true },
  )
})

beforeEach(() => Promise.all([erp.forget(), other.forget()]))

afterEach(async () => {
  closeClients()
  const accounts = [ACCOUNT.memory, ACCOUNT.disk, ACCOUNT.files]
  await until('all that was held is free', () => accounts.every(account => plane.buffered.held(account) === 0))
  await until('no file is left open', () => files() === 0)
  expect(readdirSync(directory)).toEqual([])
})

afterAll(async () => {
  await plane.stop()
  await Promise.all([erp.close(), other.close()])
  rmSync(directory, { recursive: true })
})

/** Files that the process has open in the folder of the spool. */
function files(): number {
  const link = (fd: string) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  }
  return readdirSync('/proc/self/fd').filter(fd => link(fd).startsWith(directory)).length
}

/** Bytes that tell where they stand. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 7 + (at >> 8) * 13) & 255
  return bytes
}

const headOf = (length: number | 'chunked', path = '/', more = '', method = 'POST') =>
  `${method} ${path} HTTP/1.1\r\nHost: erp\r\n${length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`

const chunk = (bytes: Buffer | string) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), Buffer.from(bytes as Buffer), Buffer.from('\r\n')])

/** What has been sent so far has been read: what came later has been answered. */
async function isRead(): Promise<void> {
  const client = await RawClient.connect(plane.port)
  for (let i = 0; i < 3; i += 1) {
    client.send('GET /other HTTP/1.1\r\nHost: erp\r\n\r\n')
    expect((await client.final()).status).toBe(200)
  }
  client.close()
}

const fieldOf = (upstream: RawUpstream, name: string) =>
  upstream.requests[0]?.fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)

const inFlight = () => plane.counters.gauge(UPSTREAM_SLOT, GAUGE.inFlight)

describe('a body that is gathered', () => {
  test('touches no upstream before it is whole; a chunked one goes up with its length, in one piece', async () => {
    const client = await RawClient.connect(plane.port)
    const body = bytesOf(100_000)
    client.send(headOf('chunked', '/'))
    client.send(chunk(body.subarray(0, 60_000)))
    await until('it is in a file', () => files() === 1)
    client.send(chunk(body.subarray(60_000)))
    await isRead()
    expect([erp.connections.length, inFlight()]).toEqual([0, 0])
    client.send('0\r\n\r\n')
    expect((await client.final('POST')).status).toBe(200)
    expect(erp.requests[0]?.body.equals(body)).toBe(true)
    expect(fieldOf(erp, 'content-length')).toEqual(['100000'])
    expect(fieldOf(erp, 'transfer-encoding')).toEqual([])
  })

  test('holds no place of its upstream: others are served meanwhile', async () => {
    const slow = await RawClient.connect(plane.port)
    slow.send(headOf(20, '/'))
    slow.send('0123456789')
    const quick = await RawClient.connect(plane.port)
    quick.send('GET / HTTP/1.1\r\nHost: erp\r\n\r\n')
    expect((await quick.final()).status).toBe(200)
    slow.send('0123456789')
    expect((await slow.final('POST')).status).toBe(200)
  })

  test('that came with its head goes up as it is', async () => {
    const before = plane.counters.own(WORKER.gathered)
    const client = await RawClient.connect(plane.port)
    client.send(`${headOf(5)}hello`)
    client.send(`${headOf('chunked')}5\r\nhello\r\n0\r\n\r\n`)
    for (const _ of [1, 2]) expect((await client.final('POST')).status).toBe(200)
    expect(erp.requests.map(({ body }) => body.toString())).toEqual(['hello', 'hello'])
    expect(plane.counters.own(WORKER.gathered)).toBe(before)
  })

  test('keeps its trailers, and goes up in chunks for them', async () => {
    const client = await RawClient.connect(plane.port)
    client.send(headOf('chunked'))
    await isRead()
    client.send(`${chunk('hello')}0\r\nX-Sum: 5\r\n\r\n`)
    expect((await client.final('POST')).status).toBe(200)
    expect(erp.requests[0]?.body.toString()).toBe('hello')
    expect(erp.requests[0]?.trailers).toEqual([['X-Sum', '5']])
  })

  test('is asked for by vigia where its client waits for that (100-continue), and by nobody else', async () => {
    erp.answer = async arrival => {
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      await arrival.whole()
      await arrival.connection.write(ok())
    }
    const client = await RawClient.connect(plane.port)
    client.send(headOf(5, '/', 'Expect: 100-continue\r\n'))
    expect((await client.response('POST')).status).toBe(100)
    expect(erp.connections.length).toBe(0)
    client.send('hello')
    const answer = await client.final('POST')
    expect([answer.status, answer.interim.length]).toEqual([200, 0])
    expect(fieldOf(erp, 'expect')).toEqual([])
  })

  test('is not seen by requests behind it on its connection, nor by HTTP/1.0', async () => {
    const client = await RawClient.connect(plane.port)
    client.send(headOf(10, '/'))
    await isRead()
    client.send('0123456789GET /next HTTP/1.1\r\nHost: erp\r\n\r\n')
    expect((await client.final('POST')).body.toString()).toBe('POST /')
    expect((await client.final()).body.toString()).toBe('GET /next')
    const old = await RawClient.connect(plane.port)
    old.send('POST /old HTTP/1.0\r\nContent-Length: 10\r\n\r\n01234')
    await isRead()
    old.send('56789')
    expect((await old.final('POST')).body.toString()).toBe('POST /old')
  })

  test('comes over HTTP/2 beyond any window', async () => {
    const client = new H2Client(plane.port)
    const body = bytesOf(700_000)
    const fields = { ':method': 'POST', ':path': '/', 'content-type': 'application/octet-stream' }
    const open = client.stream(fields, { open: true })
    open.write(body.subarray(0, 400_000))
    await until('it is in a file', () => files() === 1)
    expect(erp.connections.length).toBe(0)
    open.end(body.subarray(400_000))
    const status = await new Promise(resolve => open.on('response', ({ ':status': code }) => resolve(code)))
    open.resume()
    expect(status).toBe(200)
    expect(erp.requests[0]?.body.equals(body)).toBe(true)
    expect(fieldOf(erp, 'content-length')).toEqual(['700000'])
    client.close()
  })

  test('is sent again from its file where it may be: another upstream gets the same', async () => {
    erp.answer = async arrival => {
      await arrival.whole()
      arrival.connection.reset()
    }
    const body = bytesOf(MIB)
    const client = await RawClient.connect(plane.port)
    client.send(headOf(body.length, '/two', '', 'PUT'))
    client.send(body)
    expect((await client.final('PUT')).status).toBe(200)
    expect(other.requests[0]?.body.equals(body)).toBe(true)
  })

  test('that may not be sent again is in doubt once a byte of it went up, and never before', async () => {
    erp.answer = async arrival => {
      await arrival.connection.when(({ received }) => received.length > 20_000)
      arrival.connection.reset()
    }
    const before = plane.counters.total(UPSTREAM_SLOT, TOTAL.inDoubt)
    const client = await RawClient.connect(plane.port)
    client.send(headOf(50_000, '/'))
    client.send(bytesOf(50_000))
    const answer = await client.final('POST')
    expect([answer.status, answer.body.toString().includes('may or may not')]).toEqual([502, true])
    expect(plane.counters.total(UPSTREAM_SLOT, TOTAL.inDoubt)).toBe(before + 1)
  })

  test('waits for an upstream that reads slowly, and loses nothing', async () => {
    let isPaused = true
    erp.answer = async arrival => {
      arrival.connection.socket.pause()
      isPaused = true
      await until('it is let go', () => !isPaused)
      arrival.connection.socket.resume()
      await arrival.whole()
      await arrival.connection.write(ok())
    }
    const body = bytesOf(2 * MIB)
    const client = await RawClient.connect(plane.port)
    client.send(headOf(body.length, '/'))
    client.send(body)
    await until('it goes up', () => erp.connections.length === 1)
    await isRead()
    isPaused = false
    expect((await client.final('POST')).status).toBe(200)
    expect(erp.requests[0]?.body.equals(body)).toBe(true)
  })
})

describe('a body that is never whole costs no upstream anything', () => {
  async function begun(path = '/', bytes = 60_000): Promise<RawClient> {
    const client = await RawClient.connect(plane.port)
    client.send(headOf('chunked', path))
    client.send(chunk(bytesOf(bytes)))
    await until('it is in a file', () => files() === 1)
    return client
  }

  test('its client leaves', async () => {
    const aborts = () => plane.counters.total(plane.poolSlot, TOTAL.clientAborts)
    const before = aborts()
    const client = await begun()
    client.reset()
    await until('it is counted', () => aborts() === before + 1)
    expect(erp.connections.length).toBe(0)
  })

  test('a malformed chunk: 400', async () => {
    const client = await begun()
    client.send('zz\r\n')
    expect((await client.final('POST')).status).toBe(400)
    expect(erp.connections.length).toBe(0)
  })

  test('more than may be: 413', async () => {
    const client = await RawClient.connect(plane.port)
    client.send(headOf('chunked', '/least'))
    client.send(chunk(bytesOf(20_000)))
    expect((await client.final('POST')).status).toBe(413)
    expect(erp.connections.length).toBe(0)
  })

  test('a client that stops in the middle: 408', async () => {
    const client = await RawClient.connect(plane.port)
    client.send(headOf(60_000, '/hasty'))
    client.send(bytesOf(50_000))
    expect((await client.final('POST')).status).toBe(408)
    expect(erp.connections.length).toBe(0)
  })

  test('a window that begins meanwhile answers it', async () => {
    const client = await begun()
    const window = { window: 'update', reason: 'Update', timeZone: 'UTC', untilMs: undefined, bypasses: [] }
    await plane.tell({ type: 'closed-routes', closedRoutes: [{ route: 'all', ...window }] })
    client.send('0\r\n\r\n')
    const answer = await client.final('POST')
    await plane.tell({ type: 'closed-routes', closedRoutes: [] })
    expect([answer.status, answer.body.toString().includes('Update')]).toEqual([503, true])
    expect(erp.connections.length).toBe(0)
  })

  test('one that is still coming when vigia is told to end has the time of the stop for it', async () => {
    const ending = await startDataPlane({
      buffers: { directory },
      routes: [{ pool: 'erp', buffer: { request: { memory: '8KiB' } } }],
      pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${erp.port}` }] } },
    })
    const clients = [await RawClient.connect(ending.port), await RawClient.connect(ending.port)]
    for (const client of clients) client.send(headOf(20_000))
    for (const client of clients) client.send(bytesOf(15_000))
    await until('they are in files', () => files() === 2)
    ending.worker.postMessage({ type: 'drain', deadlineMs: 4000 } satisfies ToWorker)
    clients[0]!.send(bytesOf(5000))
    expect((await clients[0]!.final('POST')).status).toBe(200)
    expect((await clients[1]!.final('POST')).status).toBe(503)
    expect(erp.requests.length).toBe(1)
    await ending.stop()
  })
})

test('an upload that outlasts a configuration goes to the upstreams of the new one; with its worker its file ends', async () => {
  const pool = (upstream: RawUpstream) => ({
    routes: [{ name: 'all', buffer: { request: { memory: '8KiB' } }, pool: 'erp' }],
    pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }] } },
  })
  const reloaded = await startDataPlane({ buffers: { directory }, ...pool(erp) })
  const client = await RawClient.connect(reloaded.port)
  client.send(headOf(20_000))
  client.send(bytesOf(15_000))
  await until('it is in a file', () => files() === 1)
  await reloaded.reload({ buffers: { directory }, ...pool(other) })
  client.send(bytesOf(5000))
  expect((await client.final('POST')).status).toBe(200)
  expect([erp.connections.length, other.requests.length]).toEqual([0, 1])
  await until('its file is gone', () => files() === 0)
  // A worker that dies leaves nothing behind in the thread that has its files.
  client.send(headOf(20_000))
  client.send(bytesOf(15_000))
  await until('it is in a file', () => files() === 1)
  await reloaded.worker.terminate()
  await until('its file is gone', () => files() === 0)
  expect(reloaded.buffered.held(ACCOUNT.files)).toBe(1)
  reloaded.buffered.forget(0)
  expect([ACCOUNT.memory, ACCOUNT.disk, ACCOUNT.files].map(each => reloaded.buffered.held(each))).toEqual([0, 0, 0])
  await reloaded.stop()
})

test('a body of which no more may be gathered is streamed: an upstream is chosen, and what came goes first', async () => {
  const client = await RawClient.connect(plane.port)
  const body = bytesOf(300_000)
  client.send(headOf('chunked', '/short'))
  client.send(chunk(body.subarray(0, 100_000)))
  await until('it goes up', () => erp.connections[0] && erp.connections[0].received.length > 100_000)
  client.send(chunk(body.subarray(100_000)))
  client.send('0\r\n\r\n')
  expect((await client.final('POST')).status).toBe(200)
  expect(erp.requests[0]?.body.equals(body)).toBe(true)
  expect(fieldOf(erp, 'transfer-encoding')).toEqual(['chunked'])
})

test('the thread that has its file dies, and its files with it: 503, nothing was sent, and it is said', async () => {
  const client = await RawClient.connect(plane.port)
  client.send(headOf(60_000))
  client.send(bytesOf(50_000))
  await until('it is in a file', () => files() === 1)
  await plane.spool.thread?.terminate()
  expect((await client.final('POST')).status).toBe(503)
  expect(erp.connections.length).toBe(0)
  expect(plane.said.filter(line => line.includes('has ended')).length).toBe(1)
})
