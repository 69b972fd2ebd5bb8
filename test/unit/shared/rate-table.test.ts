// The shared memory of rate limits: exact over threads, bounded, and unfair to nobody.

import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateRates, RATE_CELLS, RateTable } from '../../../src/shared/rate-table.ts'

const TEN = { perSecond: 1, burst: 10 }

test('a client has one bucket for each route, whichever worker asks', () => {
  const buffer = allocateRates()
  const [one, two] = [new RateTable(buffer, 0), new RateTable(buffer, 1)]
  for (let i = 0; i < 5; i += 1) {
    expect(one.ask('web', '192.0.2.1', 1000, TEN)).toBe(0)
    expect(two.ask('web', '192.0.2.1', 1000, TEN)).toBe(0)
  }
  expect(one.ask('web', '192.0.2.1', 1000, TEN)).toBe(1000)
  expect(two.ask('web', '192.0.2.1', 1400, TEN)).toBe(600)
  expect(two.ask('api', '192.0.2.1', 1000, TEN)).toBe(0)
  expect(two.ask('web', '192.0.2.2', 1000, TEN)).toBe(0)
  expect(two.ask('web', '192.0.2.1', 2000, TEN)).toBe(0)
})

test('route and client are told apart: no client gets another one’s bucket by its name', () => {
  const table = new RateTable(allocateRates(), 0)
  const once = { perSecond: 1, burst: 1 }
  expect(table.ask('ab', 'c', 1, once)).toBe(0)
  expect(table.ask('a', 'bc', 1, once)).toBe(0)
  expect(table.ask('abc', '', 1, once)).toBe(0)
})

test('nobody is refused what is its due, however many others ask: who is pushed out gets more, never less', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 50, maxLength: 500 }), clients => {
      const table = new RateTable(allocateRates(), 0)
      const asked = new Map<number, number>()
      for (const client of clients) {
        const before = asked.get(client) ?? 0
        asked.set(client, before + 1)
        if (before < TEN.burst) expect(table.ask('web', `client ${client}`, 1000, TEN)).toBe(0)
      }
    }),
    { numRuns: 10 },
  )
})

test('a flood of five times as many addresses as there are cells: all are let, and one that asks too often stays refused', () => {
  const table = new RateTable(allocateRates(), 0)
  for (let i = 0; i < TEN.burst; i += 1) table.ask('web', 'greedy', 1000, TEN)
  for (let i = 0; i < 5 * RATE_CELLS; i += 1) {
    if (table.ask('web', `2001:db8:${i >> 16}:${i & 0xffff}`, 1000, TEN) !== 0)
      throw new Error(`client ${i} was refused`)
  }
  expect(table.ask('web', 'greedy', 1000, TEN)).toBe(1000)
})

test('threads that ask for one client at the same time get the burst together, and not one more', async () => {
  const buffer = allocateRates()
  const THREADS = 3
  const go = new SharedArrayBuffer(4)
  const file = new URL('../../../src/shared/rate-table.ts', import.meta.url).href
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(${JSON.stringify(file)}).then(({ RateTable }) => {
      const { buffer, go, worker } = workerData
      const table = new RateTable(buffer, worker)
      const ints = new Int32Array(go)
      Atomics.add(ints, 0, 1)
      while (Atomics.load(ints, 0) < ${THREADS}) {}
      let got = 0
      for (let i = 0; i < 30000; i += 1) {
        if (table.ask('web', 'client ' + (i % 3), 1000, { perSecond: 0.001, burst: 5000 }) === 0) got += 1
      }
      parentPort.postMessage(got)
    })`
  const threads = Array.from(
    { length: THREADS },
    (_, worker) => new Worker(code, { eval: true, workerData: { buffer, go, worker } }),
  )
  const got = await Promise.all(threads.map(thread => new Promise<number>(resolve => thread.once('message', resolve))))
  await Promise.all(threads.map(thread => thread.terminate()))
  expect(got.reduce((sum, each) => sum + each)).toBe(3 * 5000)
})
