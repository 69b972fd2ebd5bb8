import { expect, test } from 'vitest'
import { allocateHeldTable, HeldTable } from '../../../src/shared/held/held-table.ts'

test('while it is not known what is held, each key may be', () => {
  const table = new HeldTable(allocateHeldTable())
  expect(table.isHeld('a')).toBe(true)
  table.known()
  expect(table.isHeld('a')).toBe(false)
})

test('a key is held until as many are done as were held, for each who looks', () => {
  const buffer = allocateHeldTable()
  const table = new HeldTable(buffer)
  const worker = new HeldTable(buffer)
  table.known()
  table.raise('a')
  table.raise('a')
  table.lower('a')
  expect([worker.isHeld('a'), worker.isHeld('b')]).toEqual([true, false])
  table.lower('a')
  expect(worker.isHeld('a')).toBe(false)
})

test('what is held is replaced whole', () => {
  const table = new HeldTable(allocateHeldTable())
  table.raise('a')
  table.replace(['b', 'b', 'c'])
  expect(['a', 'b', 'c'].map(key => table.isHeld(key))).toEqual([false, true, true])
  table.lower('b')
  expect(table.isHeld('b')).toBe(true)
})
