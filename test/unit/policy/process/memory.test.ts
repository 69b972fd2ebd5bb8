import { expect, test } from 'vitest'
import { memoryBounds, renewalOf, type WorkerMemory } from '../../../../src/policy/process/memory.ts'

const MIB = 1024 ** 2
const BOUNDS = { totalBytes: 1000 * MIB, heapBytes: 400 * MIB }
const of = (worker: number, heap: number, all = heap, isReady = true): WorkerMemory => ({
  worker,
  isReady,
  heapBytes: heap * MIB,
  allBytes: all * MIB,
})

test('a heap is bounded by an even share, within what a worker needs and V8 handles well', () => {
  expect(memoryBounds(undefined, 1000 * MIB, 2)).toEqual({ totalBytes: 800 * MIB, heapBytes: 400 * MIB })
  expect(memoryBounds(64 * MIB, 1000 * MIB, 8)).toEqual({ totalBytes: 64 * MIB, heapBytes: 64 * MIB })
  expect(memoryBounds(undefined, 64_000 * MIB, 2).heapBytes).toBe(1024 * MIB)
})

test('a worker whose heap is nearly full is replaced, the fullest first', () => {
  expect(renewalOf([of(0, 100), of(1, 339)], 0, BOUNDS)).toBeUndefined()
  expect(renewalOf([of(0, 341), of(1, 390)], 0, BOUNDS)).toEqual({ worker: 1, why: 'heap' })
})

test('buffers count as well: beyond the bound of all, the worker that holds most is replaced', () => {
  const workers = [of(0, 50, 60), of(1, 40, 700)]
  expect(renewalOf(workers, 1000 * MIB, BOUNDS)).toBeUndefined()
  expect(renewalOf(workers, 1001 * MIB, BOUNDS)).toEqual({ worker: 1, why: 'total' })
})

test('none is replaced that has little to give back, and none while another is not back', () => {
  expect(renewalOf([of(0, 50, 200), of(1, 40, 240)], 1001 * MIB, BOUNDS)).toBeUndefined()
  expect(renewalOf([of(0, 390), of(1, 10, 10, false)], 0, BOUNDS)).toBeUndefined()
})
