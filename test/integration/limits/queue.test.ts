// Requests that wait for a place on an upstream: how many, in which order, for how long, and who need not wait any more.

import { afterEach, describe, expect, test } from 'vitest'
import { HoldingUpstream } from '../../support/holding-upstream.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import type { Answer } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

let upstreams: HoldingUpstream[] = []
let vigia: Vigia

interface Setup {
  /** Of a test that looks at the counters of its pool. */
  readonly poolName?: string
  readonly count?: number
  readonly limit?: number
  readonly pool?: object
  readonly routes?: readonly object[]
  readonly workers?: number
  readonly config?: object
}

async function setUp(setup: Setup = {}): Promise<void> {
  const { poolName, count = 1, limit = 1, pool = {}, routes, workers = 1, config = {} } = setup
  upstreams = await Promise.all(Array.from({ length: count }, () => HoldingUpstream.start()))
  vigia = await lendVigia({
    poolName,
    pool: {
      queue: { max: 100, timeout: '20s' },
      upstreams: upstreams.map(({ port }, i) => ({
        name: `erp-${i + 1}`,
        url: `http://127.0.0.1:${port}`,
        maxConnections: limit,
      })),
      ...pool,
    },
    config: { workers, ...(routes === undefined ? {} : { routes }), ...config },
  })
}

afterEach(async () => {
  for (const upstream of upstreams) upstream.releaseAll()
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close()
})

const request = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`
const poolReport = async () => (await vigia.status()).pools[0]!
const waits = (count: number) =>
  until(`${count} requests wait`, async () => (await poolReport()).waiting === count, { everyMs: 2 })

/** Each waits in the queue before the next is sent: so they have an order. */
async function queueUp(targets: readonly string[], from = 0): Promise<ReturnType<typeof ask>[]> {
  const answers: ReturnType<typeof ask>[] = []
  for (const [i, target] of targets.entries()) {
    answers.push(ask(vigia.port, request(target)))
    await waits(from + i + 1)
  }
  return answers
}

/** Sets how it answers its health checks from now on. */
function healthOf(upstream: HoldingUpstream): (status: number) => void {
  const others = upstream.raw.answer
  return status => {
    upstream.raw.answer = async arrival => {
      if (arrival.target !== '/health') return others(arrival)
      await arrival.whole()
      await arrival.connection.write(`HTTP/1.1 ${status} Health\r\nContent-Length: 0\r\n\r\n`)
    }
  }
}

test('an upstream never gets more than its limit; the rest waits and is served in the order of arrival', async () => {
  await setUp({ limit: 2 })
  const upstream = upstreams[0]!
  const first = [ask(vigia.port, request('/a')), ask(vigia.port, request('/b'))]
  await upstream.holds(2)
  const queued = await queueUp(['/1', '/2', '/3', '/4'])
  expect(upstream.held).toBe(2)
  for (let i = 1; i <= 4; i += 1) {
    upstream.release()
    await until(`/${i} has come`, () => upstream.targets.includes(`/${i}`))
  }
  expect(upstream.targets.slice(2)).toEqual(['/1', '/2', '/3', '/4'])
  upstream.releaseAll()
  for (const answer of await Promise.all([...first, ...queued])) expect(answer.status).toBe(200)
  expect(upstream.most).toBe(2)
  await until('nothing is left', async () => {
    const { waiting, upstreams: reports } = await poolReport()
    return waiting === 0 && reports[0]?.inFlight === 0
  })
})

test.each([2, 3])('the order holds over all of %i workers, and none of them starves', async workers => {
  await setUp({ workers })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const targets = Array.from({ length: 24 }, (_, i) => `/${i}`)
  const queued = await queueUp(targets)
  for (const target of targets) {
    upstream.release()
    await until(`${target} has come`, () => upstream.targets.at(-1) === target)
  }
  upstream.releaseAll()
  await Promise.all([holder, ...queued])
  expect(upstream.targets).toEqual(['/holder', ...targets])
  expect(upstream.most).toBe(1)
})

test('a route with a lower queuePriority is served first, equals in the order of arrival', async () => {
  await setUp({
    workers: 2,
    routes: [
      { match: { path: '/urgent' }, pool: 'erp', queuePriority: -1 },
      { match: { path: '/report' }, pool: 'erp', queuePriority: 5 },
      { pool: 'erp' },
    ],
  })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const queued = await queueUp(['/report/1', '/1', '/urgent/1', '/report/2', '/2', '/urgent/2'])
  for (let count = 2; count <= 7; count += 1) {
    upstream.release()
    await until('the next has come', () => upstream.targets.length === count)
  }
  upstream.releaseAll()
  await Promise.all([holder, ...queued])
  expect(upstream.targets.slice(1)).toEqual(['/urgent/1', '/urgent/2', '/1', '/2', '/report/1', '/report/2'])
})

test('what finds the queue full is answered 503 at once, with Retry-After; the limit holds over all workers', async () => {
  await setUp({ poolName: 'full', workers: 2, pool: { queue: { max: 3, timeout: '20s' }, retryAfter: '7s' } })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const queued = await queueUp(['/1', '/2', '/3'])
  for (let i = 0; i < 6; i += 1) {
    const refused = await ask(vigia.port, request('/refused', 'Accept: application/json\r\n'))
    expect(refused.status).toBe(503)
    expect(field(refused, 'retry-after')).toBe('7')
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'queue-full' })
  }
  expect((await poolReport()).queue).toMatchObject({ max: 3, full: 6, queued: 3, timeouts: 0 })
  upstream.releaseAll()
  for (const answer of await Promise.all([holder, ...queued])) expect(answer.status).toBe(200)
  expect(upstream.targets).not.toContain('/refused')
})

test('without a queue, what finds every upstream full is answered 503 at once', async () => {
  await setUp({ pool: { queue: undefined } })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const refused = await ask(vigia.port, request('/refused', 'Accept: application/json\r\n'))
  expect([refused.status, field(refused, 'retry-after')]).toEqual([503, '5'])
  expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'overloaded' })
  upstream.releaseAll()
  expect((await holder).status).toBe(200)
})

test('one that waits too long is answered 503, and its place in the queue is free again', async () => {
  await setUp({ poolName: 'late', pool: { queue: { max: 1, timeout: '300ms' } } })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  for (let i = 0; i < 2; i += 1) {
    const began = performance.now()
    const late = await ask(vigia.port, request('/late', 'Accept: application/json\r\n'))
    const tookMs = performance.now() - began
    expect(late.status).toBe(503)
    expect(field(late, 'retry-after')).toBe('5')
    expect(JSON.parse(late.body.toString())).toMatchObject({ code: 'queue-timeout' })
    expect(tookMs).toBeGreaterThan(250)
  }
  expect((await poolReport()).queue).toMatchObject({ full: 0, queued: 2, timeouts: 2 })
  upstream.releaseAll()
  expect((await holder).status).toBe(200)
  expect(upstream.targets).toEqual(['/holder'])
})

test('a client that leaves is out of the queue at once: the next one moves up, the upstream never sees it', async () => {
  await setUp({ workers: 2, pool: { queue: { max: 2, timeout: '20s' } } })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const leaver = await RawClient.connect(vigia.port)
  leaver.send(request('/leaver'))
  await waits(1)
  const stays = ask(vigia.port, request('/stays'))
  await waits(2)
  leaver.close()
  await waits(1)
  const third = ask(vigia.port, request('/third'))
  await waits(2)
  upstream.release()
  await until('the next has come', () => upstream.targets.length === 2)
  upstream.releaseAll()
  for (const answer of await Promise.all([holder, stays, third])) expect(answer.status).toBe(200)
  expect(upstream.targets).toEqual(['/holder', '/stays', '/third'])
})

test('the first in the queue leaving lets another worker have the place that is free', async () => {
  await setUp({ workers: 3 })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  // Many that leave at the moment at which the place becomes free: whoever is first then must not take it along.
  const leavers = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(vigia.port)))
  for (const [i, leaver] of leavers.entries()) leaver.send(request(`/leaver/${i}`))
  await waits(20)
  const last = ask(vigia.port, request('/last'))
  await waits(21)
  upstream.release()
  for (const leaver of leavers) leaver.close()
  upstream.open = true
  expect((await holder).status).toBe(200)
  await until('the last has come', () => {
    if (upstream.held > 0) upstream.release()
    return upstream.targets.includes('/last')
  })
  expect((await last).status).toBe(200)
})

test('a request body is held while its request waits, and arrives whole', async () => {
  await setUp()
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const client = await RawClient.connect(vigia.port)
  const bytes = 300_000
  client.send(`POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bytes}\r\n\r\n`)
  client.send(Buffer.alloc(bytes, 'x'))
  await waits(1)
  upstream.releaseAll()
  expect((await client.final('POST')).status).toBe(200)
  expect(upstream.raw.requests.at(-1)?.body.length).toBe(bytes)
  expect((await holder).status).toBe(200)
  client.close()
})

describe('a request whose attempt failed', () => {
  const breakOff: Answer = async arrival => {
    await arrival.whole()
    arrival.connection.socket.destroy()
  }

  test('waits for another upstream that is full, and is told the truth where that takes too long', async () => {
    await setUp({ count: 2, pool: { queue: { max: 5, timeout: '400ms' }, outlier: 'off' } })
    const [one, two] = upstreams as [HoldingUpstream, HoldingUpstream]
    one.raw.answer = breakOff
    // As long as both have room, whichever is asked first: the second holds it in the end.
    const holder = ask(vigia.port, request('/holder'))
    await two.holds(1)
    const queued = await queueUp(['/1'])
    two.release()
    await until('it came', () => two.targets.includes('/1'))
    const late = await ask(vigia.port, request('/late', 'Accept: application/json\r\n'))
    expect(late.status).toBe(502)
    expect(JSON.parse(late.body.toString())).toMatchObject({ code: 'upstream-reset' })
    two.releaseAll()
    for (const answer of await Promise.all([holder, ...queued])) expect(answer.status).toBe(200)
  })

  test('keeps its place where only its connection was stale', async () => {
    await setUp()
    const upstream = upstreams[0]!
    const held = upstream.raw.answer
    let stale = false
    upstream.raw.answer = async arrival => {
      if (!stale || arrival.index === 0) return held(arrival)
      stale = false
      // It comes on the connection of an earlier one, which breaks when the others wait already.
      await arrival.whole()
      await waits(2)
      arrival.connection.socket.destroy()
    }
    const warmUp = ask(vigia.port, request('/warm-up'))
    await upstream.holds(1)
    upstream.release()
    expect((await warmUp).status).toBe(200)
    // Else the next one would get a connection of its own, and the one after it this one.
    await until('its connection is kept', async () => {
      const { inFlight, connections } = (await poolReport()).upstreams[0]!
      return inFlight === 0 && connections === 1
    })
    stale = true
    const first = ask(vigia.port, request('/first'))
    await until('it is there', () => upstream.raw.received.toString().includes('GET /first'))
    const queued = [ask(vigia.port, request('/second')), ask(vigia.port, request('/third'))]
    await upstream.holds(1)
    expect(upstream.targets).toEqual(['/warm-up', '/first'])
    upstream.releaseAll()
    for (const answer of await Promise.all([first, ...queued])) expect(answer.status).toBe(200)
  })
})

test('the access log tells how long a request waited for its place', async () => {
  await setUp({ config: { accessLog: true } })
  const upstream = upstreams[0]!
  const holder = ask(vigia.port, request('/holder'))
  await upstream.holds(1)
  const queued = await queueUp(['/queued'])
  upstream.releaseAll()
  await Promise.all([holder, ...queued])
  const lines = await until('both are logged', () => {
    const all = vigia.stdout().trim().split('\n')
    return all.length === 2 ? all : undefined
  })
  const waited = new Map(
    lines.map(line => {
      const { path, queueMs, totalMs } = JSON.parse(line) as { path: string; queueMs: number; totalMs: number }
      expect(queueMs).toBeLessThanOrEqual(totalMs)
      return [path, queueMs]
    }),
  )
  expect(waited.get('/holder')).toBe(0)
  expect(waited.get('/queued')).toBeGreaterThan(0)
})

describe('when upstreams come and go', () => {
  test('the queue is answered 503 as soon as no upstream is left; what is in flight goes on', async () => {
    await setUp({ poolName: 'left', pool: { health: { path: '/health', interval: '100ms', fall: 1, rise: 1 } } })
    const upstream = upstreams[0]!
    const answerHealth = healthOf(upstream)
    answerHealth(200)
    await until('it is available', async () => (await poolReport()).available === 1)
    const holder = ask(vigia.port, request('/holder'))
    await upstream.holds(1)
    const queued = await queueUp(['/1', '/2'])
    answerHealth(503)
    for (const answer of await Promise.all(queued)) {
      expect([answer.status, field(answer, 'retry-after')]).toEqual([503, '5'])
    }
    expect((await poolReport()).queue).toMatchObject({ queued: 2, full: 0, timeouts: 0 })
    upstream.releaseAll()
    expect((await holder).status).toBe(200)
    expect(upstream.targets.filter(target => target !== '/health')).toEqual(['/holder'])
  })

  test('one that comes back serves the queue at once', async () => {
    await setUp({ count: 2, pool: { health: { path: '/health', interval: '100ms', fall: 10, rise: 1 } } })
    const [one, two] = upstreams as [HoldingUpstream, HoldingUpstream]
    const [healthOne, healthTwo] = [healthOf(one), healthOf(two)]
    healthOne(200)
    healthTwo(503)
    await until('erp-1 is the only one', async () => {
      const states = (await poolReport()).upstreams.map(each => each.state)
      return states[0] === 'available' && states[1] === 'out'
    })
    const holder = ask(vigia.port, request('/holder'))
    await one.holds(1)
    const [queued] = await queueUp(['/1'])
    healthTwo(200)
    await until('erp-2 has the request', () => two.targets.includes('/1'))
    one.releaseAll()
    two.releaseAll()
    for (const each of [await holder, await queued!]) expect(each.status).toBe(200)
  })

  test('a reload that raises the limit lets those in the queue go on', async () => {
    await setUp({ workers: 2 })
    const upstream = upstreams[0]!
    const holder = ask(vigia.port, request('/holder'))
    await upstream.holds(1)
    const queued = await queueUp(['/1', '/2'])
    const raised = { name: 'erp-1', url: `http://127.0.0.1:${upstream.port}`, maxConnections: 3 }
    await vigia.writeConfig({
      workers: 2,
      pools: { erp: { health: 'off', queue: { max: 100, timeout: '20s' }, upstreams: [raised] } },
    })
    vigia.kill('SIGHUP')
    await upstream.holds(3)
    upstream.releaseAll()
    for (const answer of await Promise.all([holder, ...queued])) expect(answer.status).toBe(200)
  })

  test('a reload that gives the pool another upstream lets those in the queue go on there', async () => {
    await setUp({ count: 2, workers: 2 })
    const [before, after] = upstreams as [HoldingUpstream, HoldingUpstream]
    const pools = ({ port }: HoldingUpstream) => ({
      erp: {
        health: 'off',
        queue: { max: 100, timeout: '20s' },
        upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${port}`, maxConnections: 1 }],
      },
    })
    const { revision } = await vigia.status()
    await vigia.writeConfig({ workers: 2, pools: pools(before) })
    vigia.kill('SIGHUP')
    await until('workers have one upstream', async () => (await vigia.status()).revision > revision)
    const holder = ask(vigia.port, request('/holder'))
    await before.holds(1)
    const queued = await queueUp(['/1', '/2'])
    await vigia.writeConfig({ workers: 2, pools: pools(after) })
    vigia.kill('SIGHUP')
    await after.holds(1)
    after.release()
    await until('the second has come', () => after.targets.includes('/2'))
    after.releaseAll()
    for (const answer of await Promise.all(queued)) expect(answer.status).toBe(200)
    expect(before.targets).toEqual(['/holder'])
    before.releaseAll()
    expect((await holder).status).toBe(200)
    expect((await poolReport()).waiting).toBe(0)
  })
})

describe('with affinity', () => {
  const affinity = { follow: 'header:X-Session' }
  const session = (target: string, id: number) => request(target, `X-Session: s${id}\r\n`)

  test('a client waits for its own upstream although another one is free', async () => {
    await setUp({ count: 2, workers: 2, pool: { affinity } })
    const probe = ask(vigia.port, session('/probe', 1))
    await until('it is somewhere', () => upstreams.some(each => each.held === 1))
    const own = upstreams.find(each => each.held === 1)!
    const other = upstreams.find(each => each !== own)!
    const second = ask(vigia.port, session('/second', 1))
    await waits(1)
    // Others need not wait for it.
    const stranger = ask(vigia.port, request('/stranger'))
    await other.holds(1)
    expect(other.targets).toEqual(['/stranger'])
    own.release()
    await until('it is served', () => own.targets.includes('/second'))
    for (const each of upstreams) each.releaseAll()
    for (const each of await Promise.all([probe, second, stranger])) expect(each.status).toBe(200)
    expect(other.targets).toEqual(['/stranger'])
  })
})
