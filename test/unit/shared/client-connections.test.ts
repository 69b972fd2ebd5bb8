// The shared memory of connections by client: exact over threads, bounded, and given back when a worker dies.

import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allocateClientConnections, ClientConnections, UNCOUNTED } from '../../../src/shared/client-connections.ts'

test('a client has as many as it may, over all workers, and one more for each that ends', () => {
  const buffer = allocateClientConnections(2)
  const [one, two] = [new ClientConnections(buffer, 0), new ClientConnections(buffer, 1)]
  const first = one.take('a', 2)!
  expect(two.take('a', 2)).toBeDefined()
  expect(one.take('a', 2)).toBeUndefined()
  expect(two.take('a', 2)).toBeUndefined()
  expect(two.take('b', 2)).toBeDefined()
  one.give(first)
  expect(two.take('a', 2)).toBeDefined()
  expect(two.take('a', 2)).toBeUndefined()
  expect(one.count('a')).toBe(2)
})

test('what a worker that died held comes back, and only that', () => {
  const buffer = allocateClientConnections(3)
  const workers = [0, 1, 2].map(worker => new ClientConnections(buffer, worker))
  const control = new ClientConnections(buffer, -1)
  for (let i = 0; i < 300; i += 1) for (const worker of workers) worker.take(`client ${i % 100}`, 1000)
  control.drop(1)
  for (let i = 0; i < 100; i += 1) expect(control.count(`client ${i}`)).toBe(6)
  control.drop(1)
  expect(control.count('client 0')).toBe(6)
})

test('takes and gives in any order count as they should', () => {
  const step = fc.record({
    worker: fc.nat(2),
    client: fc.nat(30),
    take: fc.boolean(),
    most: fc.integer({ min: 1, max: 4 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const buffer = allocateClientConnections(3)
      const workers = [0, 1, 2].map(worker => new ClientConnections(buffer, worker))
      const held: { client: number; worker: number; cell: number }[] = []
      const own = (client: number) => held.filter(each => each.client === client).length
      for (const { worker, client, take, most } of steps) {
        if (take) {
          const cell = workers[worker]!.take(String(client), most)
          expect(cell !== undefined).toBe(own(client) < most)
          if (cell !== undefined) held.push({ client, worker, cell })
        } else {
          const at = held.findIndex(each => each.worker === worker)
          if (at !== -1) workers[worker]!.give(held.splice(at, 1)[0]!.cell)
        }
        expect(workers[0]!.count(String(client))).toBe(own(client))
      }
    }),
    { numRuns: 30 },
  )
})

test('memory is fixed: what finds no room is let in uncounted, and counts of others stay right', () => {
  const clients = new ClientConnections(allocateClientConnections(1), 0)
  const taken = Array.from({ length: 200_000 }, (_, i) => clients.take(`client ${i}`, 1))
  expect(taken.every(cell => cell !== undefined)).toBe(true)
  const uncounted = taken.filter(cell => cell === UNCOUNTED).length
  expect(uncounted).toBeGreaterThan(200_000 - 131_073)
  for (let i = 0; i < 1000; i += 1) expect(clients.count(`client ${i}`)).toBe(taken[i] === UNCOUNTED ? 0 : 1)
  for (const cell of taken) clients.give(cell!)
  for (let i = 0; i < 1000; i += 1) expect(clients.count(`client ${i}`)).toBe(0)
})

test('20,000 clients at once are all counted', () => {
  const clients = new ClientConnections(allocateClientConnections(1), 0)
  for (let i = 0; i < 20_000; i += 1) expect(clients.take(`10.1.${i >> 8}.${i & 255}`, 1)).not.toBe(UNCOUNTED)
})

test('threads that take and give at the same time never have more than the limit together', async () => {
  const THREADS = 3
  const buffer = allocateClientConnections(THREADS)
  const shared = new SharedArrayBuffer(12)
  const file = new URL('../../../src/shared/client-connections.ts', import.meta.url).href
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(${JSON.stringify(file)}).then(({ ClientConnections }) => {
      const { buffer, shared, worker } = workerData
      const clients = new ClientConnections(buffer, worker)
      const [GO, HELD, WORST] = [0, 1, 2]
      const ints = new Int32Array(shared)
      Atomics.add(ints, GO, 1)
      while (Atomics.load(ints, GO) < ${THREADS}) {}
      for (let i = 0; i < 100000; i += 1) {
        const cells = [clients.take('a', 4), clients.take('a', 4)]
        for (const cell of cells) if (cell !== undefined) {
          const held = Atomics.add(ints, HELD, 1) + 1
          if (held > Atomics.load(ints, WORST)) Atomics.store(ints, WORST, held)
        }
        for (const cell of cells) if (cell !== undefined) { Atomics.sub(ints, HELD, 1); clients.give(cell) }
      }
      parentPort.postMessage('done')
    })`
  const threads = Array.from(
    { length: THREADS },
    (_, worker) => new Worker(code, { eval: true, workerData: { buffer, shared, worker } }),
  )
  await Promise.all(threads.map(thread => new Promise(resolve => thread.once('message', resolve))))
  await Promise.all(threads.map(thread => thread.terminate()))
  expect(new Int32Array(shared)[2]).toBeLessThanOrEqual(4)
  expect(new ClientConnections(buffer, -1).count('a')).toBe(0)
})
