// The end of a drain, and of vigia itself, as WebSockets, clients and upstreams see it: from end to end, with real clients and servers.

import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ok } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia, VigiaSetup } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

interface Closed {
  readonly code: number
  readonly reason: string
  readonly atMs: number
}

/** Long enough that nobody takes waiting for it for anything else. */
const SHUTDOWN_MS = 60_000

let vigia: Vigia
const servers: WebSocketServer[] = []
const raws: RawUpstream[] = []
const clients: WebSocket[] = []
/** What the servers saw of the ends of their connections. */
let atServer: Closed[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate()
  for (const server of servers.splice(0)) server.close()
  await Promise.all(raws.splice(0).map(raw => raw.close()))
  await vigia.stop()
  atServer = []
})

const now = () => performance.now()

async function webSockets(): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true })
  servers.push(server)
  await once(server, 'listening')
  server.on('connection', socket => {
    socket.on('message', data => socket.send(data))
    socket.on('close', (code, reason) => atServer.push({ code, reason: String(reason), atMs: now() }))
  })
  return (server.address() as AddressInfo).port
}

async function start(setup: VigiaSetup): Promise<void> {
  vigia = await lendVigia(setup)
}

async function connectOne(): Promise<{ client: WebSocket; closed: Promise<Closed> }> {
  const client = new WebSocket(`ws://127.0.0.1:${vigia.port}/`)
  clients.push(client)
  client.on('error', () => {})
  const closed = once(client, 'close').then(([code, reason]) => ({ code, reason: String(reason), atMs: now() }))
  await once(client, 'open')
  return { client, closed }
}

/** POST to the admin listener. */
function order(path: string, body: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: vigia.adminPort, path, method: 'POST', agent: false }
    const asked = request({ ...options, headers: { 'content-type': 'application/json' } }, answer => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

const upstream = async (name: string) => (await vigia.status()).pools[0]?.upstreams.find(each => each.name === name)

describe('an upstream that is disabled', () => {
  test('loses 200 WebSockets one after the other over five seconds, each by a Close 1012 in both halves of the way', async () => {
    await start({ upstreams: [await webSockets(), await webSockets()], config: { workers: 2 } })
    const open = await Promise.all(Array.from({ length: 200 }, connectOne))
    for (const { client } of open) client.send('x'.repeat(5000))
    await Promise.all(open.map(({ client }) => once(client, 'message')))
    const before = await upstream('erp-1')
    expect(before?.tunnels).toBeGreaterThan(20)
    const began = now()
    expect(await order('/pools/erp/upstreams/erp-1/disable', { reason: 'patches' })).toBe(200)
    const closed = await until('all of them are closed', () =>
      atServer.length >= before!.tunnels ? atServer : undefined,
    )
    await until('none is counted any more', async () => (await upstream('erp-1'))?.tunnels === 0)
    expect((await upstream('erp-1'))?.connections).toBe(0)
    expect(closed.length).toBe(before?.tunnels)
    expect(new Set(closed.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['1001 going away']))
    const ends = await Promise.all(
      open.filter(({ client }) => client.readyState === WebSocket.CLOSED).map(each => each.closed),
    )
    expect(ends.length).toBe(before?.tunnels)
    expect(new Set(ends.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['1012 service restart']))
    // Two workers, each evenly over five seconds: a fifth in each, more only where this machine was held up.
    const perSecond = [0, 0, 0, 0, 0, 0]
    for (const { atMs } of ends) perSecond[Math.min(5, Math.floor((atMs - began) / 1000))]! += 1
    expect(Math.max(...perSecond)).toBeLessThan(ends.length * 0.5)
    expect((await upstream('erp-2'))?.tunnels).toBe(200 - ends.length)
  })

  test('answers what is in flight, with Connection: close, and keeps no connection; enabled again, it keeps them', async () => {
    const { promise: let1, resolve: letGo } = Promise.withResolvers<void>()
    let holder = ''
    const start1 = (name: string) =>
      RawUpstream.start(async ({ connection, target, whole }) => {
        await whole()
        if (target === '/held') {
          holder = name
          await let1
        }
        await connection.write(ok(name))
      })
    raws.push(await start1('erp-1'), await start1('erp-2'))
    await start({ upstreams: raws.map(each => each.port), pool: { balance: 'round-robin' } })
    const [held, other] = [await RawClient.connect(vigia.port), await RawClient.connect(vigia.port)]
    const get = async (client: RawClient, path: string) => {
      client.send(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      const answer = await client.final()
      return { body: answer.body.toString(), connection: field(answer, 'connection')?.toLowerCase() }
    }
    // What is held rides a connection of before: beside a new one that waits for its answer, idle ones give way.
    for (let i = 0; i < 2; i += 1) await get(other, '/')
    const answer = get(held, '/held')
    await until('it is held', () => holder)
    for (let i = 0; i < 4; i += 1) await get(other, '/')
    await until('one connection is idle, one is busy', async () => (await upstream(holder))?.connections === 2)
    expect(await order(`/pools/erp/upstreams/${holder}/disable`, { reason: 'patches' })).toBe(200)
    await until('only the busy one is left', async () => (await upstream(holder))?.connections === 1)
    letGo()
    expect(await answer).toEqual({ body: holder, connection: 'close' })
    await until('the client is let go', () => held.ending === 'fin')
    await until('no connection is left', async () => (await upstream(holder))?.connections === 0)
    const elsewhere = await get(other, '/')
    expect(elsewhere.body).not.toBe(holder)
    expect(elsewhere.connection).toBeUndefined()

    expect(await order(`/pools/erp/upstreams/${holder}/enable`, {})).toBe(200)
    await until('it serves again', async () => (await get(other, '/')).body === holder)
    expect((await get(other, '/')).connection).toBeUndefined()
    await until('its connection is kept', async () => (await upstream(holder))?.connections === 1)
    other.close()
    held.close()
  })
})

describe('a stop of vigia', () => {
  test('closes its WebSockets by a Close 1001 on both sides, and does not wait for its deadline', async () => {
    await start({ upstreams: [await webSockets()], config: { shutdown: `${SHUTDOWN_MS}ms` } })
    const open = await Promise.all(Array.from({ length: 10 }, connectOne))
    const began = now()
    vigia.kill('SIGTERM')
    const ends = await Promise.all(open.map(each => each.closed))
    expect(new Set(ends.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['1001 going away']))
    const { code } = await vigia.exited
    expect(code).toBe(0)
    expect(now() - began).toBeLessThan(SHUTDOWN_MS)
    await until('the server has seen all of them end', () => atServer.length === 10)
    expect(new Set(atServer.map(each => each.code))).toEqual(new Set([1001]))
    expect(vigia.stdout() + vigia.stderr()).not.toMatch(/"cut":[1-9]/)
  })

  test('lets what a client sends before it knows of the end through to the server', async () => {
    const port = await webSockets()
    await start({ upstreams: [port] })
    const { client, closed } = await connectOne()
    const got: string[] = []
    for (const socket of servers[0]!.clients) socket.on('message', data => got.push(String(data)))
    let sent = 0
    const sending = setInterval(() => {
      if (client.readyState !== WebSocket.OPEN) return
      client.send(`order ${sent}`)
      sent += 1
    }, 1)
    await until('some have arrived', () => got.length > 5)
    vigia.kill('SIGTERM')
    expect((await closed).code).toBe(1001)
    clearInterval(sending)
    await until('every one has arrived', () => got.length === sent)
    expect(got).toEqual(Array.from({ length: sent }, (_, i) => `order ${i}`))
  })

  test('is not kept from its end by a client that answers no Close frame', async () => {
    const raw = await RawUpstream.start(async ({ connection }) => {
      connection.takeOver()
      await connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    raws.push(raw)
    await start({ upstreams: [raw.port], config: { shutdown: `${SHUTDOWN_MS}ms` } })
    const client = await RawClient.connect(vigia.port)
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    expect((await client.response()).status).toBe(101)
    const began = now()
    vigia.kill('SIGTERM')
    const { code } = await vigia.exited
    expect(code).toBe(0)
    expect(now() - began).toBeLessThan(SHUTDOWN_MS)
    expect((await client.bytes(4)).toString('hex')).toBe('880c03e9')
    client.close()
  })
})
