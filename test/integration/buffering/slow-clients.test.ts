// Answers that wait for a slow client, under `buffer: on`: of parts, of files that are stored, over TLS, while vigia is configured anew, and
// while it stops.

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { answerOf, type H2Answer, H2Client } from '../../support/h2-client.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { type Arrival, RawUpstream } from '../../support/raw-upstream.ts'
import { certificateFiles } from '../../support/tls-files.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

/** More than the window that HTTP/2 begins with, and than vigia reads at once. */
const LENGTH = 400_000
/** More than the kernel takes for a client that does not read. */
const LARGE = 12 * 1024 ** 2
const BODY = bytesOf(LENGTH)

let vigia: Vigia
let erp: RawUpstream
let other: RawUpstream
let secure: number
let config: Record<string, unknown>
const clients: H2Client[] = []

beforeAll(async () => {
  ;[erp, other] = await Promise.all([RawUpstream.start(), RawUpstream.start(answerOk)])
  const [files] = await certificateFiles({ names: ['a.example'] })
  const { certFile, keyFile } = files!
  const plain = await freePort()
  secure = await freePort()
  config = {
    workers: 1,
    listeners: [
      { name: 'web', address: `127.0.0.1:${plain}`, http2: true },
      { name: 'secure', address: `127.0.0.1:${secure}`, tls: { certificates: [{ certFile, keyFile }] } },
    ],
    shutdown: '3s',
    routes: [
      { match: { path: '/assets' }, pool: 'erp', cache: { wait: '1m' } },
      { name: 'all', pool: 'erp' },
    ],
  }
  const pool = { buffer: { request: 'off', response: { memory: '16KiB' } } }
  vigia = { ...(await startVigia({ upstreams: [erp.port], pool, config })), port: plain }
})
beforeEach(() => erp.forget(report))
afterEach(() => {
  closeClients()
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  await vigia.stop()
  await Promise.all([erp.close(), other.close()])
})

/** Each place has bytes of its own. */
function bytesOf(length: number): Buffer {
  const words = new Uint32Array(length / 4)
  for (let i = 0; i < words.length; i += 1) words[i] = i
  return Buffer.from(words.buffer)
}

/** `?bytes=N`: so long; `?cut`: half of it; a Range is answered as asked. */
async function report({ head, target, connection, whole }: Arrival): Promise<void> {
  await whole()
  const query = new URL(target, 'http://x').searchParams
  const range = head.fields.find(([name]) => name.toLowerCase() === 'range')?.[1]
  const [, from = '0', to = `${LENGTH - 1}`] = /bytes=(\d+)-(\d+)/.exec(range ?? '') ?? []
  const all = query.has('bytes') ? bytesOf(Number(query.get('bytes'))) : BODY.subarray(Number(from), Number(to) + 1)
  const said = range ? ['206 Partial Content', `Content-Range: bytes ${from}-${to}/${LENGTH}\r\n`] : ['200 OK', '']
  await connection.write(
    `HTTP/1.1 ${said[0]}\r\n${said[1]}Cache-Control: max-age=3600\r\nContent-Length: ${all.length}\r\n\r\n`,
  )
  await connection.write(query.has('cut') ? all.subarray(0, all.length / 2) : all)
  if (query.has('cut')) connection.end()
}

interface Waiting {
  /** The client takes everything. */
  take(): Promise<H2Answer>
}

/** A client whose window is full, while its upstream has said all. */
async function waiting(path: string, fields: Record<string, string> = {}, body?: string): Promise<Waiting> {
  const client = new H2Client(vigia.port)
  clients.push(client)
  const asked = { ':path': path, ':method': body === undefined ? 'GET' : 'POST', ...fields }
  const stream = client.stream(asked, body === undefined ? {} : { body })
  const answer = answerOf(stream)
  answer.catch(() => {})
  stream.pause()
  await new Promise(resolve => stream.once('response', resolve))
  await isOver()
  return {
    take() {
      stream.resume()
      return answer
    },
  }
}

/** Nothing is in flight on any upstream, although a client waits. */
async function isOver(): Promise<void> {
  await until('the part of the upstream is over', async () => {
    const { pools, buffers } = await vigia.status()
    return pools[0]!.upstreams.every(({ inFlight }) => inFlight === 0) && buffers!.files > 0
  })
}

const held = async () => {
  const { memoryBytes, diskBytes, files } = (await vigia.status()).buffers!
  return memoryBytes + diskBytes + files
}

test('a part of a report is the part that was asked for', async () => {
  const { take } = await waiting('/report', { range: 'bytes=1000-390999' })
  const { status, fields, body } = await take()
  expect([status, fields['content-range']]).toEqual([206, `bytes 1000-390999/${LENGTH}`])
  expect(body.equals(BODY.subarray(1000, 391_000))).toBe(true)
})

test('over TLS every byte comes', async () => {
  const client = await RawClient.secure(secure)
  client.socket.pause()
  client.send(`GET /report?bytes=${LARGE} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
  await until('it is asked', () => erp.requests.length > 0)
  await isOver()
  client.socket.resume()
  await until('all has come', () => client.pending.length > LARGE || client.ending !== 'open')
  expect((await client.final()).body.equals(bytesOf(LARGE))).toBe(true)
})

test('a stored file is there for others while the client that had it fetched is slow', async () => {
  const first = await waiting('/assets/a')
  const next = new H2Client(vigia.port)
  clients.push(next)
  const [whole, part] = [await next.get('/assets/a'), await next.get('/assets/a', { range: 'bytes=8-15' })]
  expect([whole.fields['cache-status'], whole.body.equals(BODY)]).toEqual([expect.stringContaining('hit'), true])
  expect([part.status, part.body.equals(BODY.subarray(8, 16))]).toEqual([206, true])
  expect((await first.take()).body.equals(BODY)).toBe(true)
  expect(erp.requests.length).toBe(1)
})

test('who waits for a fetch that is cut does not wait for its slow client', async () => {
  let isFollowed = false
  erp.answer = async arrival => {
    if (erp.requests.length > 0) return answerOk(arrival)
    await arrival.whole()
    await arrival.connection.write(
      `HTTP/1.1 200 OK\r\nCache-Control: max-age=3600\r\nContent-Length: ${LENGTH}\r\n\r\n`,
    )
    await arrival.connection.write(BODY.subarray(0, LENGTH / 2))
    await until('another waits for it', () => isFollowed)
    arrival.connection.end()
  }
  const first = new H2Client(vigia.port)
  const next = new H2Client(vigia.port)
  clients.push(first, next)
  const stream = first.stream({ ':path': '/assets/cut' })
  stream.on('error', () => {})
  stream.pause()
  await until('it waits in a file', async () => (await vigia.status()).buffers!.files > 0)
  const asked = next.get('/assets/cut')
  await until('the other one is there', async () => (await vigia.status()).clients.connections === 2)
  isFollowed = true
  expect((await asked).body.toString()).toBe('GET /assets/cut')
  expect(await held()).toBeGreaterThan(0)
})

test('a configuration that has neither its upstream nor a buffer any more leaves it alone', async () => {
  const reload = async (upstream: RawUpstream, buffer: unknown) => {
    const pools = {
      erp: {
        health: 'off',
        buffer,
        upstreams: [{ name: `at-${upstream.port}`, url: `http://127.0.0.1:${upstream.port}` }],
      },
    }
    const { revision } = await vigia.status()
    await vigia.writeConfig({ ...config, pools })
    vigia.kill('SIGHUP')
    await until('it is in use', async () => {
      const { revision: now, workers } = await vigia.status()
      return now > revision && workers.every(worker => worker.revision === now)
    })
  }
  const { take } = await waiting('/report')
  await reload(other, 'off')
  const next = new H2Client(vigia.port)
  clients.push(next)
  expect((await next.get('/next')).body.toString()).toBe('GET /next')
  expect(await held()).toBeGreaterThan(0)
  expect((await take()).body.equals(BODY)).toBe(true)
  await until('nothing is held', async () => (await held()) === 0)
  await reload(erp, { response: { memory: '16KiB' } })
})

test('a stop waits for who takes it in time, cuts who does not, and says of neither that it is in doubt', async () => {
  const [quick, slow] = [await waiting('/quick'), await waiting('/order', {}, 'buy')]
  vigia.kill('SIGTERM')
  await until('it stops', () => clients.every(({ goAways }) => goAways.length > 0))
  expect((await quick.take()).body.equals(BODY)).toBe(true)
  await vigia.stop()
  await expect(slow.take()).rejects.toThrow('code')
  expect(vigia.stderr()).not.toContain('in doubt')
})
