// A side of a connection that takes nothing: the end of the other one is noticed although nobody reads it, and a tunnel in which nothing
// moves does not stay for hours.

import { readFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CAN_READ_QUEUES, keepAliveInS } from '../../support/kernel-queues.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { SOON_MS, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const MIB = 1_048_576
const CHUNK = Buffer.alloc(256 * 1024, 'a')
const UPGRADE = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
/** A frame of 8 MiB from a client, with the masking key 0; the payload is still to come. */
const LARGE_FRAME = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0])
const tlsFile = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url)))

let raw: RawUpstream
let vigia: Vigia
/** Of each upstream connection since the test began. */
const accepted: Socket[] = []
const secure = createServer({ key: tlsFile('node.key'), cert: tlsFile('node.crt') }, socket => {
  socket.on('error', () => {})
  socket.once('data', () => {
    socket.write(SWITCH)
    socket.pause()
    accepted.push(socket)
  })
})

beforeAll(async () => {
  raw = await RawUpstream.start()
  await new Promise<void>(resolve => secure.listen(0, '127.0.0.1', resolve))
  const blind = { health: 'off' }
  const url = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`
  vigia = await lendVigia({
    config: {
      timeouts: { idle: '10m', response: '10m' },
      limits: { connections: 3 },
      routes: [
        { match: { path: '/tunnel/short' }, pool: 'erp', timeouts: { idle: '1s' } },
        { match: { path: '/secure' }, pool: 'secure', timeouts: { idle: '1s' } },
        { pool: 'erp' },
      ],
      pools: {
        erp: { ...blind, tcpKeepAlive: '90s', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${raw.port}` }] },
        secure: { ...blind, upstreams: [{ name: 'erp-1', url, tls: { verify: false } }] },
      },
    },
  })
})

const counts = async () => {
  const { pools, clients } = await vigia.status()
  return pools.reduce(
    (sum, { upstreams: [each] }) => sum + each!.tunnels + each!.inFlight + each!.connections,
    clients.connections,
  )
}
const nothingIsLeft = () => until('nothing is left', async () => (await counts()) === 0, { timeoutMs: SOON_MS })

beforeEach(() => {
  // Takes the head of a request, answers an upgrade, and then reads nothing.
  raw.answer = async ({ connection, target }) => {
    connection.takeOver()
    connection.socket.pause()
    if (target.startsWith('/tunnel')) await connection.write(SWITCH)
    accepted.push(connection.socket)
  }
})

afterEach(async () => {
  closeClients()
  for (const socket of accepted.splice(0)) socket.destroy()
  await raw.forget()
  await nothingIsLeft()
})

afterAll(async () => {
  await vigia.stop()
  await raw.close()
  secure.close()
})

/** Sends until neither the upstream nor vigia takes more. */
async function fill(client: RawClient): Promise<void> {
  await until('the upstream is there', () => accepted.length > 0)
  let sent = 0
  for (let stuck = 0; stuck < 3; ) {
    if (client.socket.writableLength < MIB) {
      client.send(CHUNK)
      sent += CHUNK.length
      stuck = 0
    } else {
      const before = client.socket.writableLength
      await new Promise(resolve => setTimeout(resolve, 50))
      stuck = client.socket.writableLength === before ? stuck + 1 : 0
    }
    if (sent > 100 * MIB) throw new Error('somebody takes everything')
  }
}

async function open(path: string): Promise<RawClient> {
  const client = await RawClient.connect(vigia.port)
  client.send(UPGRADE(path))
  expect((await client.response()).status).toBe(101)
  return client
}

describe('a client that resets its connection is noticed within seconds', () => {
  test('where its tunnel is held up because the upstream reads nothing', async () => {
    const client = await open('/tunnel')
    await fill(client)
    client.reset()
    await nothingIsLeft()
  })

  test('where its upload is held up likewise', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${120 * MIB}\r\n\r\n`)
    await fill(client)
    client.reset()
    await nothingIsLeft()
  })

  test('where it has sent more while its request waits for an answer', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    await fill(client)
    client.reset()
    await nothingIsLeft()
  })

  test('where it waits beyond limits.connections, and has sent a lot', async () => {
    const sockets = await vigia.sockets()
    const served = await Promise.all([1, 2, 3].map(() => RawClient.connect(vigia.port)))
    const waiting = await RawClient.connect(vigia.port)
    waiting.send(Buffer.alloc(4 * MIB, 'a'))
    await until('vigia has it', async () => (await vigia.sockets()) >= sockets + 4)
    waiting.reset()
    await until('its descriptor is free', async () => (await vigia.sockets()) <= sockets + 3, { timeoutMs: SOON_MS })
    for (const client of served) client.close()
  })
})

describe('a tunnel of which one side takes nothing ends after timeouts.idle', () => {
  test('the upstream: the client is told, although the upstream goes on sending', async () => {
    const client = await open('/tunnel/short')
    const pings = setInterval(() => accepted[0]?.write(Buffer.from([0x89, 0])), 100)
    client.send(LARGE_FRAME)
    await fill(client)
    const { rest } = await client.untilClosed()
    clearInterval(pings)
    const close = rest.subarray(rest.indexOf(0x88))
    expect(close.readUInt16BE(2)).toBe(1012)
    await nothingIsLeft()
    expect(await vigia.metrics()).toMatch(/^vigia_tunnels_stuck_total\{pool="erp",upstream="erp-1"\} 1$/m)
  })

  test('an upstream over TLS', async () => {
    const client = await open('/secure')
    await fill(client)
    await client.untilClosed()
    await nothingIsLeft()
  })

  test('the client: the upstream is let go', async () => {
    const client = await open('/tunnel/short')
    client.socket.pause()
    const upstream = accepted[0]!
    const closed = new Promise<void>(resolve => upstream.once('close', () => resolve()))
    for (let i = 0; i < 120 && !upstream.writableNeedDrain; i += 1) upstream.write(CHUNK)
    upstream.resume()
    upstream.on('end', () => upstream.destroy())
    await closed
    await nothingIsLeft()
  })
})

test.skipIf(!CAN_READ_QUEUES)('the kernel asks both sides whether they are still there', async () => {
  const client = await open('/tunnel')
  const inS = await until('the client is asked', () => keepAliveInS(vigia.port, client.localPort))
  expect(inS).toBeLessThanOrEqual(60)
  expect(await keepAliveInS(accepted[0]!.remotePort!, raw.port)).toBeGreaterThan(60)
})
