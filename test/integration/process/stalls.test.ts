import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../../src/logging/logger.ts'
import type { Snapshot } from '../../../src/plan/snapshot.ts'
import { freePort } from '../../support/free-port.ts'
import { type RunningVigia, startInside } from '../../support/inside.ts'
import { until } from '../../support/until.ts'
import { fetchText } from '../../support/vigia.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'
import type { Stall } from '../fixtures/stalling-worker.ts'

/** So many that each worker has some of them, and some that wait. */
const PLACES = 12
const REQUESTS = 60

/** Requests that wait for their answer. */
const held: ServerResponse[] = []
let node: Server
let vigia: RunningVigia
let port: number
let snapshot: Snapshot
const stalls = new BroadcastChannel('vigia-test-stalls')
const workers = () => vigia.status().workers

/** @returns lets it go on */
function stall(worker: number): () => void {
  const until = new Int32Array(new SharedArrayBuffer(4))
  stalls.postMessage({ worker, until: until.buffer } satisfies Stall)
  return () => {
    Atomics.store(until, 0, 1)
    Atomics.notify(until, 0)
  }
}
const inFlight = () => vigia.status().pools[0]!.upstreams[0]!.inFlight

beforeAll(async () => {
  node = createServer((_request, response) => held.push(response))
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  port = await freePort()
  const upstream = { ...upstreamPlan('erp-1', (node.address() as AddressInfo).port), maxConnections: PLACES }
  snapshot = snapshotOf({
    workers: 2,
    ...servedAt(port),
    pools: [poolPlan('erp', [upstream], { health: { kind: 'none' }, queue: { max: 100, timeoutMs: 60_000 } })],
    shutdownMs: 100,
    watchdog: { workerMs: 0, controlMs: 0 },
  })
  vigia = await startInside(snapshot, {
    workerUrl: new URL('../fixtures/stalling-worker.ts', import.meta.url),
    logger: createLogger({ level: 'silent' }),
  })
})

afterAll(async () => {
  await vigia?.close()
  stalls.close()
  node?.closeAllConnections()
  node?.close()
})

/** @returns how they have ended so far */
function ask(requests: number): string[] {
  const ends: string[] = []
  for (let i = 0; i < requests; i += 1) {
    fetchText(port, '/').then(
      ({ body }) => ends.push(body),
      () => ends.push('cut'),
    )
  }
  return ends
}

const answerAll = () => {
  for (const response of held.splice(0)) response.end('served')
}

test('nobody waits for the waiters of a worker that stands still, and status says which it is', async () => {
  const ends = ask(REQUESTS)
  await until(
    'all places are taken, the others wait',
    () => held.length === PLACES && vigia.status().pools[0]!.waiting === REQUESTS - PLACES,
  )
  const goOn = stall(0)
  await until('worker 0 is stalled', () => workers()[0]!.state === 'stalled')
  expect(workers()[1]!.state).toBe('ready')
  await until('those of worker 1 are served one after the other meanwhile', () => {
    answerAll()
    return ends.length > REQUESTS / 4
  })
  expect(workers()[0]!.state).toBe('stalled')
  goOn()
  await until('all are served once worker 0 goes on', () => {
    answerAll()
    return ends.length === REQUESTS
  })
  expect(new Set(ends)).toEqual(new Set(['served']))
  await until('it is ready again', () => workers()[0]!.state === 'ready')
  expect(workers().map(({ restarts }) => restarts)).toEqual([0, 0])
})

test('a worker that does not come back is replaced, and its places are free again', async () => {
  await vigia.reload({ ...snapshot, revision: 2, watchdog: { workerMs: 1500, controlMs: 0 } })
  const ends = ask(PLACES)
  await until('all places are taken', () => held.length === PLACES)
  stall(0)
  await until('worker 0 was replaced', () => workers()[0]!.restarts === 1 && workers()[0]!.state === 'ready')
  const left = inFlight()
  expect(left).toBeLessThan(PLACES)
  answerAll()
  await until('all requests have ended', () => ends.length === PLACES)
  expect(ends.filter(end => end === 'served')).toHaveLength(left)
})

test('a worker that holds too much memory finishes what it has, and is replaced', async () => {
  const limits = { ...snapshot.limits, memoryBytes: 1 }
  const restarts = () => workers().map(worker => worker.restarts)
  const before = restarts().reduce((sum, count) => sum + count)
  const ends = ask(PLACES)
  await until('all places are taken', () => held.length === PLACES)
  const reloaded = vigia.reload({ ...snapshot, revision: 3, shutdownMs: 60_000, limits })
  await until('one is drained', () => workers().some(({ state }) => state === 'draining'))
  answerAll()
  await until('all requests have ended', () => ends.length === PLACES)
  expect(new Set(ends)).toEqual(new Set(['served']))
  await reloaded
  await until(
    'it was replaced',
    () =>
      restarts().reduce((sum, count) => sum + count) === before + 1 &&
      workers().every(({ state }) => state === 'ready'),
  )
  await vigia.reload({ ...snapshot, revision: 4 })
})

test('what a worker had in flight that stands still counts as cut when vigia stops', async () => {
  const ends = ask(PLACES)
  await until('all places are taken', () => held.length === PLACES)
  stall(0)
  const cut = await vigia.close()
  await until('all requests have ended', () => ends.length === PLACES)
  expect(cut).toBe(PLACES)
})
