import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { allocatePermits, PERMIT, Permits } from '../../../src/shared/permits.ts'

const SLOT = 7

test('a permit is given once: threads that race for it never overshoot, and a dead one’s permits come back', async () => {
  const workers = 4
  const limit = 2
  const buffer = allocatePermits(workers)
  const inside = new SharedArrayBuffer(8)
  const control = new Permits(buffer, workers, undefined)
  const most = await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const thread = new Worker(new URL('./fixtures/permit-hammer.ts', import.meta.url), {
        workerData: { buffer, inside, workers, worker, limit, turns: 20_000 },
      })
      const result = new Promise<number>((resolve, reject) => {
        thread.on('message', resolve)
        thread.on('error', reject)
      })
      await new Promise(resolve => thread.on('exit', resolve))
      return result
    }),
  )
  expect(Math.max(...most)).toBeLessThanOrEqual(limit)
  expect(control.count(SLOT, PERMIT.taken)).toBe(0)
  // Each has kept one at the next slot, and died with it.
  for (let left = workers; left > 0; left -= 1) {
    expect(control.count(SLOT + 1, PERMIT.taken)).toBe(left)
    control.forget(left - 1)
  }
  expect(control.count(SLOT + 1, PERMIT.taken)).toBe(0)
})

function pair(): readonly [Permits, Permits, Permits] {
  const buffer = allocatePermits(2)
  return [new Permits(buffer, 2, 0), new Permits(buffer, 2, 1), new Permits(buffer, 2, undefined)]
}

test('limits count what all workers hold, each kind and slot for itself', () => {
  const [a, b] = pair()
  expect(a.take(SLOT, PERMIT.taken, 2)).toBe(true)
  expect(b.take(SLOT, PERMIT.taken, 2)).toBe(true)
  expect(a.take(SLOT, PERMIT.taken, 2)).toBe(false)
  expect(a.take(SLOT, PERMIT.queued, 1)).toBe(true)
  expect(a.take(SLOT + 1, PERMIT.taken, 1)).toBe(true)
  b.leave(SLOT, PERMIT.taken)
  expect(a.take(SLOT, PERMIT.taken, 2)).toBe(true)
  // A limit that was lowered below what is taken refuses until enough has been left.
  expect(a.take(SLOT, PERMIT.taken, 1)).toBe(false)
})

test('tickets go up over all workers', () => {
  const [a, b] = pair()
  const tickets = [a, b, b, a].map(permits => permits.nextTicket())
  expect(tickets).toEqual([0, 1, 2, 3])
})

test('nobody waits for a worker that is passed over, until it goes on', () => {
  const [a, b, control] = pair()
  a.publish(SLOT, 5)
  b.publish(SLOT, 9)
  const seen = b.wakes(SLOT)
  b.take(SLOT, PERMIT.queued, 10)
  control.passOver(0, true)
  expect([b.firstRank(SLOT), b.wakes(SLOT)]).toEqual([9, seen + 1])
  control.passOver(0, false)
  expect(b.firstRank(SLOT)).toBe(5)
})

test('the first rank is the lowest that anybody has published, until its worker is forgotten', () => {
  const [a, b, control] = pair()
  expect(a.firstRank(SLOT)).toBe(Number.POSITIVE_INFINITY)
  const high = Number.MAX_SAFE_INTEGER
  a.publish(SLOT, high)
  expect(b.firstRank(SLOT)).toBe(high)
  b.publish(SLOT, 5)
  expect(a.firstRank(SLOT)).toBe(5)
  control.forget(1)
  expect(a.firstRank(SLOT)).toBe(high)
  a.publish(SLOT, undefined)
  expect(a.firstRank(SLOT)).toBe(Number.POSITIVE_INFINITY)
})

test('who waits is woken, also where it looked just before', async () => {
  const [a, b] = pair()
  const seen = a.wakes(SLOT)
  const waiting = a.woken(SLOT, seen)
  b.wake(SLOT)
  await waiting
  // Too late to wait for what has been: returns at once.
  await a.woken(SLOT, seen)
})

test('when a worker is forgotten, those who wait behind it are woken', async () => {
  const [a, b, control] = pair()
  b.take(SLOT, PERMIT.queued, 10)
  a.take(SLOT, PERMIT.queued, 10)
  const waiting = a.woken(SLOT, a.wakes(SLOT))
  control.forget(1)
  await waiting
  expect(a.count(SLOT, PERMIT.queued)).toBe(1)
})
