// After thousands of exchanges and many broken ones nothing is left: no connection, no slot, no count.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { amount } from '../../support/thorough.ts'
import { sleep, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

/** What a worker keeps per upstream at most, by configuration. */
const IDLE_CONNECTIONS = 8
const WORKERS = 2
/** Of all workers, to both upstreams. */
const MOST_IDLE = 2 * WORKERS * IDLE_CONNECTIONS
const MIB = 1_048_576
const BROKEN = amount(1_000, 400)

let first: HttpUpstream
let second: HttpUpstream
let vigia: Vigia

beforeAll(async () => {
  first = await startHttpUpstream('first')
  second = await startHttpUpstream('second')
  vigia = await startVigia({
    upstreams: [first.port, second.port],
    pool: { idleConnections: IDLE_CONNECTIONS },
    config: { workers: WORKERS },
  })
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await first?.close()
    await second?.close()
  }
})

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n'
const POST = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello'

async function exchanges(count: number, connections: number): Promise<void> {
  const lane = async () => {
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < count / connections; i += 1) {
      client.send(i % 4 === 0 ? POST : GET)
      const answer = await client.final()
      if (answer.status !== 200) throw new Error(`status ${answer.status}`)
    }
    client.close()
  }
  await Promise.all(Array.from({ length: connections }, lane))
}

/** Everything that goes up and down is down; idle connections to upstreams are within their bound. */
async function expectNothingLeft(): Promise<void> {
  const left = async () => {
    const { clients, pools } = await vigia.status()
    const upstreams = pools.flatMap(pool => pool.upstreams)
    return {
      clients: clients.connections,
      waiting: pools.reduce((sum, pool) => sum + pool.waiting, 0),
      inFlight: upstreams.reduce((sum, each) => sum + each.inFlight, 0),
      tunnels: upstreams.reduce((sum, each) => sum + each.tunnels, 0),
      tooManyIdle: upstreams.some(each => each.connections > WORKERS * IDLE_CONNECTIONS),
    }
  }
  const nothing = { clients: 0, waiting: 0, inFlight: 0, tunnels: 0, tooManyIdle: false }
  let seen: unknown
  await until('nothing is left', async () => {
    seen = await left()
    return JSON.stringify(seen) === JSON.stringify(nothing)
  }).catch(() => expect(seen).toEqual(nothing))
  const metrics = await vigia.metrics()
  expect(sumOf(metrics, 'vigia_client_connections')).toBe(0)
  expect(sumOf(metrics, 'vigia_upstream_in_flight')).toBe(0)
  expect(sumOf(metrics, 'vigia_upstream_tunnels')).toBe(0)
  expect(sumOf(metrics, 'vigia_pool_waiting')).toBe(0)
  const { pools } = await vigia.status()
  const counted = pools.flatMap(pool => pool.upstreams).reduce((sum, each) => sum + each.connections, 0)
  await until(
    'the upstreams see as many connections as vigia counts',
    () => first.connections + second.connections === counted,
  )
}

/** Sum of a metric over its labels. */
function sumOf(metrics: string, name: string): number {
  const lines = metrics.split('\n').filter(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  expect(lines.length, `${name} is there`).toBeGreaterThan(0)
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

test('thousands of exchanges leave nothing behind', async () => {
  await exchanges(amount(2_000, 640), 32)
  await expectNothingLeft()
  const sockets = await vigia.sockets()
  const memory = await vigia.residentBytes()
  const before = sumOf(await vigia.metrics(), 'vigia_requests_total')
  const count = amount(3_200, 1_280)
  await exchanges(count, 32)
  await expectNothingLeft()
  expect(sumOf(await vigia.metrics(), 'vigia_requests_total') - before).toBe(count)
  expect(await vigia.sockets()).toBeLessThanOrEqual(sockets + MOST_IDLE)
  expect((await vigia.residentBytes()) - memory).toBeLessThan(64 * MIB)
})

test(`${BROKEN} exchanges that their clients break off leave nothing behind`, async () => {
  const ways: readonly [bytes: string, wait: number][] = [
    ['GET /hang HTTP/1.1\r\nHost: a.example\r\n\r\n', 5],
    ['GET /trickle HTTP/1.1\r\nHost: a.example\r\n\r\n', 30],
    ['GET /bytes/10000000 HTTP/1.1\r\nHost: a.example\r\n\r\n', 3],
    ['POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\npart', 3],
    ['POST /x HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', 3],
    ['GET /x HTTP/1.1\r\nHost: a.exa', 1],
    [GET + GET + GET, 0],
    [POST, 0],
    ['', 0],
    ['GET /x HTTP/1.1\r\nHost : a.example\r\n\r\n', 1],
  ]
  const sockets = await vigia.sockets()
  let next = 0
  const lane = async () => {
    while (next < BROKEN) {
      const [bytes, wait] = ways[next % ways.length]!
      next += 1
      const client = await RawClient.connect(vigia.port)
      if (bytes !== '') client.send(bytes)
      if (wait > 0) await sleep(wait)
      if (next % 3 === 0) client.close()
      else client.reset()
    }
  }
  await Promise.all(Array.from({ length: 40 }, lane))
  await expectNothingLeft()
  expect(await vigia.sockets()).toBeLessThanOrEqual(sockets + MOST_IDLE)
  await exchanges(100, 4)
  await expectNothingLeft()
})

test(`upstreams that break off ${BROKEN} times leave nothing behind`, async () => {
  const bad = await RawUpstream.start()
  const own = await startVigia({ upstreams: [bad.port], pool: { idleConnections: IDLE_CONNECTIONS } })
  const parts = [
    '',
    'HTTP/1.1 200',
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
    'garbage\r\n\r\n',
  ]
  let count = 0
  bad.answer = async ({ connection }) => {
    count += 1
    await connection.write(parts[count % parts.length]!)
    if (count % 2 === 0) connection.end()
    else connection.reset()
  }
  let next = 0
  const lane = async () => {
    while (next < BROKEN) {
      next += 1
      const client = await RawClient.connect(own.port)
      client.send(
        next % 2 === 0
          ? GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
          : POST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      )
      await client.untilClosed()
      client.close()
    }
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  await until('nothing is left', async () => {
    const { clients, pools } = await own.status()
    const upstream = pools[0]!.upstreams[0]!
    return clients.connections === 0 && upstream.inFlight === 0 && upstream.connections === 0
  })
  await until('the upstream sees no connection', () => bad.open === 0)
  await own.stop()
  await bad.close()
})
