// Upgraded connections: WebSockets from end to end with a real client and server. The bytes under them: websocket-tunnel.test.ts.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { lendVigia } from '../../support/lent-vigia.ts'
import { sleep, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const MIB = 1_048_576

let server: WebSocketServer
let vigia: Vigia
let last: WebSocket | undefined
const clients: WebSocket[] = []

beforeAll(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'erp.v1', maxPayload: 64 * MIB })
  await once(server, 'listening')
  server.on('connection', (socket, request) => {
    last = socket
    socket.on('error', () => {})
    if (request.url?.startsWith('/ws/echo'))
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  vigia = await lendVigia({ upstreams: [(server.address() as AddressInfo).port] })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate()
  await until('no tunnel is left', async () =>
    (await vigia.status()).pools.every(pool => pool.upstreams.every(each => each.tunnels === 0)),
  )
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    server?.close()
  }
})

async function open(path = '/ws/echo', protocols: string[] = []): Promise<WebSocket> {
  const client = new WebSocket(`ws://127.0.0.1:${vigia.port}${path}`, protocols)
  clients.push(client)
  client.on('error', () => {})
  await once(client, 'open')
  return client
}

async function message(client: WebSocket): Promise<Buffer> {
  const [data] = (await once(client, 'message')) as [RawData]
  return data as Buffer
}

describe('a WebSocket', () => {
  test('echoes text and binary, with its subprotocol', async () => {
    const client = await open('/ws/echo', ['erp.v1'])
    expect(client.protocol).toBe('erp.v1')
    client.send('olá, São Paulo')
    expect((await message(client)).toString()).toBe('olá, São Paulo')
    client.send(Buffer.from([0, 255, 10, 13]))
    expect([...(await message(client))]).toEqual([0, 255, 10, 13])
  })

  test('carries messages of 1 MiB and many small ones, in order', async () => {
    const client = await open()
    const large = Buffer.alloc(MIB, 'x')
    for (let i = 0; i < 4; i += 1) {
      large[0] = i
      client.send(large)
      expect((await message(client)).equals(large)).toBe(true)
    }
    const got: string[] = []
    client.on('message', data => got.push(data.toString()))
    for (let i = 0; i < 2_000; i += 1) client.send(String(i))
    await until('all are back', () => got.length === 2_000)
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, i) => String(i)))
  })

  test('carries ping and pong in both directions', async () => {
    const client = await open()
    client.ping('a')
    expect(String((await once(client, 'pong'))[0])).toBe('a')
    last!.ping('b')
    expect(String((await once(last!, 'pong'))[0])).toBe('b')
  })

  test.each([1000, 1001, 3000, 4999])("carries the client's close code %i to the server, and back", async code => {
    const client = await open()
    const atServer = once(last!, 'close')
    const atClient = once(client, 'close')
    client.close(code, 'bye')
    expect([(await atServer)[0], String((await atServer)[1])]).toEqual([code, 'bye'])
    expect((await atClient)[0]).toBe(code)
  })

  test("carries the server's close code to the client", async () => {
    const client = await open()
    const atClient = once(client, 'close')
    last!.close(4321, 'maintenance')
    expect([(await atClient)[0], String((await atClient)[1])]).toEqual([4321, 'maintenance'])
  })

  test('whose server dies ends for the client at once', async () => {
    const client = await open()
    const atClient = once(client, 'close')
    last!.terminate()
    expect((await atClient)[0]).toBe(1006)
  })

  test('whose client dies ends for the server at once', async () => {
    const client = await open()
    const atServer = once(last!, 'close')
    client.terminate()
    expect((await atServer)[0]).toBe(1006)
  })

  test.each(['server', 'client'])('makes a %s that sends wait for a slow reader, in bounded memory', async sender => {
    const client = await open('/ws/quiet')
    const [from, to] = sender === 'server' ? [last!, client] : [client, last!]
    const before = await vigia.residentBytes()
    to.pause()
    const block = Buffer.alloc(MIB)
    for (let i = 0; i < 64; i += 1) from.send(block)
    // Time enough for an unbounded tunnel to swallow the 64 MiB.
    await sleep(500)
    expect(from.bufferedAmount).toBeGreaterThan(32 * MIB)
    expect((await vigia.residentBytes()) - before).toBeLessThan(48 * MIB)
    let bytes = 0
    to.on('message', (data: Buffer) => {
      bytes += data.length
    })
    to.resume()
    await until('everything arrives after all', () => bytes === 64 * MIB)
  })

  test('is counted as a tunnel while it is open', async () => {
    await open()
    await open()
    await until('two tunnels are counted', async () => (await vigia.status()).pools[0]?.upstreams[0]?.tunnels === 2)
  })
})
