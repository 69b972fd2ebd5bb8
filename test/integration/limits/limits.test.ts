// Limits that hold whatever happens: under load on several workers, when a worker dies, after a return, after all kinds of abuse.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { PoolReport } from '../../../src/admin/contract/pools.ts'
import { createLogger } from '../../../src/logging/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { HoldingUpstream } from '../../support/holding-upstream.ts'
import { type RunningVigia, startInside } from '../../support/inside.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import { amount } from '../../support/thorough.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface CountingUpstream {
  readonly port: number
  readonly most: () => number
  readonly served: () => number
}

/** Takes a few milliseconds for each request, and counts how many it has at once. */
async function countingUpstream(): Promise<CountingUpstream> {
  let inside = 0
  let most = 0
  let served = 0
  const server = createServer((_request, response) => {
    inside += 1
    most = Math.max(most, inside)
    setTimeout(() => {
      inside -= 1
      served += 1
      response.end('served')
    }, served % 4)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, most: () => most, served: () => served }
}

async function start(setup: Parameters<typeof lendVigia>[0]): Promise<Vigia> {
  const vigia = await lendVigia(setup)
  cleanUps.push(() => vigia.stop())
  return vigia
}

const upstreamsOf = (ports: readonly number[], limit: number) =>
  ports.map((port, i) => ({ name: `erp-${i + 1}`, url: `http://127.0.0.1:${port}`, maxConnections: limit }))

const poolOf = async (vigia: Vigia): Promise<PoolReport> => (await vigia.status()).pools[0]!

async function settles(vigia: Vigia): Promise<void> {
  await until('every count is back at 0', async () => {
    const { waiting, breaker, upstreams } = await poolOf(vigia)
    const counts = upstreams.flatMap(({ inFlight, places, longPolls }) => [inFlight, places, longPolls])
    return [waiting, breaker.requests, breaker.pending, ...counts].every(count => count === 0)
  })
}

describe.each([2, 3])('with %i workers under load', workers => {
  test('no upstream ever has more than its limit, everybody is served, and no place is lost', async () => {
    const nodes = [await countingUpstream(), await countingUpstream()]
    const vigia = await start({
      pool: {
        upstreams: upstreamsOf(
          nodes.map(({ port }) => port),
          3,
        ),
        queue: { max: 1000, timeout: '30s' },
      },
      config: { workers },
    })
    const clients = 48
    const perClient = amount(15, 6)
    const serve = async () => {
      const client = await RawClient.connect(vigia.port)
      for (let i = 0; i < perClient; i += 1) {
        client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
        expect((await client.final('GET')).status).toBe(200)
      }
      client.close()
    }
    await Promise.all(Array.from({ length: clients }, serve))
    expect(nodes.map(({ most }) => most())).toEqual([3, 3])
    expect(nodes.reduce((sum, { served }) => sum + served(), 0)).toBe(clients * perClient)
    await settles(vigia)
    const { queue } = await poolOf(vigia)
    expect(queue.queued).toBeGreaterThan(0)
    expect(queue).toMatchObject({ full: 0, timeouts: 0 })
    const metrics = await vigia.metrics()
    expect(metrics).toMatch(/^vigia_upstream_limit\{pool="erp",upstream="erp-1"\} 3$/m)
    expect(metrics).toMatch(/^vigia_queue_limit\{pool="erp"\} 1000$/m)
    expect(metrics).toMatch(new RegExp(`^vigia_queued_requests_total\\{pool="erp"\\} ${queue.queued}$`, 'm'))
  })
})

test('after all kinds of abuse nothing is left: clients that leave in every state, upstreams that break off', async () => {
  const upstream = await HoldingUpstream.start()
  const flaky = await HoldingUpstream.start()
  cleanUps.push(
    () => upstream.close(),
    () => flaky.close(),
  )
  flaky.raw.answer = async arrival => {
    await arrival.whole()
    arrival.connection.socket.destroy()
  }
  const vigia = await start({
    pool: {
      upstreams: upstreamsOf([upstream.port, flaky.port], 2),
      queue: { max: 20, timeout: '150ms' },
      circuitBreaker: { requests: 25, pending: 24 },
      outlier: 'off',
    },
    config: { workers: 2 },
  })
  let answered = 0
  const abuse = async (seed: number) => {
    for (let turn = 0; turn < 6; turn += 1) {
      const client = await RawClient.connect(vigia.port)
      const kind = (seed + turn) % 5
      client.send(
        kind === 0
          ? 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 9\r\n\r\nhalf'
          : 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
      )
      if (kind === 1) client.reset()
      else if (kind === 2) client.end()
      else if (kind !== 0) {
        // Each gets an answer, whatever it says.
        await client.final('GET')
        answered += 1
      } else await new Promise(resolve => setTimeout(resolve, seed))
      client.close()
    }
  }
  const releasing = setInterval(() => {
    if (upstream.held > 0) upstream.release()
  }, 10)
  await Promise.all(Array.from({ length: 40 }, (_, seed) => abuse(seed)))
  clearInterval(releasing)
  expect(answered).toBeGreaterThan(0)
  upstream.releaseAll()
  flaky.raw.answer = answerOk
  await settles(vigia)
  expect(vigia.stderr() + vigia.stdout()).not.toContain('unexpected exception')
  expect((await ask(vigia.port, 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')).status).toBe(200)
})

test('places that a dying worker held come back, and those that wait in other workers get them', async () => {
  const held: ServerResponse[] = []
  const node = createServer((_request, response) => held.push(response))
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    node.closeAllConnections()
    node.close()
  })
  const port = await freePort()
  const limit = 10
  const upstream = { ...upstreamPlan('erp-1', (node.address() as AddressInfo).port), maxConnections: limit }
  const vigia: RunningVigia = await startInside(
    snapshotOf({
      workers: 2,
      ...servedAt(port),
      pools: [poolPlan('erp', [upstream], { health: { kind: 'none' }, queue: { max: 100, timeoutMs: 30_000 } })],
      shutdownMs: 100,
    }),
    { workerUrl: new URL('../fixtures/mortal-worker.ts', import.meta.url), logger: createLogger({ level: 'silent' }) },
  )
  cleanUps.push(() => vigia.close())
  const deaths = new BroadcastChannel('vigia-test-deaths')
  cleanUps.push(() => deaths.close())
  const pool = () => vigia.status().pools[0]!

  // Connections are spread over the workers by the kernel: enough of them, and both workers hold places and have some waiting.
  const outcomes: Promise<boolean>[] = []
  for (let i = 0; i < 40; i += 1) {
    outcomes.push(
      ask(port, 'GET /held HTTP/1.1\r\nHost: a.example\r\n\r\n').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
  }
  await until('the upstream is full, the others wait', () => held.length === limit && pool().waiting === 40 - limit)
  deaths.postMessage(0)
  await until('the worker was replaced', () => vigia.status().workers[0]!.restarts === 1)
  // Whatever places it held are taken again by those who wait in the other worker, as far as there are any.
  await until('its places were given on', () => {
    const { places, inFlight } = pool().upstreams[0]!
    return places === inFlight && (places === limit || pool().waiting === 0)
  })
  const timer = setInterval(() => {
    for (const response of held.splice(0)) response.end('done')
  }, 5)
  const ends = await Promise.all(outcomes)
  clearInterval(timer)
  expect(ends.filter(Boolean).length).toBeGreaterThan(0)
  await until('nothing is left', () => {
    const { waiting, upstreams } = pool()
    return waiting === 0 && upstreams[0]!.places === 0 && upstreams[0]!.inFlight === 0
  })
})

test('slow start raises the limit step by step after a return, not at the start', async () => {
  const upstream = await HoldingUpstream.start()
  cleanUps.push(() => upstream.close())
  upstream.open = true
  const answer = upstream.raw.answer
  const health = (status: number) => {
    upstream.raw.answer = async arrival => {
      if (arrival.target !== '/health') return answer(arrival)
      await arrival.whole()
      await arrival.connection.write(`HTTP/1.1 ${status} Health\r\nContent-Length: 0\r\n\r\n`)
    }
  }
  health(200)
  const vigia = await start({
    pool: {
      upstreams: upstreamsOf([upstream.port], 20),
      queue: { max: 10 },
      slowStart: '3s',
      health: { path: '/health', interval: '400ms', timeout: '400ms', fall: 2, rise: 1 },
    },
  })
  const report = async () => (await poolOf(vigia)).upstreams[0]!
  await until('it is available', async () => (await report()).state === 'available')
  expect((await report()).limit).toBe(20)
  health(503)
  await until('it is out', async () => (await report()).state === 'out')
  health(200)
  await until('it is back', async () => (await report()).state === 'available')
  const limits: number[] = []
  await until('it has its whole limit again', async () => {
    const { limit } = await report()
    if (limits.at(-1) !== limit) limits.push(limit ?? 0)
    return limit === 20
  })
  expect(limits[0]).toBeLessThan(10)
  expect(limits).toEqual([...limits].sort((a, b) => a - b))
})

describe('the circuit breaker', () => {
  test('refuses what is more than its requests at once, over all workers, those that wait included', async () => {
    const upstream = await HoldingUpstream.start()
    cleanUps.push(() => upstream.close())
    const vigia = await start({
      poolName: 'with-requests',
      pool: {
        upstreams: upstreamsOf([upstream.port], 2),
        queue: { max: 10 },
        circuitBreaker: { requests: 3 },
        retryAfter: '9s',
      },
      config: { workers: 2 },
    })
    cleanUps.push(() => upstream.releaseAll())
    const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.example\r\nAccept: application/json\r\n\r\n`
    const inside = ['/1', '/2', '/3'].map(target => ask(vigia.port, request(target)))
    await upstream.holds(2)
    await until('one waits', async () => (await poolOf(vigia)).waiting === 1)
    for (let i = 0; i < 4; i += 1) {
      const refused = await ask(vigia.port, request('/refused'))
      expect([refused.status, field(refused, 'retry-after')]).toEqual([503, '9'])
      expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'overloaded' })
    }
    expect((await poolOf(vigia)).breaker).toEqual({ requests: 3, pending: 0, refusals: 4 })
    upstream.releaseAll()
    for (const each of await Promise.all(inside)) expect(each.status).toBe(200)
    await settles(vigia)
    expect((await ask(vigia.port, request('/after'))).status).toBe(200)
    expect(await vigia.metrics()).toMatch(/^vigia_breaker_refusals_total\{pool="with-requests"\} 4$/m)
  })

  test('refuses what is more than its requests without a connection; those on one don’t count', async () => {
    const upstream = await HoldingUpstream.start()
    cleanUps.push(() => upstream.close())
    const vigia = await start({
      poolName: 'with-pending',
      pool: { upstreams: upstreamsOf([upstream.port], 2), queue: { max: 10 }, circuitBreaker: { pending: 1 } },
      config: { workers: 2 },
    })
    cleanUps.push(() => upstream.releaseAll())
    const get = (target: string) => ask(vigia.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
    const inside: ReturnType<typeof get>[] = []
    for (const count of [1, 2]) {
      inside.push(get(`/${count}`))
      await upstream.holds(count)
    }
    inside.push(get('/3'))
    await until('one waits', async () => (await poolOf(vigia)).waiting === 1)
    expect((await get('/refused')).status).toBe(503)
    expect((await poolOf(vigia)).breaker).toMatchObject({ pending: 1, refusals: 1 })
    upstream.releaseAll()
    for (const each of await Promise.all(inside)) expect(each.status).toBe(200)
    await settles(vigia)
  })
})
