// Shutdown and reload while something is under way, and waits that follow a failed attempt.

import { connect as connectHttp2 } from 'node:http2'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { answerOf } from '../../support/h2-client.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { PacedSocket } from '../../support/paced-socket.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { certificateFiles } from '../../support/tls-files.ts'
import { IN_TIME, sleep, until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'

let vigia: Vigia | undefined
const upstreams: RawUpstream[] = []
afterEach(async () => {
  closeClients()
  await Promise.all(upstreams.splice(0).map(each => each.close()))
  await vigia?.stop()
})

async function upstream(answer: Answer): Promise<RawUpstream> {
  const each = await RawUpstream.start(answer)
  upstreams.push(each)
  return each
}

/** An answer that has begun and ends when the test says so. */
function openAnswer(): { answer: Answer; end(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    end: resolve,
    answer: async ({ connection, whole }) => {
      await whole()
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
      await promise
      await connection.write('0\r\n\r\n')
    },
  }
}

/** A client whose answer has begun on a listener that a reload then removed. */
async function onRemovedListener(starts = lendVigia) {
  const open = openAnswer()
  const { port } = await upstream(open.answer)
  const [kept, removed] = [await freePort(), await freePort()]
  const listener = (name: string, on: number) => ({ name, address: `127.0.0.1:${on}` })
  vigia = await starts({
    upstreams: [port],
    config: { listeners: [listener('kept', kept), listener('removed', removed)] },
  })
  const client = await RawClient.connect(removed)
  client.send(GET)
  await until('the answer has begun', () => client.pending.includes('hello'))
  await reload(vigia, { listeners: [listener('kept', kept)] })
  return { client, open, vigia }
}

describe('a shutdown', () => {
  test(
    'finishes the handshakes that are under way and answers what follows; who stays silent is ended',
    IN_TIME,
    async () => {
      const { port } = await upstream(answerOk)
      const [files] = await certificateFiles({ names: ['erp.example'] })
      const { certFile, keyFile } = files!
      const [web, secure] = [await freePort(), await freePort()]
      const tls = { certificates: [{ certFile, keyFile }] }
      const listeners = [
        { name: 'web', address: `127.0.0.1:${web}` },
        { name: 'secure', address: `127.0.0.1:${secure}`, tls },
      ]
      vigia = await startVigia({ upstreams: [port], config: { listeners, shutdown: '1m' } })
      const go = Promise.withResolvers<void>()
      const inHandshake = (protocol: string) => {
        const socket = new PacedSocket(secure, sent => (sent > 100 ? go.promise : Promise.resolve()))
        return connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: [protocol] }).on('error', () => {})
      }
      const overTls = inHandshake('http/1.1')
      const session = connectHttp2(`https://erp.example`, { createConnection: () => inHandshake('h2') })
      session.on('error', () => {})
      const silent = await RawClient.connect(web)
      const { status } = vigia
      await until('all are there', async () => (await status()).clients.connections === 3)

      const stopped = vigia.stop()
      await until('it stops', async () => (await fetchText(vigia!.adminPort, '/readyz')).status === 503)
      go.resolve()
      overTls.write(GET)
      const asked = answerOf(session.request({ ':path': '/' }))
      expect((await text(overTls)).split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
      expect((await asked).status).toBe(200)
      await silent.untilClosed()
      await stopped
    },
  )

  test('ends as soon as the last answer has ended, also one that had begun before, on a connection that is kept', async () => {
    const open = openAnswer()
    const { port } = await upstream(open.answer)
    vigia = await startVigia({ upstreams: [port], config: { shutdown: '20s' } })
    const client = await RawClient.connect(vigia.port)
    client.send(GET)
    await until('the answer has begun', () => client.pending.includes('hello'))
    vigia.kill('SIGTERM')
    await sleep(200)
    open.end()
    expect((await client.final()).body.toString()).toBe('hello')
    const { code } = await vigia.exited
    expect(code).toBe(0)
  })

  test('waits for what is in flight on a listener that a reload has removed', async () => {
    const { client, open, vigia } = await onRemovedListener(startVigia)
    vigia.kill('SIGTERM')
    await sleep(400)
    open.end()
    expect((await client.final()).body.toString()).toBe('hello')
  })
})

describe('a reload', () => {
  test('that removes a listener closes its connections after their current answers', async () => {
    const { client, open } = await onRemovedListener()
    open.end()
    expect((await client.final()).body.toString()).toBe('hello')
    await until('the connection is closed', () => client.ending !== 'open')
  })

  test('changes what is forwarded of the next request, also on a connection that repeats its fields', async () => {
    const { port } = await upstream(async ({ connection, whole }) => {
      await connection.write(ok(field(await whole(), 'via') ?? 'none'))
    })
    vigia = await lendVigia({ upstreams: [port], config: { headers: { via: 'before' } } })
    const client = await RawClient.connect(vigia.port)
    client.send(GET)
    expect((await client.final()).body.toString()).toBe('1.1 before')
    await reload(vigia, { headers: { via: 'after' } })
    client.send(GET)
    expect((await client.final()).body.toString()).toBe('1.1 after')
    client.close()
  })
})

describe('a request whose attempt fails after a reload', () => {
  const affinity = { cookie: 'VIGIA', keys: ['a-key-that-is-only-good-for-tests'], gone: 'fail' }
  let client: RawClient
  let reset: (() => void) | undefined
  let after: RawUpstream

  /** An attempt is under way on an upstream that the pool then has no more. */
  async function setUp(name: string, fields = ''): Promise<void> {
    reset = undefined
    const before = await upstream(async ({ connection, target, whole }) => {
      await whole()
      if (target === '/login') return connection.write(ok('before'))
      reset = () => connection.reset()
    })
    after = await upstream(async ({ connection, whole }) => {
      await whole()
      await connection.write(ok('after'))
    })
    vigia = await lendVigia({ upstreams: [before.port], pool: { affinity } })
    client = await RawClient.connect(vigia.port)
    client.send('GET /login HTTP/1.1\r\nHost: a.example\r\n\r\n')
    const cookie = field(await client.final(), 'set-cookie')?.split(';', 1)[0]
    client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${fields.replace('COOKIE', cookie!)}\r\n`)
    const breakOff = await until('the first attempt is under way', () => reset)
    const upstreams = [{ name, url: `http://127.0.0.1:${after.port}` }]
    await reload(vigia, { pools: { erp: { health: 'off', affinity, upstreams } } })
    breakOff()
  }

  test('is tried again on the upstreams that its pool has now, and gets no cookie that nobody understands', async () => {
    await setUp('erp-2')
    const answer = await client.final()
    expect(answer.body.toString()).toBe('after')
    expect(field(answer, 'set-cookie')).toBeUndefined()
    client.close()
  })

  test('stays with its upstream where that has moved', async () => {
    await setUp('erp-1', 'Cookie: COOKIE\r\n')
    expect((await client.final()).body.toString()).toBe('after')
    client.close()
  })
})

describe('a request that waits for a first verdict after a failed attempt', () => {
  test('is told so at its deadline, and its attempt is counted once', async () => {
    let sick = false
    let held: { reset(): void } | undefined
    const first = await upstream(async ({ connection, target, method, whole }) => {
      await whole()
      if (target === '/health') return sick ? connection.reset() : await connection.write(ok())
      if (method === 'GET') held = connection
      else connection.reset()
    })
    // Accepts and never answers: no verdict for as long as the probe's timeout.
    const second = await upstream(() => new Promise(() => {}))
    vigia = await startVigia({
      upstreams: [first.port, second.port],
      pool: {
        health: { path: '/health', interval: '12s', timeout: '11s', fall: 1, rise: 1 },
        firstVerdict: '500ms',
      },
    })
    const report = async () => (await vigia?.status())?.pools[0]?.upstreams[0]
    const waiting = await RawClient.connect(vigia.port)
    waiting.send(GET)
    await until('the first attempt is under way', () => held)
    sick = true
    const failing = await RawClient.connect(vigia.port)
    failing.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n')
    await until('the upstream is out', async () => (await report())?.state === 'out')
    held?.reset()
    expect((await waiting.final()).status).not.toBe(504)
    expect((await report())?.failures).toEqual({ connect: 0, transport: 2, timeout: 0 })
  })
})

describe('an answer that begins while its request is still being sent', () => {
  test('is not cut by the idle timeout while bytes of the request move', IN_TIME, async () => {
    const { port } = await upstream(async ({ connection, whole }) => {
      await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const { body } = await whole()
      await connection.write(`2\r\n${body.length}\r\n0\r\n\r\n`)
    })
    vigia = await lendVigia({ upstreams: [port], config: { timeouts: { idle: '500ms' } } })
    const client = await RawClient.connect(vigia.port)
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 20\r\n\r\n')
    for (let sent = 0; sent < 20; sent += 1) {
      client.send('x')
      await sleep(75)
    }
    expect((await client.final()).body.toString()).toBe('20')
  })
})

async function reload(running: Vigia, config: Record<string, unknown>): Promise<void> {
  const { revision } = await running.status()
  await running.writeConfig(config)
  running.kill('SIGHUP')
  await until('the reload is done', async () => {
    const status = await running.status()
    return status.revision > revision && status.workers.every(worker => worker.revision === status.revision)
  })
}
