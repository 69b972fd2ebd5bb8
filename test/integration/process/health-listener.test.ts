// The health listener: workers tell that they live and serve, whatever control does.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort } from '../../support/free-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

let vigia: Vigia
let port: number
let inspector: number

beforeAll(async () => {
  port = await freePort()
  inspector = await freePort()
  vigia = await startVigia({
    config: { workers: 2, health: { address: `127.0.0.1:${port}` } },
    upstreams: [1],
    env: { NODE_OPTIONS: `--inspect=127.0.0.1:${inspector}` },
    ownProcess: true,
  })
})
afterAll(() => vigia?.stop())

test('it answers in one line, and nothing but what it is there for', async () => {
  expect(await fetchText(port, '/healthz')).toEqual({ status: 200, body: 'ok\n' })
  expect(await fetchText(port, '/readyz')).toEqual({
    status: 200,
    body: expect.stringMatching(/^ready: worker [12] of 2 listens\n$/),
  })
  expect((await fetchText(port, '/metrics')).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${port}/healthz`, { method: 'POST' })).status).toBe(405)
})

test('one connection brings one answer: who pipelines thousands of requests keeps no worker from its traffic', async () => {
  const asked = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(5000)
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(port)))
  for (const client of clients) client.send(asked)
  await until('all have ended', () => clients.every(({ ending }) => ending !== 'open'))
  for (const { pending } of clients) expect(pending.toString().split('HTTP/1.1 ').length - 1).toBeLessThanOrEqual(1)
  expect(await fetchText(port, '/healthz')).toEqual({ status: 200, body: 'ok\n' })
})

test.each([
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\r\n\r\n'],
  ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n'],
  ['a head without end', `GET /healthz HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(9000)}`],
])('it answers 400 to what is no request: %s', async (_, bytes) => {
  const client = await RawClient.connect(port)
  client.send(bytes)
  await until('it has an answer', () => client.pending.includes('\r\n\r\n'))
  expect(client.pending.toString()).toMatch(/^HTTP\/1.1 400 /)
})

test('it answers while control stands still and the admin listener is silent', async () => {
  const debug = await attachDebugger(inspector)
  debug.send('Debugger.enable')
  debug.send('Debugger.pause')
  await until('control stands still', async () => debug.paused())
  await expect(fetchText(vigia.adminPort, '/healthz', 300)).rejects.toThrow('no answer')
  expect(await fetchText(port, '/healthz')).toEqual({ status: 200, body: 'ok\n' })
  expect((await fetchText(port, '/readyz')).status).toBe(200)
  debug.send('Debugger.resume')
  debug.close()
  expect((await fetchText(vigia.adminPort, '/healthz')).status).toBe(200)
})

test('a reload moves it, and takes it away', async () => {
  const other = await freePort()
  await vigia.writeConfig({ workers: 2, health: { address: `127.0.0.1:${other}` } })
  await until('it answers elsewhere', async () => (await statusAt(other)) === 200 && (await statusAt(port)) === 0)
  await vigia.writeConfig({ workers: 2 })
  await until('it is gone', async () => (await statusAt(other)) === 0)
  expect(vigia.stderr()).toContain('health')
})

/** 0 = nobody listens. */
async function statusAt(at: number): Promise<number> {
  return fetchText(at, '/healthz').then(
    ({ status }) => status,
    () => 0,
  )
}

/** Stops the main thread of a process that was started with --inspect; its other threads go on. */
async function attachDebugger(at: number) {
  const [target] = JSON.parse((await fetchText(at, '/json')).body) as { webSocketDebuggerUrl: string }[]
  const socket = new WebSocket(target!.webSocketDebuggerUrl)
  let paused = false
  socket.on('message', data => {
    paused ||= String(data).includes('Debugger.paused')
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let id = 0
  return {
    paused: () => paused,
    send(method: string) {
      id += 1
      socket.send(JSON.stringify({ id, method }))
    },
    close: () => socket.close(),
  }
}
