// TLS between clients and vigia, with real handshakes: which certificate, which versions, sessions that resume in any worker, what upstreams
// learn of it, and that requests and answers are whole, or cut so that the client sees it.

import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { answerEcho, ok } from '../../support/raw-answers.ts'
import { closeClients, exchange, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { type CertificatePair, certificateFiles } from '../../support/tls-files.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const GET = 'GET / HTTP/1.1\r\nHost: erp.example\r\n\r\n'
const HSTS = 'max-age=300; includeSubDomains'

let upstream: RawUpstream
let vigia: Vigia
let secure: number
let plain: number
let config: Record<string, unknown>
let files: CertificatePair[]

beforeAll(async () => {
  upstream = await RawUpstream.start()
  files = await certificateFiles(
    { names: ['erp.example'] },
    { names: ['erp.example'], keyType: 'rsa' },
    { names: ['*.branch.example'] },
    { names: ['main.branch.example'] },
  )
  const certificates = files.map(({ certFile, keyFile }) => ({ certFile, keyFile }))
  secure = await freePort()
  plain = await freePort()
  config = {
    workers: 2,
    listeners: [
      {
        name: 'secure',
        address: `127.0.0.1:${secure}`,
        tls: { certificates },
        hsts: { maxAge: '5m', includeSubDomains: true },
      },
      { name: 'plain', address: `127.0.0.1:${plain}`, redirect: 'https' },
    ],
    timeouts: { halfClosed: '10s' },
  }
  vigia = await startVigia({
    upstreams: [upstream.port],
    pool: { affinity: { cookie: 'node', keys: ['0123456789abcdef0123456789abcdef'] } },
    config,
  })
})

afterEach(async () => {
  closeClients()
  await upstream.forget()
})

afterAll(async () => {
  await vigia?.stop()
  await upstream.close()
})

const said = () => vigia.stdout() + vigia.stderr()
const connect = (options: ConnectionOptions = {}) => RawClient.secure(secure, options)

/** Of the certificate that a client is shown. */
async function shown(options: ConnectionOptions): Promise<{ names: string | undefined; type: string | undefined }> {
  const client = await connect(options)
  const certificate = new X509Certificate(client.tls.getPeerCertificate().raw)
  client.close()
  return { names: certificate.subjectAltName, type: certificate.publicKey.asymmetricKeyType }
}

describe('the certificate', () => {
  test.each([
    ['of a host by its name', 'erp.example', 'DNS:erp.example'],
    ['in other letters', 'ERP.Example', 'DNS:erp.example'],
    ['of a wildcard', 'sul.branch.example', 'DNS:*.branch.example'],
    ['rather of the name than of a wildcard', 'main.branch.example', 'DNS:main.branch.example'],
    ['the first for two labels, where the wildcard stands for one', 'a.sul.branch.example', 'DNS:erp.example'],
    ['the first for an unknown host', 'other.example', 'DNS:erp.example'],
    ['the first without a name', '', 'DNS:erp.example'],
  ])('is that %s', async (_, servername, names) => {
    expect((await shown({ servername })).names).toBe(names)
  })

  test('is of the kind that the client understands', async () => {
    const servername = 'erp.example'
    expect((await shown({ servername, sigalgs: 'RSA-PSS+SHA256' })).type).toBe('rsa')
    expect((await shown({ servername, sigalgs: 'ECDSA+SHA256' })).type).toBe('ec')
    const ciphers = 'ECDHE-RSA-AES128-GCM-SHA256'
    expect((await shown({ servername, maxVersion: 'TLSv1.2', ciphers })).type).toBe('rsa')
  })
})

test('an upstream learns that the client came by https, and the answer says so too', async () => {
  upstream.answer = async arrival => {
    const request = await arrival.whole()
    const fields = Object.fromEntries(request.fields.map(([name, value]) => [name.toLowerCase(), value]))
    await arrival.connection.write(ok(JSON.stringify(fields), ['Strict-Transport-Security: max-age=0']))
  }
  const client = await connect()
  client.send('GET / HTTP/1.1\r\nHost: erp.example:8443\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\n\r\n')
  const answer = await client.response()
  expect(JSON.parse(answer.body.toString())).toMatchObject({
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '8443',
    forwarded: 'for=127.0.0.1;host="erp.example:8443";proto=https',
  })
  expect(answer.fields).toContainEqual(['Strict-Transport-Security', HSTS])
  expect(answer.fields.filter(([name]) => /^strict-/i.test(name))).toHaveLength(1)
  expect(answer.fields.find(([name]) => name === 'Set-Cookie')?.[1]).toContain('; Secure')
})

test('an answer of its own carries Strict-Transport-Security', async () => {
  const client = await connect()
  client.send('GET  HTTP/1.1\r\n\r\n')
  const answer = await client.response()
  expect([answer.status, answer.fields]).toEqual([400, expect.arrayContaining([['Strict-Transport-Security', HSTS]])])
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'with %s many requests ride one connection, in pieces too',
  async version => {
    upstream.answer = answerEcho
    const client = await connect({ minVersion: version, maxVersion: version })
    expect(client.tls.getProtocol()).toBe(version)
    for (const pieces of [[GET], GET.match(/[\s\S]{1,7}/g)!, [GET.slice(0, 1), GET.slice(1)]]) {
      await client.sendPieces(pieces, 0)
      expect((await client.response()).status).toBe(200)
    }
    client.send(GET.repeat(40))
    for (let i = 0; i < 40; i += 1) expect((await client.response()).status).toBe(200)
  },
)

test('large bodies arrive whole in both directions, also where the client reads late', async () => {
  const body = Buffer.alloc(3_000_000, Buffer.from(Array.from({ length: 251 }, (_, i) => i)))
  upstream.answer = async arrival => {
    const { body: came } = await arrival.whole()
    await arrival.connection.write(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${came.length}\r\n\r\n`), came]),
    )
  }
  const client = await connect()
  client.socket.pause()
  client.send(`POST / HTTP/1.1\r\nHost: erp.example\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`)
  client.send(body)
  await until('the upstream has it all', () => upstream.requests.length === 1)
  client.socket.resume()
  const { responses, ending } = await client.untilClosed()
  expect(responses.map(each => each.body.equals(body))).toEqual([true])
  expect(ending).toBe('fin')
})

describe('a body that the upstream breaks off', () => {
  const broken = (head: string) => async () => {
    upstream.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(`HTTP/1.1 200 OK\r\n${head}\r\n`)
      arrival.connection.reset()
    }
  }

  test('is cut for the client, and the connection ends', async () => {
    await broken('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r')()
    const client = await connect()
    client.send(GET)
    const { responses, rest } = await client.untilClosed()
    expect(responses).toEqual([])
    expect(rest.toString()).toMatch(/abc/)
    expect(rest.toString()).not.toMatch(/0\r\n\r\n$/)
  })

  test('and ends with the connection, is no clean end for an HTTP/1.0 client', async () => {
    await broken('Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r')()
    const client = await connect()
    client.send('GET / HTTP/1.0\r\nHost: erp.example\r\n\r\n')
    expect((await client.untilClosed()).ending).toBe('reset')
  })
})

test('a client that has closed its side still gets its answer', async () => {
  let answer: (() => Promise<void>) | undefined
  upstream.answer = async arrival => {
    await arrival.whole()
    answer = () => arrival.connection.write(ok('late'))
  }
  const client = await connect()
  client.send(GET)
  client.end()
  const told = await until('the request has arrived', () => answer)
  await told()
  const { responses, ending } = await client.untilClosed()
  expect([responses[0]?.body.toString(), ending]).toEqual(['late', 'fin'])
})

test('a client that resets while nobody reads it is noticed', async () => {
  upstream.answer = async () => {}
  const client = await connect()
  // More than is read ahead waits for the first one's answer.
  client.send(GET.repeat(10_000))
  const connection = await until('the request has arrived', () => upstream.connections[0])
  client.reset()
  await until('the attempt is aborted', () => connection.ending !== 'open')
})

test('a WebSocket is a tunnel through TLS', async () => {
  upstream.answer = async arrival => {
    await arrival.head
    const { connection } = arrival
    await connection.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    connection.socket.on('data', bytes => connection.socket.write(bytes))
  }
  const client = await connect()
  client.send(
    'GET /ws HTTP/1.1\r\nHost: erp.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  )
  expect((await client.response()).status).toBe(101)
  const frame = Buffer.concat([Buffer.from([0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4]), Buffer.alloc(65_535, 7)])
  client.send(frame)
  expect((await client.bytes(frame.length)).equals(frame)).toBe(true)
})

describe('the wrong port', () => {
  test('plain HTTP to the one with TLS is answered 400 with a hint', async () => {
    const { responses, ending } = await exchange(secure, GET)
    expect([responses[0]?.status, ending]).toEqual([400, 'fin'])
    expect(responses[0]?.body.toString()).toContain('https://')
    expect(await vigia.metrics()).toMatch(/vigia_tls_handshake_failures_total\{reason="plain-http"\} [1-9]/)
  })

  test('TLS to the plain one ends at once', async () => {
    await expect(RawClient.secure(plain)).rejects.toThrow(/wrong version number|packet length/i)
    expect(await vigia.metrics()).toMatch(/vigia_request_rejects_total\{reason="tls-on-plain-port"\} [1-9]/)
  })

  test('what is neither is disconnected', async () => {
    expect(await exchange(secure, '\0\x01\x02')).toMatchObject({ responses: [] })
    expect(await vigia.metrics()).toMatch(/vigia_tls_handshake_failures_total\{reason="not-tls"\} [1-9]/)
  })
})

describe('a handshake that fails is counted and explained:', () => {
  test.each<[string, ConnectionOptions, RegExp]>([
    [
      'version',
      { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' },
      /older than tls.minVersion/,
    ],
    ['no-shared-cipher', { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' }, /no cipher suite for this certificate/],
    ['alpn', { ALPNProtocols: ['imap'] }, /only protocols \(ALPN\)/],
  ])('%s', async (reason, options, words) => {
    const before = await counted(reason)
    await RawClient.secure(secure, options).then(
      client => client.close(),
      () => {},
    )
    await until('it is counted', async () => (await counted(reason)) > before)
    await until('it is said', () => words.test(said()))
  })

  test('client-refused', async () => {
    const url = `https://erp.example:${secure}/`
    await promisify(execFile)('curl', ['-sS', '--resolve', `erp.example:${secure}:127.0.0.1`, url]).catch(() => {})
    await until('it is said', () => /unknown_ca, for the host \\"erp.example\\": it does not know who/.test(said()))
    expect(await counted('client-refused')).toBeGreaterThan(0)
  })

  async function counted(reason: string): Promise<number> {
    const line = new RegExp(`vigia_tls_handshake_failures_total\\{reason="${reason}"\\} (\\d+)`).exec(
      await vigia.metrics(),
    )
    return Number(line?.[1])
  }
})

describe('a session', () => {
  /** One that a client may resume. */
  async function session(version: 'TLSv1.2' | 'TLSv1.3'): Promise<Buffer> {
    const client = await connect({ maxVersion: version, minVersion: version, servername: 'erp.example' })
    const { promise, resolve } = Promise.withResolvers<Buffer>()
    client.tls.once('session', resolve)
    client.send(GET)
    await client.response()
    // TLS 1.2 has it from the handshake, TLS 1.3 gets it behind.
    const ticket = version === 'TLSv1.2' ? client.tls.getSession()! : await promise
    client.close()
    return ticket
  }

  async function isResumed(ticket: Buffer, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Promise<boolean> {
    const client = await connect({ session: ticket, maxVersion: version, servername: 'erp.example' })
    client.send(GET)
    expect((await client.response()).status).toBe(200)
    const resumed = client.tls.isSessionReused()
    client.close()
    return resumed
  }

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('of %s resumes in all workers', async version => {
    const ticket = await session(version)
    for (let i = 0; i < 8; i += 1) expect(await isResumed(ticket, version)).toBe(true)
  })

  test('resumes after a reload, and after a certificate was renewed, which closes no connection', async () => {
    const ticket = await session('TLSv1.3')
    const kept = await connect({ servername: 'erp.example' })
    await vigia.writeConfig({ ...config, limits: { head: '32KiB' } })
    const { revision } = await vigia.status()
    vigia.kill('SIGHUP')
    await until('the reload is through', async () => (await vigia.status()).revision > revision)
    expect(await isResumed(ticket)).toBe(true)

    const [renewed] = await certificateFiles({ names: ['erp.example', 'new.example'] })
    await writeFile(files[0]!.certFile, renewed!.cert)
    await writeFile(files[0]!.keyFile, renewed!.key)
    await until('it is shown', async () => (await shown({ servername: 'new.example' })).names?.includes('new.example'))
    expect(await isResumed(ticket)).toBe(true)
    kept.send(GET)
    expect((await kept.response()).status).toBe(200)
  })
})

describe('a plain listener that redirects', () => {
  test('sends a request to the same place by https, and the browser keeps nothing', async () => {
    const client = await RawClient.connect(plain)
    client.send('POST /a//b?c=%2f HTTP/1.1\r\nHost: ERP.example:80\r\nContent-Length: 2\r\n\r\nab')
    const answer = await client.response('POST')
    expect(answer.status).toBe(308)
    expect(answer.fields).toContainEqual(['Location', `https://erp.example:${secure}/a//b?c=%2f`])
    expect(answer.fields).toContainEqual(['Cache-Control', 'no-store'])
    expect(answer.fields.map(([name]) => name)).not.toContain('Strict-Transport-Security')
    expect(upstream.requests).toEqual([])
    const other = await RawClient.connect(plain)
    other.send('GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n')
    expect((await other.response()).fields).toContainEqual(['Location', `https://[::1]:${secure}/`])
  })

  test('passes on what a CA asks, and refuses what names no host', async () => {
    const client = await RawClient.connect(plain)
    client.send('GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: erp.example\r\n\r\n')
    expect((await client.response()).status).toBe(200)
    client.send('GET / HTTP/1.0\r\n\r\n')
    expect((await client.response()).status).toBe(400)
  })
})
