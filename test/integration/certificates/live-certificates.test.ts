// Certificates of files on a real vigia: what clients see, how a renewed one comes into use, what is told of it, the admin listener's own.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlEvent } from '../../../src/admin/contract/events.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-live-'))
const authority = await makeCertificate({ subject: 'CN=Test CA', isAuthority: true })
const [first, second, stranger] = await Promise.all([
  makeCertificate({ names: ['erp.example', '127.0.0.1'], by: authority, fromDays: -85, untilDays: 10 }),
  makeCertificate({ names: ['erp.example', '127.0.0.1'], by: authority, untilDays: 80 }),
  makeCertificate({ names: ['stranger.example'] }),
])
const CA_FILE = join(folder, 'ca.pem')
writeFileSync(CA_FILE, authority.cert)

const put = (half: 'cert' | 'key', text: string) => writeFileSync(join(folder, `${half}.pem`), text, { mode: 0o600 })

let upstream: HttpUpstream
let vigia: Vigia
let port: number
let config: Record<string, unknown>

beforeAll(async () => {
  put('cert', first.cert)
  put('key', first.key)
  writeFileSync(join(folder, 'ticket.key'), randomBytes(48), { mode: 0o600 })
  upstream = await startHttpUpstream('erp-1')
  port = await freePort()
  const certificates = [{ certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }]
  config = {
    workers: 2,
    // Certificates are watched all the same.
    watch: false,
    store: join(folder, 'vigia.db'),
    tls: { ticketKeyFile: join(folder, 'ticket.key') },
    listeners: [{ name: 'https', address: `127.0.0.1:${port}`, tls: { certificates, http2: false } }],
  }
  vigia = await startVigia({ upstreams: [upstream.port], config })
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await upstream?.close()
    rmSync(folder, { recursive: true })
  }
})

/** A connection whose handshake is over. */
function open(): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, servername: 'erp.example' }, () =>
      resolve(socket),
    )
    socket.on('error', reject)
  })
}

/** What a client may come back with. */
async function sessionOf(): Promise<Buffer> {
  const socket = await open()
  const session = new Promise<Buffer>(resolve => socket.once('session', resolve))
  // Tickets come behind the handshake (RFC 8446 4.6.1), and are read with the answer.
  await ask(socket)
  socket.destroy()
  return session
}

function isResumed(session: Buffer, at: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const to = { port: at, host: '127.0.0.1', ca: authority.cert, servername: 'erp.example', session }
    const socket = connect(to, () => {
      resolve(socket.isSessionReused())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

const shown = async () => {
  const socket = await open()
  const { raw } = socket.getPeerX509Certificate()!
  socket.destroy()
  return raw.toString('base64')
}
const derOf = ({ cert }: { cert: string }) => cert.replace(/-----.*-----|\s/g, '')
const ask = (socket: TLSSocket) =>
  new Promise<string>((resolve, reject) => {
    socket.once('data', bytes => resolve(bytes.toString('latin1').split('\r\n')[0]!))
    socket.once('close', () => reject(new Error('the connection was closed')))
    socket.write('GET / HTTP/1.1\r\nHost: erp.example\r\n\r\n')
  })
const admin = (...args: string[]) => vigiaCommand([...args, '--admin', `http://127.0.0.1:${vigia.adminPort}`])
const events = async () => {
  const { stdout } = await admin('events', '--json', '--type', 'certificate')
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as ControlEvent)
}

test('a client sees it, and so do people: status, list, metrics, and that it ends soon', async () => {
  expect(await shown()).toBe(derOf(first))
  const { certificates } = await vigia.status()
  expect(certificates).toMatchObject([
    {
      names: ['erp.example', '127.0.0.1'],
      issuer: 'CN=Test CA',
      selfSigned: false,
      key: 'ECDSA P-256',
      daysLeft: 9,
      state: 'expires-soon',
      came: 'file',
      listeners: ['https'],
      problem: null,
    },
  ])
  const { code, stdout } = await admin('certificates')
  expect(code).toBe(1)
  expect(stdout).toMatch(
    /^EXPIRES SOON {2}erp\.example, 127\.0\.0\.1\n {2}until .* \(9 d 23 h left\), from .*\n {2}issued by CN=Test CA; ECDSA P-256\n {2}listener https; file/,
  )
  expect(stdout.split('\n').filter(line => line.length > 80 && !line.includes(folder))).toEqual([])
  const sample =
    /^vigia_certificate_not_after_timestamp_seconds\{listener="https",name="erp\.example",key="ecdsa"\} (\d+)$/m
  const [, until] = sample.exec(await vigia.metrics()) ?? []
  expect(Number(until) * 1000).toBe(Date.parse(certificates![0]!.notAfter))
  expect(await events()).toMatchObject([{ type: 'certificate', detail: { kind: 'expires', level: 'warn' } }])
  expect((await admin('status')).stdout).toContain('Certificate of erp.example and 1 more: 9 d 23 h left')
})

test('a key that is not its own is refused by a reload, with the reason, and the old one stays', async () => {
  put('key', stranger.key)
  const { code, stderr } = await admin('reload')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /listeners\[0\]\.tls\.certificates\[0\]\.keyFile: the file ".*key\.pem" is not the key of this certificate/,
  )
  expect(await shown()).toBe(derOf(first))
  put('key', first.key)
})

test('a renewed one comes into use by itself, in a change freeze as well: no connection ends, and it is no other configuration', async () => {
  const window = { name: 'no changes', everything: true, freeze: true, start: 'now', duration: '1h', reason: 'r' }
  const freeze = await fetch(`http://127.0.0.1:${vigia.adminPort}/maintenance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...window, start: new Date().toISOString().slice(0, 19), timeZone: 'UTC', by: 'ana' }),
  })
  expect({ status: freeze.status, body: await freeze.text() }).toMatchObject({ status: expect.toBeOneOf([200, 201]) })
  const kept = await open()
  expect(await ask(kept)).toBe('HTTP/1.1 200 OK')
  put('cert', second.cert)
  put('key', second.key)
  await until('new connections get it', async () => (await shown()) === derOf(second))
  expect(await ask(kept)).toBe('HTTP/1.1 200 OK')
  kept.destroy()
  const { revision, certificates } = await vigia.status()
  expect(revision).toBe(1)
  expect(certificates).toMatchObject([{ state: 'ok', daysLeft: 79, problem: null }])
  expect((await admin('certificates')).code).toBe(0)
  const [swapped] = (await events()).slice(-1)
  expect(swapped!.text).toMatch(
    /^certificate erp\.example, 127\.0\.0\.1 is another one: until .* \(was .*\), issued by CN=Test CA; new connections get it$/,
  )
  await until('it is audited', async () =>
    (await fetchText(vigia.adminPort, '/audit?limit=10')).body.includes('"certificate.swap"'),
  )
  for (const secret of [first, second].map(({ key }) => key.split('\n')[1]!))
    expect(vigia.stderr() + JSON.stringify(await vigia.status()) + JSON.stringify(await events())).not.toContain(secret)
})

test('sessions go on at another instance with the same ticket key, until that of the file is another one', async () => {
  const elsewhere = await freePort()
  const other = await startVigia({
    upstreams: [upstream.port],
    config: {
      tls: config.tls,
      listeners: (config.listeners as object[]).map(each => ({ ...each, address: `127.0.0.1:${elsewhere}` })),
    },
  })
  try {
    const session = await sessionOf()
    expect(await isResumed(session, elsewhere)).toBe(true)
    expect(await isResumed(session, port)).toBe(true)
    writeFileSync(join(folder, 'ticket.key'), randomBytes(48).toString('base64'))
    for (const at of [port, elsewhere])
      await until('tickets of before are no good any more', async () => !(await isResumed(session, at)))
    expect(await isResumed(await sessionOf(), elsewhere)).toBe(true)
  } finally {
    await other.stop()
  }
})

test('the admin listener has TLS as soon as the configuration says so, on the same port, and commands trust the authority that they are given', async () => {
  const end = await admin('maintenance', 'end', 'no changes', '--reason', 'over')
  expect(end).toMatchObject({ code: 0 })
  const secure = `https://127.0.0.1:${vigia.adminPort}`
  await vigia.writeConfig({ ...config, admin: { tls: { minVersion: 'TLSv1.3' } } })
  expect(await admin('reload')).toMatchObject({ code: 0 })
  const untrusted = await vigiaCommand(['certificates', '--admin', secure])
  expect(untrusted).toMatchObject({ code: 2, stderr: expect.stringContaining('is not trusted here') })
  // By another name: connections of before may go on for a moment.
  const spoken = await vigiaCommand(['certificates', '--admin', `http://localhost:${vigia.adminPort}`])
  expect(spoken).toMatchObject({ code: 2, stderr: expect.stringContaining('its URL begins with https://') })
  const { code, stdout } = await vigiaCommand(['certificates', '--admin', secure, '--ca-file', CA_FILE])
  expect(code).toBe(0)
  expect(stdout).toMatch(/listeners https, \(admin\); file/)

  put('cert', first.cert)
  put('key', first.key)
  await until('it shows the one that its files have now', async () => {
    const list = await vigiaCommand(['certificates', '--admin', secure], undefined, { VIGIA_CA_FILE: CA_FILE })
    return list.stdout.startsWith('EXPIRES SOON')
  })
  const seen = await new Promise<string>((resolve, reject) => {
    const at = { port: vigia.adminPort, host: '127.0.0.1', ca: authority.cert }
    const socket = connect(at, () => {
      resolve(socket.getPeerX509Certificate()!.raw.toString('base64'))
      socket.destroy()
    })
    socket.on('error', reject)
  })
  expect(seen).toBe(derOf(first))
  await vigia.writeConfig(config)
  expect(await vigiaCommand(['reload', '--admin', secure, '--ca-file', CA_FILE])).toMatchObject({ code: 0 })
  expect((await fetchText(vigia.adminPort, '/readyz')).status).toBe(200)
})
