// PROXY headers at the beginning of clients' connections: who may send them, what they change, and what is ended for them. One vigia for
// all: what it counts only goes up.

import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import { tlv, v2 } from '../../unit/proxy-protocol/support.ts'

/** These send headers. */
const SENDER = '127.0.0.2'
/** One of the trusted proxies. */
const PROXY = '192.0.2.99'
const MOST_OF_A_CLIENT = 10

let upstream: RawUpstream
let vigia: Vigia
let direct: number
let secure: number
beforeAll(async () => {
  upstream = await RawUpstream.start()
  direct = await freePort()
  secure = await freePort()
  const fixture = (name: string) => fileURLToPath(new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url))
  const files = { certFile: fixture('node.crt'), keyFile: fixture('node.key') }
  const port = await freePort()
  const from = [SENDER, '127.0.0.64/26']
  vigia = await startVigia({
    upstreams: [upstream.port],
    config: {
      listeners: [
        { name: 'web', address: `127.0.0.1:${port}`, proxyProtocol: { from } },
        { name: 'secure', address: `127.0.0.1:${secure}`, proxyProtocol: { from }, tls: { certificates: [files] } },
        { name: 'both', address: `127.0.0.1:${direct}`, proxyProtocol: { from, others: 'direct' } },
      ],
      routes: [{ pool: 'erp', match: { path: '/closed' }, access: { deny: ['198.51.100.0/24'] } }, { pool: 'erp' }],
      trustedProxies: [PROXY],
      limits: { connectionsPerClient: MOST_OF_A_CLIENT },
      accessLog: true,
    },
  })
  vigia = { ...vigia, port }
})
afterAll(async () => {
  await vigia?.stop()
  await upstream?.close()
})
beforeEach(() => upstream.forget())
afterEach(closeClients)

const v1 = (source = '198.51.100.7', sourcePort = 40_000, port = 80) =>
  `PROXY TCP4 ${source} 203.0.113.1 ${sourcePort} ${port}\r\n`
const get = (path = '/', fields = '') => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`
/** 198.51.100.7:40000 to 203.0.113.1:80 */
const BLOCK = Buffer.from('c6336407cb0071019c400050', 'hex')
const withTlvs = (...tlvs: Buffer[]) => v2('2111', Buffer.concat([BLOCK, ...tlvs]))
const connect = (from = SENDER, port = vigia.port) => RawClient.connect(port, { from })

const asIs = async (bytes: string | Buffer, from = SENDER, port = vigia.port) => {
  const client = await connect(from, port)
  client.send(bytes)
  expect((await client.final()).status).toBe(200)
  client.close()
  const fields = new Map(upstream.requests.at(-1)!.fields.map(([name, value]) => [name.toLowerCase(), value]))
  return {
    client: fields.get('x-real-ip'),
    chain: fields.get('x-forwarded-for'),
    scheme: fields.get('x-forwarded-proto'),
    port: fields.get('x-forwarded-port'),
    forwarded: fields.get('forwarded'),
  }
}

const refusals = async (reason: string, of: Vigia = vigia): Promise<number> => {
  const line = new RegExp(`^vigia_proxy_header_refusals_total\\{reason="${reason}"\\} (\\d+)$`, 'm')
  return Number(line.exec(await of.metrics())![1])
}

describe('what the header says counts as the connection', () => {
  test('its source is the client, for the forwarding fields', async () => {
    expect(await asIs(v1() + get())).toEqual({
      client: '198.51.100.7',
      chain: '198.51.100.7',
      scheme: 'http',
      port: '80',
      forwarded: 'for=198.51.100.7;host=a.test;proto=http',
    })
    expect(await asIs(Buffer.concat([withTlvs(), Buffer.from(get())]))).toMatchObject({ client: '198.51.100.7' })
    const ipv6 = 'PROXY TCP6 2001:DB8:0::1 2001:db8::2 1 80\r\n'
    expect(await asIs(ipv6 + get())).toMatchObject({
      client: '2001:db8::1',
      forwarded: expect.stringContaining('"[2001:db8::1]"'),
    })
  })

  test('its client is believed only where it is a trusted proxy itself', async () => {
    const claim = 'X-Forwarded-For: 10.9.8.7\r\n'
    expect(await asIs(v1() + get('/', claim))).toMatchObject({ client: '198.51.100.7', chain: '198.51.100.7' })
    expect(await asIs(v1(PROXY) + get('/', claim))).toMatchObject({ client: '10.9.8.7', chain: `10.9.8.7, ${PROXY}` })
  })

  test('access rules hold for it', async () => {
    for (const [source, status] of [
      ['198.51.100.7', 403],
      ['192.0.2.7', 200],
    ] as const) {
      const client = await connect()
      client.send(v1(source) + get('/closed'))
      expect((await client.final()).status).toBe(status)
    }
  })

  test('the access log has it, with the unique id of the connection and who sent it', async () => {
    const header = withTlvs(tlv(5, 'conn-17'), tlv(2, 'erp.example'))
    await asIs(Buffer.concat([header, Buffer.from(get('/logged'))]))
    const line = await until('it is logged', () => /^.*"path":"\/logged".*$/m.exec(vigia.stdout())?.[0])
    expect(JSON.parse(line)).toMatchObject({
      client: '198.51.100.7',
      proxied: { by: SENDER, id: 'conn-17', serverName: 'erp.example' },
    })
  })

  test('connections of a client are counted by it, not by the sender', async () => {
    const crowd = await Promise.all(Array.from({ length: MOST_OF_A_CLIENT + 1 }, () => connect()))
    for (const client of crowd) client.send(v1('203.0.113.50') + get())
    const answered = await Promise.allSettled(crowd.map(client => client.final()))
    expect(answered.filter(({ status }) => status === 'fulfilled').length).toBe(MOST_OF_A_CLIENT)
    const other = await connect()
    other.send(v1('203.0.113.51') + get())
    expect((await other.final()).status).toBe(200)
  })

  test.each([
    ['version 1 to port 80', v1(), 'http'],
    ['version 1 to port 443', v1(undefined, undefined, 443), 'https'],
    ['version 2, TLS at the sender', withTlvs(tlv(0x20, '\x01\0\0\0\x01')), 'https'],
    ['version 2, no TLS at the sender', withTlvs(tlv(0x20, '\0\0\0\0\x01')), 'http'],
  ])('the scheme: %s', async (_, header, scheme) => {
    expect(await asIs(Buffer.concat([Buffer.from(header as string, 'latin1'), Buffer.from(get())]))).toMatchObject({
      scheme,
    })
  })

  test('every request of the connection, pipelined ones too', async () => {
    const client = await connect()
    client.send(v1() + get('/1') + get('/2'))
    expect([(await client.final()).status, (await client.final()).status]).toEqual([200, 200])
    client.send(get('/3'))
    await client.final()
    const of = upstream.requests.map(({ fields }) => fields.find(([name]) => name === 'X-Real-IP')![1])
    expect(of).toEqual(['198.51.100.7', '198.51.100.7', '198.51.100.7'])
  })
})

describe('the connection counts as it is', () => {
  test.each([
    ['UNKNOWN', 'PROXY UNKNOWN\r\n'],
    ['UNKNOWN with addresses', 'PROXY UNKNOWN 198.51.100.7 203.0.113.1 1 2\r\n'],
    ['LOCAL', v2('2000', Buffer.alloc(0))],
    ['LOCAL with addresses', v2('2011', BLOCK)],
    ['UNSPEC', v2('2100', Buffer.alloc(0))],
  ])('with %s', async (_, header) => {
    const bytes = Buffer.concat([Buffer.from(header as string, 'latin1'), Buffer.from(get())])
    expect(await asIs(bytes)).toMatchObject({ client: SENDER, port: undefined })
  })

  test('where others come directly, without a header', async () => {
    expect(await asIs(get(), '127.0.0.3', direct)).toMatchObject({ client: '127.0.0.3' })
    expect(await asIs(v1() + get(), SENDER, direct)).toMatchObject({ client: '198.51.100.7' })
  })
})

test('it comes before TLS, with or without the first bytes of that behind it', async () => {
  for (const isOneWrite of [true, false]) {
    const { socket } = await connect(SENDER, secure)
    if (isOneWrite) socket.cork()
    const sent = new Promise(resolve => socket.write(v1('198.51.100.9'), resolve))
    if (!isOneWrite) await sent
    const tls = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    setImmediate(() => socket.uncork())
    tls.write(get('/over-tls', 'Connection: close\r\n'))
    const answer = await text(tls)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    const fields = new Map(upstream.requests.at(-1)!.fields)
    expect([fields.get('X-Real-IP'), fields.get('X-Forwarded-Proto')]).toEqual(['198.51.100.9', 'https'])
  }
})

test('what the sender has decrypted is HTTP/2 where it says so (ALPN), whatever the listener takes by itself', async () => {
  const client = await connect()
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const settings = Buffer.from('000000040000000000', 'hex')
  client.send(Buffer.concat([withTlvs(tlv(1, 'h2')), Buffer.from(preface), settings]))
  // A frame of type SETTINGS, without ACK, on stream 0.
  expect((await client.bytes(9)).subarray(3).toString('hex')).toBe('040000000000')
})

test('the header may come in any parts, with 16 KiB of TLVs', async () => {
  const header = withTlvs(tlv(4, 'x'.repeat(16_384 - 3)))
  const client = await connect('127.0.0.70')
  await client.sendPieces([
    header.subarray(0, 1),
    header.subarray(1, 14),
    header.subarray(14, 9000),
    header.subarray(9000),
    get(),
  ])
  expect((await client.final()).status).toBe(200)
  const slow = await connect()
  await slow.sendPieces(['P', 'ROXY TCP4 198.51.100.7 203.0.113.1 1 80\r', '\n', get()])
  expect((await slow.final()).status).toBe(200)
})

describe('is ended without an answer, and counted', () => {
  test.each([
    ['no-header', get(), SENDER],
    ['malformed', 'PROXY TCP4 198.51.100.7 203.0.113.1 1\r\n', SENDER],
    ['too-long', `PROXY UNKNOWN ${'x'.repeat(200)}`, SENDER],
    ['bad-checksum', withTlvs(tlv(3, 'abcd')), SENDER],
    ['untrusted', v1() + get(), '127.0.0.3'],
  ])('%s', async (reason, bytes, from) => {
    const before = await refusals(reason)
    const client = await connect(from)
    client.send(bytes)
    expect(await client.untilClosed()).toMatchObject({ responses: [], rest: Buffer.alloc(0) })
    expect(await refusals(reason)).toBe(before + 1)
    expect(upstream.requests).toEqual([])
    await until('why is said', () => vigia.stderr().includes(`{reason=\\"${reason}\\"}`))
  })

  test('timeout: a header that does not come, or not to its end, within timeouts.head', async () => {
    const port = await freePort()
    const hasty = await lendVigia({
      upstreams: [upstream.port],
      config: {
        listeners: [{ name: 'web', address: `127.0.0.1:${port}`, proxyProtocol: { from: [SENDER] } }],
        timeouts: { head: '200ms' },
      },
    })
    const before = await refusals('timeout', hasty)
    const [silent, half] = [await connect(SENDER, port), await connect(SENDER, port)]
    half.send('PROXY TCP4 1')
    await Promise.all([silent.untilClosed(), half.untilClosed()])
    expect(await refusals('timeout', hasty)).toBe(before + 2)
    await hasty.stop()
  })

  test('incomplete: a client that closes within its header; one that sends nothing is a health check', async () => {
    const [half, check] = [await connect(), await connect()]
    half.send('PROXY TCP4 1')
    half.end()
    check.end()
    expect((await Promise.all([half.untilClosed(), check.untilClosed()])).map(({ ending }) => ending)).toEqual([
      'fin',
      'fin',
    ])
    expect(await refusals('incomplete')).toBe(1)
  })

  test('a second header is no request', async () => {
    const client = await connect()
    client.send(v1() + v1() + get())
    expect((await client.final()).status).toBe(400)
  })

  test('a client that comes directly may not send one', async () => {
    const client = await connect('127.0.0.3', direct)
    client.send(v1() + get())
    expect((await client.final()).status).toBe(400)
    expect(upstream.requests).toEqual([])
  })
})

test('nothing of it stays: connections that waited for a header are no longer counted', async () => {
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect()))
  clients[0]!.send('PROXY')
  clients[1]!.reset()
  clients[2]!.send(v1())
  clients[3]!.send(`${v1()}GET`)
  clients[4]!.send('x')
  for (const i of [0, 2, 3]) clients[i]!.end()
  await Promise.all(clients.slice(2).map(client => client.untilClosed()))
  await until('all are gone', async () => (await vigia.status()).clients.connections === 0)
})
