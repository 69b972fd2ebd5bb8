// How many connections one client may have: exact over listeners and workers, given back in every way in which a connection can end.

import { afterEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../../src/logging/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { startInside } from '../../support/inside.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia } from '../../support/vigia.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function connect(port: number, from = '127.0.0.1'): Promise<RawClient> {
  const client = await RawClient.connect(port, { from })
  cleanUps.push(() => client.close())
  return client
}

/** Whether it is served; one that is not ends without a word and without a reset. */
async function served(client: RawClient): Promise<boolean> {
  client.send(GET)
  await until('an answer or an end', () => client.pending.length > 0 || client.ending !== 'open')
  if (client.pending.length > 0) return (await client.final()).status === 200
  expect(client.ending).toBe('fin')
  return false
}

async function servedOf(port: number, count: number, from?: string): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => connect(port, from)))
  const good = await Promise.all(clients.map(served))
  return clients.filter((_, i) => good[i])
}

/** So many connections that are served, once others have been given back. */
function roomFor(port: number, count: number): Promise<RawClient[]> {
  return until(`there is room for ${count}`, async () => {
    const clients = await servedOf(port, count)
    if (clients.length === count) return clients
    for (const client of clients) client.close()
    return undefined
  })
}

async function start(workers: number, limits: Record<string, unknown> = {}, getVigia = lendVigia) {
  const upstream = await RawUpstream.start(answerOk)
  cleanUps.push(() => upstream.close())
  const [port, other] = [await freePort(), await freePort()]
  const vigia = await getVigia({
    upstreams: [upstream.port],
    config: {
      workers,
      trustedProxies: ['127.0.0.9'],
      listeners: [
        { name: 'web', address: `127.0.0.1:${port}` },
        { name: 'other', address: `127.0.0.1:${other}` },
      ],
      limits: { connectionsPerClient: 4, ...limits },
    },
  })
  cleanUps.push(() => vigia.stop())
  const refused = async () => Number(/^vigia_client_connections_refused_total (\d+)$/m.exec(await vigia.metrics())?.[1])
  return { vigia, upstream, port, other, refused }
}

describe.each([1, 2])('with %i workers', workers => {
  test('a client has as many as it may over both listeners, another has its own, a trusted proxy any number', async () => {
    // What it refuses is counted from its start.
    const { vigia, port, other, refused } = await start(workers, {}, startVigia)
    expect(await servedOf(port, 3)).toHaveLength(3)
    expect(await servedOf(other, 5)).toHaveLength(1)
    expect(await servedOf(port, 6)).toHaveLength(0)
    expect(await servedOf(port, 6, '127.0.0.2')).toHaveLength(4)
    expect(await servedOf(port, 12, '127.0.0.9')).toHaveLength(12)
    expect(await refused()).toBe(4 + 6 + 2)
    expect((await vigia.status()).clients.overLimit).toBe(4 + 6 + 2)
  })

  test('what ends makes room: by the client, by a reset, by Connection: close, by a bad request', async () => {
    const { port } = await start(workers)
    const endings: ((client: RawClient) => void)[] = [
      client => client.close(),
      client => client.reset(),
      client => client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'),
      client => client.send('nonsense\r\n\r\n'),
    ]
    for (const end of endings) {
      const clients = await roomFor(port, 4)
      expect(await servedOf(port, 1)).toHaveLength(0)
      for (const client of clients) {
        end(client)
        await until('it has ended', () => client.ending !== 'open' || client.socket.destroyed)
        client.close()
      }
    }
    await roomFor(port, 4)
    expect(await servedOf(port, 1)).toHaveLength(0)
  })

  test('a tunnel counts for as long as it lasts', async () => {
    const { port, upstream } = await start(workers, { connectionsPerClient: 1 })
    upstream.answer = async ({ connection }) => {
      connection.takeOver()
      await connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
      void connection.ended().then(() => connection.end())
    }
    const tunnel = await connect(port)
    tunnel.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
    expect((await tunnel.response()).status).toBe(101)
    upstream.answer = answerOk
    expect(await servedOf(port, 1)).toHaveLength(0)
    tunnel.close()
    await roomFor(port, 1)
  })
})

test('a connection that waits for its turn counts too, and gives its place back', async () => {
  const { port } = await start(1, { connections: 2, connectionsPerClient: 3 })
  const clients = await servedOf(port, 2)
  const waiting = await connect(port)
  waiting.send(GET)
  await until('the fourth is turned away', async () => (await servedOf(port, 1)).length === 0)
  waiting.close()
  for (const client of clients) client.close()
  await roomFor(port, 2)
})

test('what a worker held that dies comes back', async () => {
  const upstream = await RawUpstream.start(answerOk)
  cleanUps.push(() => upstream.close())
  const port = await freePort()
  const base = snapshotOf()
  const vigia = await startInside(
    snapshotOf({
      workers: 2,
      ...servedAt(port),
      pools: [poolPlan('erp', [upstreamPlan('erp-1', upstream.port)], { health: { kind: 'none' } })],
      limits: { ...base.limits, connectionsPerClient: 40 },
      shutdownMs: 100,
    }),
    { workerUrl: new URL('../fixtures/mortal-worker.ts', import.meta.url), logger: createLogger({ level: 'silent' }) },
  )
  cleanUps.push(() => vigia.close())
  const deaths = new BroadcastChannel('vigia-test-deaths')
  cleanUps.push(() => deaths.close())

  const before = await servedOf(port, 40)
  expect(before).toHaveLength(40)
  expect(await servedOf(port, 2)).toHaveLength(0)
  deaths.postMessage(0)
  await until('worker 0 was replaced', () => {
    const [worker] = vigia.status().workers
    return worker?.restarts === 1 && worker.state === 'ready'
  })
  const more = await servedOf(port, 50)
  const left = before.filter(client => client.ending === 'open').length
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThan(40)
  expect(more).toHaveLength(40 - left)
})
