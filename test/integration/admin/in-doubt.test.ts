// Unsafe requests of which nobody knows whether they were carried out: the client is told, and people find them in a list.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { InDoubtReport } from '../../../src/admin/contract/in-doubt.ts'
import { createLogger } from '../../../src/logging/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { startInside } from '../../support/inside.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerBytes, answerOk } from '../../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia, type VigiaSetup } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'
import { poolPlan, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function rawUpstream(answer?: Answer): Promise<RawUpstream> {
  const upstream = await RawUpstream.start(answer)
  cleanUp.push(() => upstream.close())
  return upstream
}

/** What a lent vigia had in doubt, and counted of a pool of this name, before the test. */
let earlier: { total: number; open: number; ofPool: number; aborts: number }

async function vigiaBefore(ports: readonly number[], setup: VigiaSetup = {}, by = lendVigia): Promise<Vigia> {
  const vigia = await by({ upstreams: ports, ...setup })
  cleanUp.push(() => vigia.stop())
  const { total, open } = await report(vigia)
  const [pool] = (await vigia.status()).pools
  earlier = { total, open, ofPool: pool!.inDoubt, aborts: pool!.upstreams[0]!.clientAborts }
  return vigia
}

const report = async (vigia: Vigia, query = '') =>
  JSON.parse((await fetchText(vigia.adminPort, `/in-doubt${query}`)).body) as InDoubtReport

/** Of this test. */
async function list(vigia: Vigia, query?: string): Promise<InDoubtReport> {
  const { total, open, dropped, records } = await report(vigia, query)
  const own = total - earlier.total
  return { total: own, dropped, open: open - earlier.open, records: records.slice(0, own) }
}

const listOf = (vigia: Vigia, count: number) =>
  until(`${count} in doubt`, async () => {
    const report = await list(vigia)
    return report.total >= count ? report : undefined
  })

const post = (target: string, fields = '') =>
  `POST ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}Content-Length: 5\r\n\r\nhello`

/** Takes the whole request, then does something else than to answer. */
const afterAll = (then: Answer): Answer => {
  return async arrival => {
    await arrival.whole()
    await then(arrival)
  }
}
const reset = afterAll(({ connection }) => connection.reset())

describe('a POST whose connection is reset after it was sent', () => {
  test('is answered in-doubt, and listed, counted and logged with what it takes to find it', async () => {
    const upstream = await rawUpstream(reset)
    const vigia = await vigiaBefore([upstream.port], {}, startVigia)
    const before = Date.now()
    const sent = post('/orders?secret=1', 'Idempotency-Key: "order-17"\r\nAccept: application/json\r\n')
    const answer = await ask(vigia.port, sent, 'POST')
    expect(answer.status).toBe(502)
    const requestId = field(answer, 'x-request-id')!
    expect(JSON.parse(answer.body.toString())).toEqual({
      status: 502,
      code: 'in-doubt',
      title: 'Bad Gateway',
      detail: expect.stringContaining('may or may not'),
      requestId,
      error: { code: -32_000, message: expect.stringContaining('may or may not'), data: {} },
    })
    expect(answer.reason).toBe('Outcome unknown: check before repeating')
    const { total, dropped, open, records } = await listOf(vigia, 1)
    // One error, though there are a connection that failed and an answer 502 that tells of it.
    const [node] = (await vigia.status()).pools[0]!.upstreams
    expect([node!.errors, node!.failures.transport, node!.responses['5xx']]).toEqual([1, 1, 1])
    expect({ total, dropped, open, records }).toEqual({
      total: 1,
      dropped: 0,
      open: 1,
      records: [
        {
          at: expect.stringMatching(/^\d{4}-.*Z$/),
          requestId,
          route: expect.any(String),
          pool: 'erp',
          upstream: 'erp-1',
          method: 'POST',
          path: '/orders',
          idempotencyKey: '"order-17"',
          client: '127.0.0.1',
          bytesSent: upstream.received.length,
          stage: 'sent',
          cause: expect.stringMatching(/^reset: /),
          resolved: null,
        },
      ],
    })
    expect(Date.parse(records[0]!.at)).toBeGreaterThanOrEqual(before)
    const [pool] = (await vigia.status()).pools
    expect([pool!.inDoubt, pool!.upstreams[0]!.inDoubt]).toEqual([1, 1])
    expect(await vigia.metrics()).toMatch(/^vigia_requests_in_doubt_total\{.*upstream="erp-1".*\} 1$/m)
    await until('it is logged', () => vigia.stderr().includes('in doubt: POST /orders'))
    const lines = vigia
      .stderr()
      .split('\n')
      .filter(line => line.includes('in doubt'))
    expect(lines.map(line => JSON.parse(line))).toMatchObject([{ level: 'warn', requestId, stage: 'sent' }])
    expect(vigia.stderr()).not.toContain('secret')
  })

  test('is told so in words to a person', async () => {
    const upstream = await rawUpstream(reset)
    const vigia = await vigiaBefore([upstream.port])
    const answer = await ask(vigia.port, post('/form', 'Accept: text/html\r\n'), 'POST')
    expect(answer.status).toBe(502)
    expect(field(answer, 'content-type')).toContain('text/html')
    expect(answer.body.toString()).toContain('may or may not have carried out this request')
    expect(answer.body.toString()).toContain(field(answer, 'x-request-id')!)
  })

  test('has its key bounded and made printable, and its bytes counted with a chunked body', async () => {
    const upstream = await rawUpstream(reset)
    const vigia = await vigiaBefore([upstream.port])
    const fields = `Idempotency-Key: \xe9${'k'.repeat(400)}\r\nTransfer-Encoding: chunked\r\n`
    const chunked = `POST /x HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n5\r\nhello\r\n0\r\n\r\n`
    expect((await ask(vigia.port, chunked, 'POST')).status).toBe(502)
    const { records } = await listOf(vigia, 1)
    expect(records[0]!.idempotencyKey).toBe(`?${'k'.repeat(254)}`)
    const headBytes = upstream.received.indexOf('\r\n\r\n') + 4
    expect(records[0]!.bytesSent).toBe(headBytes + 5)
  })
})

describe('an unsafe request is in doubt', () => {
  test('when its response is late', async () => {
    const upstream = await rawUpstream(afterAll(() => new Promise(() => {})))
    const vigia = await vigiaBefore([upstream.port], { config: { timeouts: { response: '150ms' } } })
    expect((await ask(vigia.port, post('/slow'), 'POST')).status).toBe(502)
    const { records } = await listOf(vigia, 1)
    expect(records[0]).toMatchObject({
      stage: 'sent',
      cause: expect.stringMatching(/^timeout: /),
      idempotencyKey: null,
    })
  })

  test('when its upstream dies in the middle of the head of the answer', async () => {
    const upstream = await rawUpstream(
      afterAll(async ({ connection }) => {
        await connection.write('HTTP/1.1 200 OK\r\nContent-Le')
        connection.reset()
      }),
    )
    const vigia = await vigiaBefore([upstream.port])
    expect((await ask(vigia.port, post('/half'), 'POST')).status).toBe(502)
    expect((await listOf(vigia, 1)).records[0]).toMatchObject({ stage: 'responding' })
  })

  test('when what came back is no HTTP', async () => {
    const upstream = await rawUpstream(
      afterAll(async ({ connection }) => connection.write('220 mail.example ESMTP\r\n\r\n')),
    )
    const vigia = await vigiaBefore([upstream.port])
    expect((await ask(vigia.port, post('/mail'), 'POST')).status).toBe(502)
    const { records } = await listOf(vigia, 1)
    expect(records[0]).toMatchObject({ stage: 'responding', cause: expect.stringMatching(/^garbage: /) })
  })

  test('when its answer was cut after its head: the client sees the cut, people see the record', async () => {
    const upstream = await rawUpstream(
      afterAll(answerBytes('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf an answer', 'reset')),
    )
    const vigia = await vigiaBefore([upstream.port])
    const { responses, rest } = await exchange(vigia.port, post('/cut'), ['POST'])
    expect(responses).toHaveLength(0)
    expect(rest.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
    const { records } = await listOf(vigia, 1)
    expect(records[0]).toMatchObject({ path: '/cut', stage: 'responding', cause: expect.stringContaining('was cut') })
    expect((await vigia.status()).pools[0]!.inDoubt).toBe(earlier.ofPool + 1)
  })

  test('when it was keyed, its first attempt was lost, and no upstream was left to answer it', async () => {
    const upstream = await rawUpstream(reset)
    const vigia = await vigiaBefore([upstream.port, await freePort()], {
      config: { routes: [{ pool: 'erp', retry: { idempotencyKey: true } }] },
      pool: { balance: 'round-robin' },
    })
    const codes: string[] = []
    for (let i = 0; i < 4; i += 1) {
      const answer = await ask(vigia.port, post(`/${i}`, 'Idempotency-Key: k\r\nAccept: application/json\r\n'), 'POST')
      codes.push((JSON.parse(answer.body.toString()) as { code: string }).code)
    }
    // Each of them reached the one upstream that takes connections; none of them was answered by it.
    expect(codes).toEqual(['in-doubt', 'in-doubt', 'in-doubt', 'in-doubt'])
    const { records } = await listOf(vigia, 4)
    expect(records.map(each => [each.path, each.upstream])).toEqual(
      ['/3', '/2', '/1', '/0'].map(path => [path, 'erp-1']),
    )
  })

  test('when the stop of vigia cut it', async () => {
    const upstream = await rawUpstream(afterAll(() => new Promise(() => {})))
    const vigia = await startVigia({ upstreams: [upstream.port], config: { shutdown: '100ms' } })
    const client = await RawClient.connect(vigia.port)
    client.send(post('/late'))
    await until('it is there', () => upstream.received.includes('hello'))
    await vigia.stop()
    client.close()
    expect(vigia.stderr()).toContain('in doubt: POST /late')
  })
})

describe('a request is not in doubt', () => {
  test('where it is idempotent, whatever became of it', async () => {
    const upstream = await rawUpstream(reset)
    const vigia = await vigiaBefore([upstream.port])
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await ask(
        vigia.port,
        `${method} / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n`,
        method,
      )
      expect(answer.status).toBe(502)
      expect(answer.body.toString()).not.toContain('may or may not')
    }
    expect(await list(vigia)).toEqual({ total: 0, dropped: 0, open: 0, records: [] })
  })

  test('where nothing of it was sent', async () => {
    const vigia = await vigiaBefore([await freePort()])
    expect([502, 503]).toContain((await ask(vigia.port, post('/'), 'POST')).status)
    expect((await list(vigia)).total).toBe(0)
  })

  test('where its key made another upstream answer it', async () => {
    const [bad, good] = [await rawUpstream(reset), await rawUpstream(answerOk)]
    const vigia = await vigiaBefore([bad.port, good.port], {
      config: { routes: [{ pool: 'erp', retry: { idempotencyKey: true } }] },
      pool: { balance: 'round-robin' },
    })
    for (let i = 0; i < 4; i += 1)
      expect((await ask(vigia.port, post(`/${i}`, 'Idempotency-Key: k\r\n'), 'POST')).status).toBe(200)
    expect(bad.requests.length + bad.connections.length).toBeGreaterThan(0)
    expect((await list(vigia)).total).toBe(0)
  })

  test('where its client left of its own accord', async () => {
    const upstream = await rawUpstream(afterAll(() => new Promise(() => {})))
    const vigia = await vigiaBefore([upstream.port])
    const client = await RawClient.connect(vigia.port)
    client.send(post('/left'))
    await until('it is there', () => upstream.received.includes('hello'))
    client.reset()
    await until('it is counted', async () => {
      const { clientAborts } = (await vigia.status()).pools[0]!.upstreams[0]!
      return clientAborts === earlier.aborts + 1
    })
    expect((await list(vigia)).total).toBe(0)
  })
})

test('the list is asked for in part: the newest come first', async () => {
  const upstream = await rawUpstream(reset)
  const vigia = await vigiaBefore([upstream.port])
  for (let i = 0; i < 5; i += 1) await ask(vigia.port, post(`/${i}`), 'POST')
  await listOf(vigia, 5)
  const { total, records } = await list(vigia, '?limit=2')
  expect([total, records.map(each => each.path)]).toEqual([5, ['/4', '/3']])
})

test('a worker that dies leaves word of how many requests it had in flight, and where', async () => {
  const held: unknown[] = []
  const node = createServer((_request, response) => held.push(response))
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    node.closeAllConnections()
    node.close()
  })
  const port = await freePort()
  const { timeouts } = snapshotOf()
  const said: { msg: string; detail: unknown }[] = []
  const logger = createLogger({ level: 'silent' })
  Object.assign(logger, { warn: (detail: unknown, msg: string) => said.push({ msg, detail }) })
  const upstreams = [upstreamPlan('erp-1', (node.address() as AddressInfo).port)]
  const match = { listeners: [], hosts: [], path: '/', methods: [] }
  const vigia = await startInside(
    snapshotOf({
      workers: 1,
      listeners: [{ name: 'web', host: '127.0.0.1', port }],
      routes: [{ name: 'all', match, pool: 0, timeouts, bodyBytes: 1024 }],
      pools: [poolPlan('erp', upstreams, { health: { kind: 'none' } })],
      shutdownMs: 100,
    }),
    { workerUrl: new URL('../fixtures/mortal-worker.ts', import.meta.url), logger },
  )
  cleanUp.push(() => vigia.close())
  const clients = await Promise.all([1, 2, 3].map(() => RawClient.connect(port)))
  for (const client of clients) client.send(post('/held'))
  await until('they are in flight', () => held.length === 3)
  const deaths = new BroadcastChannel('vigia-test-deaths')
  cleanUp.push(() => deaths.close())
  deaths.postMessage('at once 0')
  const line = await until('it is logged', () => said.find(each => each.msg.startsWith('in doubt')))
  expect(line.msg).toContain('3 requests in flight')
  expect(line.detail).toEqual({ worker: 0, upstreams: { 'erp/erp-1': 3 } })
  for (const client of clients) client.close()
})
