// Upstreams with one worker for each connection: an idle connection of vigia's must not be the worker that a request, or a probe, waits for.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { askHttp } from '../../support/http-client.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { SOON_MS, sleep, until, within } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { WorkerPerConnection } from '../../support/worker-per-connection.ts'

/** An idle connection is kept for longer than a test waits. */
const KEPT = { idleTimeout: '10m' }

let server: { close(): Promise<unknown> } & Pick<WorkerPerConnection, 'port' | 'serving' | 'targets'>
let vigia: Vigia
afterEach(async () => {
  await vigia.stop()
  await server.close()
})

async function setUp(
  serverWorkers: number,
  { workers = 1, pool = {} }: { workers?: number; pool?: object } = {},
): Promise<void> {
  await setUpBefore(await WorkerPerConnection.start(serverWorkers), { workers, pool })
}

async function setUpBefore(given: typeof server, { workers = 1, pool = {} }): Promise<void> {
  server = given
  vigia = await lendVigia({ upstreams: [server.port], pool: { ...KEPT, ...pool }, config: { workers } })
}

const upstream = async () => (await vigia.status()).pools[0]!.upstreams[0]!
const ask = (path: string, method = 'GET') =>
  within(SOON_MS, `${method} ${path} has no answer`, askHttp(vigia.port, path, { method }))
const askAtOnce = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => ask(`/${n}`)))

test('an idle connection that is too old for a POST gives it the worker that it holds', async () => {
  await setUp(1)
  await ask('/page')
  // Longer than the idle age up to which a POST rides a connection.
  await sleep(1050)
  expect((await ask('/order', 'POST')).status).toBe(200)
  expect(server.targets).toEqual(['/page', '/order'])
  expect(server.serving).toBe(1)
})

test('more requests at once than the server has workers: connections close for those that wait, and soon none is kept', async () => {
  await setUp(2)
  await until('the upstream is found starved', async () => {
    const answers = await askAtOnce(6)
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    return (await upstream()).idleLimitedUntil
  })
  await until('idle connections are closed', () => server.serving === 0)
  await askAtOnce(6)
  await until('none is kept', async () => (await upstream()).connections === 0)
  expect(vigia.stdout() + vigia.stderr()).toContain('answers a new connection only once an idle one is closed')
  expect(await vigia.metrics()).toContain('vigia_upstream_idle_limited{pool="erp",upstream="erp-1"} 1')
})

test('an idle connection of one worker of vigia gives way to a request of another one', async () => {
  await setUp(1, { workers: 2 })
  // Each on a connection of its own, which the kernel gives to either worker.
  for (let n = 0; n < 10; n += 1) expect((await ask(`/${n}`)).status).toBe(200)
})

test('a server that works off a queue, one request after the other, is slow and not starved', async () => {
  let last = Promise.resolve()
  const http = createServer((_, response) => {
    last = last.then(() => sleep(40)).then(() => void response.end('done'))
  })
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise(resolve => http.close(resolve))
  await setUpBefore({ port: (http.address() as AddressInfo).port, serving: 0, targets: [], close }, {})
  const answers = await askAtOnce(64)
  expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200))
  expect(await upstream()).toMatchObject({ idleLimitedUntil: null, holdsWorkers: null })
})

test('a probe that waits for a worker gets the one that an idle connection holds', async () => {
  await setUp(1, { pool: { health: { path: '/health', interval: '1s' } } })
  const { ok } = (await upstream()).probes
  for (let round = 1; round <= 2; round += 1) {
    await ask('/page')
    await until('a probe is answered', async () => (await upstream()).probes.ok >= ok + round, { timeoutMs: SOON_MS })
  }
  expect((await upstream()).state).toBe('available')
})
