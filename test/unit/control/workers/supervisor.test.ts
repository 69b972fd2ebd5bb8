import { afterEach, expect, test, vi } from 'vitest'
import { restartDelayMs } from '../../../../src/control/workers/post.ts'
import { Supervisor } from '../../../../src/control/workers/supervisor.ts'
import { createLogger } from '../../../../src/logging/logger.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../../../src/shared/counters.ts'
import { Heartbeats } from '../../../../src/shared/heartbeats.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { STUCK_MS } from '../../../support/until.ts'
import { poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const logger = createLogger({ level: 'silent' })
const open: Supervisor[] = []

afterEach(async () => {
  for (const supervisor of open.splice(0)) await supervisor.close()
})

function supervise(behaviour: string, workers = 2) {
  const buffer = allocateCounters(workers)
  const counters = new CounterTable(buffer, workers)
  const beats = new Heartbeats()
  const upstreamTable = new UpstreamTable().buffer
  const onTransportFailure = vi.fn<(slot: number, error: string) => void>()
  const snapshot = snapshotOf({
    workers,
    listeners: [{ name: behaviour, host: '127.0.0.1', port: 1 }],
    pools: [poolPlan('erp', [upstreamPlan('erp-1', 1)])],
  })
  const slots = { pools: [1], upstreams: [[2]] }
  const supervisor = new Supervisor({
    workerUrl: new URL('../fixtures/fake-worker.ts', import.meta.url),
    spoolUrl: new URL('./no-spool.ts', import.meta.url),
    workers,
    counters,
    connectHeld: () => undefined,
    logger,
    startData: worker => ({
      worker,
      workers,
      instance: '0123456789abcdef',
      upstreamTable,
      counters: buffer,
      permits: new SharedArrayBuffer(0),
      sessions: new SharedArrayBuffer(0),
      rates: new SharedArrayBuffer(0),
      clients: new SharedArrayBuffer(0),
      cache: { buffer: new SharedArrayBuffer(0), bytes: 0 },
      buffers: {
        accounts: new SharedArrayBuffer(0),
        limits: { directory: '/', memoryBytes: 0, diskBytes: 0, keepFreeBytes: 0, files: 0 },
      },
      beats: beats.buffer,
      snapshot,
      slots,
    }),
    beats,
    replaceMs: () => 0,
    memory: () => ({ totalBytes: 2 ** 40, heapBytes: 2 ** 30 }),
    shutdownMs: () => 1000,
    lostOf: () => ({ total: 0, upstreams: {} }),
    tell: event => void (event.type === 'transport-failure' && onTransportFailure(event.slot, event.failure.error)),
  })
  open.push(supervisor)
  return { supervisor, counters, onTransportFailure, snapshot, slots }
}

test('starting resolves when every worker is ready', async () => {
  const { supervisor } = supervise('plain')
  await supervisor.start(1)
  expect(supervisor.view().map(({ state, revision }) => ({ state, revision }))).toEqual([
    { state: 'ready', revision: 1 },
    { state: 'ready', revision: 1 },
  ])
})

test('a worker that dies is replaced within a second, and what it had in flight is gone with it', async () => {
  const { supervisor, counters } = supervise('busy')
  const beginning = performance.now()
  await supervisor.start(1)
  const startMs = performance.now() - beginning
  expect(counters.gauge(7, GAUGE.inFlight)).toBe(2)
  const first = supervisor.thread(0)!
  const started = performance.now()
  void first.terminate()
  await vi.waitFor(
    () => {
      expect(supervisor.view()[0]).toMatchObject({ state: 'ready', restarts: 1 })
      expect(supervisor.thread(0)).not.toBe(first)
    },
    { timeout: STUCK_MS, interval: 5 },
  )
  // A start, as this machine is now, is what a second is good for on one that has nothing else to do.
  expect(performance.now() - started).toBeLessThan(Math.max(1000, 5 * startMs))
  // One that the other worker has, one that the new one took.
  expect(counters.gauge(7, GAUGE.inFlight)).toBe(2)
  expect(supervisor.view()[1]).toMatchObject({ state: 'ready', restarts: 0 })
})

test('a worker that can not listen ends the start with its own words', async () => {
  const { supervisor } = supervise('refuse')
  await expect(supervisor.start(1)).rejects.toMatchObject({
    message: 'listener refuse: 127.0.0.1:1 is in use by another process',
    code: 'EADDRINUSE',
  })
})

test('a worker that throws while it starts ends the start', async () => {
  const { supervisor } = supervise('throw')
  await expect(supervisor.start(1)).rejects.toThrow(/ended while it was starting: the worker is broken/)
})

test('a snapshot is distributed when every worker serves it', async () => {
  const { supervisor, snapshot, slots } = supervise('plain')
  await supervisor.start(1)
  await supervisor.distribute({ type: 'snapshot', snapshot: { ...snapshot, revision: 2 }, slots })
  expect(supervisor.view().map(({ revision }) => revision)).toEqual([2, 2])
})

test('a snapshot that a worker refuses is rejected, and the workers stay', async () => {
  const { supervisor, snapshot, slots } = supervise('plain')
  await supervisor.start(1)
  const bad = { ...snapshot, revision: 2, listeners: [{ name: 'refuse', host: '127.0.0.1', port: 1 }] }
  await expect(supervisor.distribute({ type: 'snapshot', snapshot: bad, slots })).rejects.toThrow(/in use/)
  expect(supervisor.view().map(({ state, revision }) => [state, revision])).toEqual([
    ['ready', 1],
    ['ready', 1],
  ])
})

test('draining resolves with the number of exchanges that were cut, and nobody is replaced', async () => {
  const { supervisor } = supervise('plain')
  await supervisor.start(1)
  expect(await supervisor.drain(1000)).toBe(2)
  expect(supervisor.view().map(({ state, restarts }) => [state, restarts])).toEqual([
    ['gone', 0],
    ['gone', 0],
  ])
})

test('a worker that does not end by itself is ended after the deadline and a grace', async () => {
  const { supervisor } = supervise('stuck', 1)
  await supervisor.start(1)
  const started = performance.now()
  await supervisor.drain(50)
  expect(performance.now() - started).toBeGreaterThan(1500)
  expect(supervisor.view()[0]?.state).toBe('gone')
})

test('a transport failure that a worker reports is passed on', async () => {
  const { supervisor, onTransportFailure } = supervise('complain', 1)
  await supervisor.start(1)
  expect(onTransportFailure).toHaveBeenCalledWith(2, 'connection reset')
})

test('replacements come at once first, then with growing pauses up to five seconds', () => {
  expect([0, 1, 2, 3, 4, 20].map(restartDelayMs)).toEqual([0, 0, 100, 200, 400, 5000])
})
