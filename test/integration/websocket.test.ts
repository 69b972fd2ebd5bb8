// Upgraded connections: WebSockets from end to end with a real client and server, and the tunnel under them byte by byte.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { ask, RawClient } from '../support/raw-client.ts'
import { answerOk, ok, RawUpstream, type UpstreamConnection } from '../support/raw-upstream.ts'
import { sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'
import { field } from '../support/wire.ts'

const MIB = 1_048_576

let server: WebSocketServer
let raw: RawUpstream
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
  raw = await RawUpstream.start()
  vigia = await startVigia({
    config: {
      routes: [
        { match: { path: '/ws' }, pool: 'ws' },
        { match: { path: '/short' }, pool: 'raw', timeouts: { tunnel: '300ms' } },
        { pool: 'raw' },
      ],
      pools: {
        ws: {
          health: 'off',
          upstreams: [{ name: 'ws', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }],
        },
        raw: { health: 'off', upstreams: [{ name: 'raw', url: `http://127.0.0.1:${raw.port}` }] },
      },
    },
  })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate()
  // A client's FIN is no end of a tunnel: its upstream has to end too.
  await raw.forget()
  await until('no tunnel is left', async () =>
    (await vigia.status()).pools.every(pool => pool.upstreams.every(each => each.tunnels === 0)),
  )
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    server?.close()
    await raw?.close()
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

  test('makes the sender wait for a reader that is slow, in bounded memory', async () => {
    const client = await open('/ws/quiet')
    const before = await vigia.residentBytes()
    client.pause()
    const block = Buffer.alloc(MIB)
    for (let i = 0; i < 64; i += 1) last!.send(block)
    // Time enough for an unbounded tunnel to swallow the 64 MiB.
    await sleep(500)
    expect(last!.bufferedAmount).toBeGreaterThan(32 * MIB)
    expect((await vigia.residentBytes()) - before).toBeLessThan(48 * MIB)
    let bytes = 0
    client.on('message', (data: Buffer) => {
      bytes += data.length
    })
    client.resume()
    await until('everything arrives after all', () => bytes === 64 * MIB)
  })

  test('is counted as a tunnel while it is open', async () => {
    await open()
    await open()
    await until(
      'two tunnels are counted',
      async () => (await vigia.status()).pools.find(pool => pool.name === 'ws')?.upstreams[0]?.tunnels === 2,
    )
  })
})

const UPGRADE = (target: string, protocol = 'websocket', connection = 'Upgrade') =>
  `GET ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: ${connection}\r\nUpgrade: ${protocol}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`
const SWITCH =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'

/** Opens a tunnel to the raw upstream; the upstream sends `first` together with its 101. */
async function tunnel(target = '/raw', early = '', first = ''): Promise<[RawClient, UpstreamConnection]> {
  let accepted: UpstreamConnection | undefined
  raw.answer = async ({ connection }) => {
    connection.takeOver()
    await connection.write(SWITCH + first)
    accepted = connection
  }
  const client = await RawClient.connect(vigia.port)
  client.send(UPGRADE(target) + early)
  expect((await client.response()).status).toBe(101)
  return [client, await until('the upstream has accepted', () => accepted)]
}

describe('an upgrade request', () => {
  test('reaches the upstream with its Upgrade and Connection, and its answer comes back with them', async () => {
    raw.answer = async ({ connection }) => {
      connection.takeOver()
      await connection.write(SWITCH)
    }
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/raw', 'WebSocket', 'keep-alive, upgrade'))
    const answer = await client.response()
    expect(answer.status).toBe(101)
    expect(field(answer, 'upgrade')).toBe('websocket')
    expect(field(answer, 'connection')?.toLowerCase()).toBe('upgrade')
    expect(field(answer, 'sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    const seen = raw.received.toString('latin1').toLowerCase()
    expect(seen).toContain('\r\nupgrade: websocket\r\n')
    expect(seen).toMatch(/\r\nconnection: upgrade\r\n/)
    expect(seen).toContain('\r\nsec-websocket-version: 13\r\n')
    expect(seen).toContain('\r\nx-forwarded-for: 127.0.0.1\r\n')
    client.close()
  })

  test('that the upstream refuses has an ordinary answer, and the connection serves on', async () => {
    raw.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write(ok('no', ['WWW-Authenticate: Basic']).replace('200 OK', '401 Unauthorized'))
    }
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/raw'))
    const answer = await client.response()
    expect(answer.status).toBe(401)
    expect(answer.body.toString()).toBe('no')
    raw.answer = answerOk
    client.send('GET /next HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect((await client.response()).body.toString()).toBe('GET /next')
    client.close()
  })

  test.each([
    ['h2c', 'Upgrade, HTTP2-Settings'],
    ['H2C', 'Upgrade'],
    ['websocket', 'keep-alive'],
  ])('for %s with Connection: %s is forwarded as an ordinary request', async (protocol, connection) => {
    const client = await RawClient.connect(vigia.port)
    client.send(
      UPGRADE('/plain', protocol, connection).replace(
        '\r\n\r\n',
        '\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n',
      ),
    )
    const answer = await client.response()
    expect(answer.status).toBe(200)
    client.close()
    expect(field(raw.requests[0]!, 'upgrade')).toBeUndefined()
    expect(field(raw.requests[0]!, 'connection') ?? 'keep-alive').not.toMatch(/upgrade/i)
  })

  test('for h2c beside websocket offers only websocket', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/plain', 'h2c, websocket'))
    expect((await client.response()).status).toBe(200)
    client.close()
    expect(field(raw.requests[0]!, 'upgrade') ?? '').not.toMatch(/h2c/i)
  })

  test('of HTTP/1.0 is an ordinary request', async () => {
    const answer = await ask(vigia.port, UPGRADE('/plain').replace('HTTP/1.1', 'HTTP/1.0'))
    expect(answer.status).toBe(200)
    expect(field(raw.requests[0]!, 'upgrade')).toBeUndefined()
  })

  test('answered by 101 to another protocol than was offered is a 502', async () => {
    raw.answer = async ({ connection }) => {
      connection.takeOver()
      await connection.write(SWITCH.replace('Upgrade: websocket', 'Upgrade: h2c'))
    }
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/raw'))
    expect((await client.response()).status).toBe(502)
    client.close()
  })

  test('that is refused does not let bytes sent ahead through as a tunnel', async () => {
    raw.answer = answerOk
    const client = await RawClient.connect(vigia.port)
    client.send(`${UPGRADE('/plain')}GET /second HTTP/1.1\r\nHost: a.example\r\n\r\n`)
    expect((await client.response()).body.toString()).toBe('GET /plain')
    expect((await client.response()).body.toString()).toBe('GET /second')
    client.close()
    expect(raw.requests.map(each => each.target)).toEqual(['/plain', '/second'])
  })
})

describe('a tunnel', () => {
  test('passes the bytes of both sides as they are, HTTP-like ones too', async () => {
    const [client, upstream] = await tunnel()
    const start = upstream.received.length
    client.send('GET / HTTP/1.1\r\n\r\n\0\xff')
    await until('the bytes arrive', () => upstream.received.length === start + 20)
    expect(upstream.received.subarray(start).toString('latin1')).toBe('GET / HTTP/1.1\r\n\r\n\0\xff')
    await upstream.write('HTTP/1.1 400 Bad\r\n\r\n')
    expect((await client.bytes(20)).toString('latin1')).toBe('HTTP/1.1 400 Bad\r\n\r\n')
    client.close()
  })

  test('passes what the upstream sends together with its 101', async () => {
    const [client] = await tunnel('/raw', '', 'first words')
    expect((await client.bytes(11)).toString()).toBe('first words')
    client.close()
  })

  test('passes what the client sends before it has the 101', async () => {
    const [client, upstream] = await tunnel('/raw', 'early words')
    await until('the early bytes arrive', () => upstream.received.toString('latin1').endsWith('early words'))
    client.close()
  })

  test('stays open in one direction when the other ends', async () => {
    const [client, upstream] = await tunnel()
    client.end()
    await until('the FIN arrives at the upstream', () => upstream.ending === 'fin')
    await upstream.write('still talking')
    expect((await client.bytes(13)).toString()).toBe('still talking')
    upstream.end()
    expect((await client.untilClosed()).ending).toBe('fin')
    client.close()
  })

  test('stays open in one direction when the upstream ends first', async () => {
    const [client, upstream] = await tunnel()
    const start = upstream.received.length
    upstream.end()
    await client.untilClosed()
    expect(client.ending).toBe('fin')
    client.send('still here')
    await until('the bytes arrive', () => upstream.received.subarray(start).toString() === 'still here')
    client.close()
    await until('the upstream is let go', () => upstream.ending !== 'open')
  })

  test('is closed on both sides after its idle timeout, not before', async () => {
    const [client, upstream] = await tunnel('/short')
    for (let i = 0; i < 4; i += 1) {
      await sleep(150)
      client.send('x')
    }
    expect(upstream.ending).toBe('open')
    const began = performance.now()
    await client.untilClosed()
    client.close()
    await until('the upstream is let go', () => upstream.ending !== 'open')
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('whose upstream resets is reset for the client', async () => {
    const [client, upstream] = await tunnel()
    upstream.reset()
    await client.untilClosed()
    client.close()
  })

  test('carries megabytes both ways at once', async () => {
    const [client, upstream] = await tunnel()
    const start = upstream.received.length
    const block = Buffer.alloc(8 * MIB, 'abcdefg')
    client.send(block)
    void upstream.write(block)
    expect((await client.bytes(block.length)).equals(block)).toBe(true)
    await until('the upstream has it all', () => upstream.received.length === start + block.length)
    expect(upstream.received.subarray(start).equals(block)).toBe(true)
    client.close()
  })
})
