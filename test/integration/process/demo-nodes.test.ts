// The sample ERP nodes without a balancer in front: their API, their shared database, and how their processes come and go.

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { DemoFleet, type FleetEvent } from '../../../src/demo/fleet.ts'
import { freePort } from '../../../src/demo/ports.ts'
import { until } from '../../support/until.ts'

const RESTART_MS = 200
const HOST = '127.0.0.1'

let fleet: DemoFleet
const events: FleetEvent[] = []
const url = (node: number, path: string): string => `${fleet.states()[node]!.url}${path}`
const postJson = (at: string, value: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(at, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
  })
const CHAIRS = { customer: 'Acme', lines: [{ product: 'Chair', quantity: 3, unitPrice: 0.1 }] }

beforeAll(async () => {
  const ports = new Set<number>()
  for (let i = 0; i < 2; i += 1) ports.add(await freePort(HOST, 0, ports))
  fleet = new DemoFleet(
    [...ports].map((port, i) => ({ name: `erp-${i + 1}`, host: HOST, port })),
    { restartMs: RESTART_MS, onEvent: event => events.push(event) },
  )
  await fleet.start()
})
afterAll(() => fleet.close())

describe('a sample node', () => {
  test('names itself on every answer, errors included', async () => {
    for (const path of ['/', '/whoami', '/api/orders', '/nothing-here', '/health']) {
      const response = await fetch(url(1, path))
      await response.arrayBuffer()
      expect([path, response.headers.get('x-erp-node')]).toEqual([path, 'erp-2'])
    }
  })

  test('sees an order that was posted to another node, with its total in whole cents', async () => {
    const posted = await postJson(url(0, '/api/orders'), CHAIRS)
    expect(posted.status).toBe(201)
    const order = (await posted.json()) as { id: number; total: number; createdBy: string }
    expect(order).toMatchObject({ total: 0.3, createdBy: 'erp-1' })
    const seen = await fetch(url(1, posted.headers.get('location')!))
    expect(await seen.json()).toEqual(order)
  })

  test('makes one order of two posts with the same Idempotency-Key, whichever nodes they reach', async () => {
    const key = { 'idempotency-key': randomBytes(8).toString('hex') }
    const first = await postJson(url(0, '/api/orders'), CHAIRS, key)
    const second = await postJson(url(1, '/api/orders'), CHAIRS, key)
    expect([first.status, second.status]).toEqual([201, 200])
    expect(await second.json()).toEqual(await first.json())
  })

  test('makes two orders of two posts without a key', async () => {
    const posts = [await postJson(url(0, '/api/orders'), CHAIRS), await postJson(url(0, '/api/orders'), CHAIRS)]
    expect(posts.map(post => post.status)).toEqual([201, 201])
    expect(posts[0]!.headers.get('location')).not.toBe(posts[1]!.headers.get('location'))
  })

  test.each([
    ['text that is no JSON', 'nonsense', 400],
    ['a list', '[]', 400],
    ['an order without lines', '{"customer":"Acme","lines":[]}', 422],
    ['a negative quantity', '{"customer":"Acme","lines":[{"product":"Chair","quantity":-1,"unitPrice":1}]}', 422],
    ['more than a mebibyte', JSON.stringify({ customer: 'x'.repeat(1024 * 1024) }), 413],
  ])('refuses %s as an order', async (_, body, status) => {
    const response = await fetch(url(0, '/api/orders'), { method: 'POST', body })
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(await response.json()).toMatchObject({ status })
  })

  test('knows a session that began on another node, until the user logs out', async () => {
    expect((await fetch(url(1, '/me'))).status).toBe(401)
    expect((await postJson(url(0, '/login'), { user: 'ana', password: 'wrong' })).status).toBe(401)
    const login = await postJson(url(0, '/login'), { user: 'ana', password: 'demo' })
    const cookie = login.headers.get('set-cookie')!.split(';', 1)[0]!
    const me = await fetch(url(1, '/me'), { headers: { cookie } })
    expect(await me.json()).toMatchObject({ user: 'ana', loggedInOn: 'erp-1', answeredBy: 'erp-2' })
    expect((await fetch(url(1, '/logout'), { method: 'POST', headers: { cookie } })).status).toBe(204)
    expect((await fetch(url(0, '/me'), { headers: { cookie } })).status).toBe(401)
  })

  test('gives a file back as it was uploaded, from either node', async () => {
    const bytes = randomBytes(3 * 1024 * 1024)
    const upload = await fetch(url(0, '/files/invoice.pdf'), { method: 'PUT', body: bytes })
    expect(await upload.json()).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      storedBy: 'erp-1',
    })
    const download = await fetch(url(1, '/files/invoice.pdf'))
    expect(bytes.equals(Buffer.from(await download.arrayBuffer()))).toBe(true)
    expect((await fetch(url(1, '/files/invoice.pdf'), { method: 'DELETE' })).status).toBe(204)
    expect((await fetch(url(0, '/files/invoice.pdf'))).status).toBe(404)
  })

  test('has no file outside its directory', async () => {
    for (const path of ['/files/..%2Fsecret', '/files/.hidden', '/files/a%00b', `/files/${'x'.repeat(101)}`]) {
      const response = await fetch(url(0, path), { method: 'PUT', body: 'x' })
      await response.arrayBuffer()
      expect([path, response.status]).toEqual([path, 404])
    }
  })

  test('sends a slow report when it is done', async () => {
    const began = performance.now()
    const report = await fetch(url(0, '/reports/sales?seconds=0.3'))
    expect(await report.json()).toMatchObject({ report: 'sales', node: 'erp-1' })
    expect(performance.now() - began).toBeGreaterThan(290)
    expect((await fetch(url(0, '/reports/sales?seconds=soon'))).status).toBe(400)
  })

  test('announces an order of another node by Server-Sent Events and by WebSocket, and echoes WebSocket messages', async () => {
    const stream = await fetch(url(0, '/events'))
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    const socket = new WebSocket(url(0, '/websocket').replace('http', 'ws'))
    const messages: string[] = []
    socket.on('message', data => messages.push(String(data)))
    await once(socket, 'open')
    socket.send('olá')
    await postJson(url(1, '/api/orders'), { ...CHAIRS, customer: 'Live' })

    let text = ''
    while (!text.includes('event: order')) text += (await reader.read()).value ?? ''
    expect(text).toContain('"customer":"Live"')
    await until('the WebSocket has its three messages', () => messages.length >= 3)
    expect(messages.map(message => (message === 'olá' ? message : JSON.parse(message).event)).sort()).toEqual([
      'hello',
      'olá',
      'order',
    ])
    await reader.cancel()
    socket.close()
    await once(socket, 'close')
  })

  test('answers 404 to an upgrade elsewhere', async () => {
    const socket = new WebSocket(url(0, '/api/orders').replace('http', 'ws'))
    const [error] = await once(socket, 'error')
    expect(String(error)).toContain('404')
  })

  test('fails its health check when told to, by whichever node is asked, and passes again', async () => {
    expect((await fetch(url(1, '/health'))).status).toBe(200)
    await fetch(url(0, '/health/fail?node=erp-2'), { method: 'POST' })
    await until('the health check of erp-2 fails', async () => (await fetch(url(1, '/health'))).status === 503)
    expect((await fetch(url(0, '/health'))).status).toBe(200)
    expect(fleet.states()[1]!.state).toBe('failing')
    await fetch(url(1, '/health/ok'), { method: 'POST' })
    expect((await fetch(url(1, '/health'))).status).toBe(200)
  })

  test('is told from one that runs while it is frozen', async () => {
    const { pid } = fleet.states()[1]!
    process.kill(pid!, 'SIGSTOP')
    try {
      await until('it counts as frozen', () => fleet.states()[1]!.state === 'frozen')
      await until('the other one runs', () => fleet.states()[0]!.state === 'running')
    } finally {
      process.kill(pid!, 'SIGCONT')
    }
    await until('it runs again', () => fleet.states()[1]!.state === 'running')
  })

  test('is not crashed by another site in a visitor’s browser', async () => {
    const response = await fetch(url(0, '/demo/crash'), { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } })
    expect(response.status).toBe(403)
  })

  test('killed with -9 it is gone, then started again on its port; the orders are still there', async () => {
    const before = (await (await fetch(url(1, '/api/orders'))).json()) as { total: number }
    const pid = fleet.states()[0]!.pid!
    process.kill(pid, 'SIGKILL')
    await until('erp-1 is down', () => fleet.states()[0]!.state === 'down')
    await until('erp-1 runs again', () => fleet.states()[0]!.state === 'running')
    expect(fleet.states()[0]!.pid).not.toBe(pid)
    expect(await (await fetch(url(0, '/api/orders'))).json()).toMatchObject({ total: before.total })
    const story = events.filter(event => event.node === 'erp-1').map(event => event.kind)
    expect(story).toEqual(['listening', 'ended', 'listening'])
  })
})

describe('the fleet', () => {
  test('leaves neither process nor file behind when it closes, even of a node that hangs', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'vigia-test-'))
    vi.stubEnv('TMPDIR', temporary)
    try {
      const address = { name: 'hung', host: HOST, port: await freePort(HOST, 0, new Set()) }
      const one = new DemoFleet([address], { restartMs: RESTART_MS, onEvent: () => {} })
      await one.start()
      expect(readdirSync(temporary)).toHaveLength(1)
      const pid = one.states()[0]!.pid!
      process.kill(pid, 'SIGSTOP')
      await one.close()
      expect(() => process.kill(pid, 0)).toThrow('ESRCH')
      expect(readdirSync(temporary)).toEqual([])
    } finally {
      vi.unstubAllEnvs()
      rmSync(temporary, { recursive: true })
    }
  })

  test('says which node can’t start, and why', async () => {
    const taken = Number(new URL(fleet.states()[0]!.url).port)
    const other = new DemoFleet([{ name: 'late', host: HOST, port: taken }], { restartMs: 60_000, onEvent: () => {} })
    await expect(other.start()).rejects.toThrow(/sample node late can't start: .*EADDRINUSE/)
    await other.close()
  })
})

test('a wanted port that is taken is replaced by one near it, and no port is given away twice', async () => {
  const taken = Number(new URL(fleet.states()[0]!.url).port)
  const near = await freePort(HOST, taken, new Set())
  expect(near).not.toBe(taken)
  expect(await freePort(HOST, near, new Set([near]))).not.toBe(near)
})
