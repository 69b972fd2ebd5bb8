// What is under a WebSocket: the upgrade request and its answers, and the tunnel after a 101, byte by byte.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import { RawUpstream, type UpstreamConnection } from '../../support/raw-upstream.ts'
import { IN_TIME, SOON_MS, sleep, until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const MIB = 1_048_576

let raw: RawUpstream
let vigia: Vigia

beforeAll(async () => {
  raw = await RawUpstream.start()
  vigia = await lendVigia({
    upstreams: [raw.port],
    config: { routes: [{ match: { path: '/short' }, pool: 'erp', timeouts: { tunnel: '300ms' } }, { pool: 'erp' }] },
  })
})

afterEach(async () => {
  // A client's FIN is no end of a tunnel: its upstream has to end too.
  await raw.forget()
  await until('no tunnel is left', async () => (await vigia.status()).pools[0]?.upstreams[0]?.tunnels === 0)
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await raw?.close()
  }
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

  test('answered by 101 without Upgrade is a 502', async () => {
    raw.answer = async ({ connection }) => {
      connection.takeOver()
      await connection.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    }
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/raw'))
    expect((await client.response()).status).toBe(502)
    client.close()
  })

  test.each([
    ['Content-Length: 10', 'hello'],
    ['Transfer-Encoding: chunked', '5\r\nhello\r\n'],
  ])('whose body (%s) is not whole yet cannot become a tunnel', async (framing, part) => {
    raw.answer = async ({ connection }) => {
      connection.takeOver()
      await connection.write(SWITCH)
    }
    const client = await RawClient.connect(vigia.port)
    client.send(UPGRADE('/raw').replace('GET', 'POST').replace('\r\n\r\n', `\r\n${framing}\r\n\r\n${part}`))
    expect((await client.final('POST')).status).toBe(502)
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

  test('is closed on both sides after its idle timeout, not before', IN_TIME, async () => {
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
    expect(performance.now() - began).toBeLessThan(SOON_MS)
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
