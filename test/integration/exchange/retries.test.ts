// A failing upstream that nobody notices: what is sent again, where, how often, and what never is.

import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'

function post(body: string, fields = ''): string {
  return `POST /rpc HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`
}

const READ = '{"method":"model.sale.sale.search_read","params":[[]]}'
const WRITE = '{"method":"model.sale.sale.create","params":[[]]}'

/** Takes the whole request, then breaks off without a byte. */
const breakOff: Answer = async arrival => {
  await arrival.whole()
  arrival.connection.socket.destroy()
}

const answerStatus =
  (status: number): Answer =>
  async arrival => {
    await arrival.whole()
    await arrival.connection.write(`HTTP/1.1 ${status} Not now\r\nContent-Length: 4\r\n\r\nbusy`)
  }

let upstreams: RawUpstream[] = []
let vigia: Vigia

async function setUp(answers: readonly Answer[], pool: object, route: object = {}): Promise<void> {
  upstreams = await Promise.all(answers.map(answer => RawUpstream.start(answer)))
  vigia = await lendVigia({
    upstreams: upstreams.map(upstream => upstream.port),
    pool: { balance: 'round-robin', outlier: 'off', ...pool },
    config: { routes: [{ pool: 'erp', ...route }] },
  })
}

afterEach(async () => {
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close()
})

const received = () => upstreams.map(upstream => upstream.requests.length)

/** So many requests that each upstream has had the first attempt of some. */
async function statuses(request: string, times = 6): Promise<number[]> {
  const method = request.slice(0, request.indexOf(' '))
  const all: number[] = []
  for (let i = 0; i < times; i += 1) all.push((await ask(vigia.port, request, method)).status)
  return all
}

/** After a failure others are asked for a second; then the upstream gets a request again, and that one is lost. */
async function lostOne(request: string): Promise<void> {
  await until('a request is lost', async () => (await statuses(request, 1))[0] === 502)
}

describe('an upstream that takes requests and breaks off', () => {
  test('costs a GET nothing: it is sent to another one', async () => {
    await setUp([breakOff, answerOk], {})
    expect(await statuses(GET)).toEqual([200, 200, 200, 200, 200, 200])
    expect(received()[0]).toBeGreaterThan(0)
  })

  test('costs a POST its answer: it is in doubt, and never sent again', async () => {
    await setUp([breakOff, answerOk], {})
    const all = await statuses(post(WRITE))
    expect(all.filter(status => status === 502)).toHaveLength(1)
    expect(received()).toEqual([1, 5])
    await lostOne(post(WRITE))
    expect(received()[0]).toBe(2)
  })

  test('costs a keyed POST nothing where the route says that its upstreams honour the key', async () => {
    await setUp([breakOff, answerOk], {}, { retry: { idempotencyKey: true } })
    expect(await statuses(post(WRITE, 'Idempotency-Key: "order-4711"\r\n'))).toEqual([200, 200, 200, 200, 200, 200])
    expect(upstreams[1]?.requests.every(request => request.body.toString() === WRITE)).toBe(true)
    await lostOne(post(WRITE))
  })

  test('costs a declared RPC read nothing, a write its answer', async () => {
    const rpcReads = { methods: ['model.*.search_read'], maxBody: '16KiB' }
    await setUp([breakOff, answerOk], {}, { retry: { rpcReads } })
    expect(await statuses(post(READ))).toEqual([200, 200, 200, 200, 200, 200])
    expect(upstreams[1]?.requests.every(request => request.body.toString() === READ)).toBe(true)
    await lostOne(post(WRITE))
  })

  test('costs a declared RPC read nothing that comes in gzip, as from Tryton on the desktop, but a write its answer', async () => {
    const rpcReads = { methods: ['model.*.search_read'], maxBody: '16KiB' }
    await setUp([breakOff, answerOk], {}, { retry: { rpcReads } })
    const gzipped = (text: string) => post(gzipSync(text).toString('latin1'), 'Content-Encoding: gzip\r\n')
    expect(await statuses(gzipped(READ))).toEqual([200, 200, 200, 200, 200, 200])
    expect(upstreams[1]?.requests.every(({ body }) => body.equals(gzipSync(READ)))).toBe(true)
    await lostOne(gzipped(WRITE))
  })

  test('costs a PUT nothing while its body is short enough to be kept, and is not sent again when it is not', async () => {
    await setUp([breakOff, answerOk], {}, { retry: { replay: '1KiB' } })
    const put = (bytes: number) => post('x'.repeat(bytes)).replace('POST', 'PUT')
    expect(await statuses(put(1000))).toEqual([200, 200, 200, 200, 200, 200])
    expect(upstreams[1]?.requests.every(request => request.body.length === 1000)).toBe(true)
    await lostOne(put(2000))
  })
})

describe('an upstream whose answers are no HTTP', () => {
  const garbage: Answer = async arrival => {
    await arrival.whole()
    await arrival.connection.write('HTTP/9 what?\r\n\r\n')
  }

  test('costs a GET nothing: a well one is asked', async () => {
    await setUp([garbage, answerOk], {})
    expect(await statuses(GET)).toEqual([200, 200, 200, 200, 200, 200])
    expect(received()[0]).toBeGreaterThan(0)
  })

  test('is believed to be like the others where a second one answers so too: a third is not asked', async () => {
    await setUp([garbage, garbage, garbage], {})
    expect(await statuses(GET, 1)).toEqual([502])
    expect(received().toSorted()).toEqual([0, 1, 1])
  })
})

describe('an upstream that answers 503', () => {
  test('has its answer passed on by default', async () => {
    await setUp([answerStatus(503), answerOk], {})
    expect((await statuses(GET)).filter(status => status === 503)).toHaveLength(3)
  })

  test('is asked elsewhere where the pool says so, but not for an unsafe request', async () => {
    await setUp([answerStatus(503), answerOk], { retry: { statuses: [503] } })
    expect(await statuses(GET)).toEqual([200, 200, 200, 200, 200, 200])
    expect((await statuses(post(WRITE))).filter(status => status === 503)).toHaveLength(3)
  })

  test('has its answer passed on where nobody else is left', async () => {
    await setUp([answerStatus(503)], { retry: { statuses: [503] } })
    const answer = await ask(vigia.port, GET)
    expect([answer.status, answer.body.toString()]).toEqual([503, 'busy'])
  })
})

test('the retry budget bounds what an outage adds, over all requests', async () => {
  // Both break off: without a budget every request would be tried twice.
  await setUp([breakOff, breakOff], { retry: { attempts: 2, budget: '10%' } })
  await statuses(GET, 200)
  const sent = received().reduce((sum, count) => sum + count, 0)
  // 200 first attempts, a tenth of them again, and a floor of 3 a second.
  expect(sent).toBeGreaterThanOrEqual(200)
  expect(sent).toBeLessThan(300)
})

test('the access log tells how often and why it was safe', async () => {
  upstreams = await Promise.all([breakOff, answerOk].map(answer => RawUpstream.start(answer)))
  vigia = await startVigia({
    upstreams: upstreams.map(upstream => upstream.port),
    pool: { balance: 'round-robin' },
    config: { accessLog: true },
  })
  await statuses(GET, 4)
  await vigia.stop()
  const lines = vigia
    .stdout()
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { attempts: number; proof: string })
  const told = lines.map(({ attempts, proof }) => `${attempts} ${proof}`)
  expect(told).toHaveLength(4)
  expect(told).toContain('2 idempotent')
  for (const each of told) expect(['1 ', '2 idempotent']).toContain(each)
})

test('an upstream on which requests fail is ejected although its probes are fine', async () => {
  const half: Answer = async arrival => {
    await arrival.whole()
    if (arrival.target === '/health') await arrival.connection.write(ok())
    else arrival.connection.socket.destroy()
  }
  await setUp([half, answerOk], { health: { path: '/health', interval: '1s' }, outlier: { consecutiveFailures: 3 } })
  const state = async () => (await vigia.status()).pools[0]?.upstreams[0]
  const met = () => upstreams[0]!.requests.filter(({ target }) => target !== '/health').length
  await until('it is out', async () => {
    // What one client meets may be its own doing: two take turns at meeting it.
    const client = await RawClient.connect(vigia.port, { from: met() % 2 === 0 ? '127.0.0.1' : '127.0.0.2' })
    client.send(GET)
    expect((await client.final()).status).toBe(200)
    client.close()
    return (await state())?.state === 'out'
  })
  const report = await state()
  expect(report?.why).toMatch(/^ejected: 3 transport failures in a row.*back on trial at/)
  const before = received()[0]
  await statuses(post(WRITE))
  expect((received()[0] ?? 0) - (before ?? 0)).toBeLessThan(2)
})
