// Accounts of all workers: they never come to more than their limit, and what a dead worker held is free.

import { expect, test } from 'vitest'
import { ACCOUNT, BufferAccounts, unitsOf } from '../../../src/shared/buffer-accounts.ts'

test('what is taken over all workers stays within the limit, to the unit', () => {
  const one = new BufferAccounts(undefined, 0)
  const other = new BufferAccounts(one.buffer, 1)
  expect([one.take(ACCOUNT.disk, 6, 10), other.take(ACCOUNT.disk, 5, 10), other.take(ACCOUNT.disk, 4, 10)]).toEqual([
    true,
    false,
    true,
  ])
  expect([one.held(ACCOUNT.disk), other.held(ACCOUNT.disk), one.held(ACCOUNT.memory)]).toEqual([10, 10, 0])
  one.leave(ACCOUNT.disk, 6)
  expect(other.take(ACCOUNT.disk, 6, 10)).toBe(true)
})

test('a worker that dies gives back what it held, and nothing of the others', () => {
  const control = new BufferAccounts()
  const workers = [0, 1].map(worker => new BufferAccounts(control.buffer, worker))
  for (const worker of workers) {
    worker.force(ACCOUNT.memory, 100)
    worker.take(ACCOUNT.files, 2, 10)
  }
  control.forget(0)
  expect([control.held(ACCOUNT.memory), control.held(ACCOUNT.files)]).toEqual([100, 2])
  control.forget(0)
  expect(control.held(ACCOUNT.memory)).toBe(100)
})

test('a byte more takes a unit more', () => {
  expect([unitsOf(0), unitsOf(1), unitsOf(4096), unitsOf(4097)]).toEqual([0, 1, 1, 2])
})
