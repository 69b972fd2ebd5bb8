import { expect, test } from 'vitest'
import { ADDRESS_BYTES_PER_SLOT, NO_ADDRESSES } from '../../../src/shared/address-cells.ts'
import { MAX_SLOTS, UpstreamTable } from '../../../src/shared/upstream-table.ts'

const LONGEST = Array.from({ length: 16 }, (_, i) => `2001:db8:aaaa:bbbb:cccc:dddd:eeee:${(0xff00 + i).toString(16)}`)

test('what control writes is what another thread reads, in the first slot and in the last', () => {
  const table = new UpstreamTable()
  const { addresses } = new UpstreamTable(table.buffer)
  table.addresses.set(0, ['10.0.0.1'])
  table.addresses.set(MAX_SLOTS - 1, LONGEST)
  expect(addresses.read(0, NO_ADDRESSES).addresses).toEqual(['10.0.0.1'])
  expect(addresses.read(1, NO_ADDRESSES)).toBe(NO_ADDRESSES)
  expect(addresses.read(MAX_SLOTS - 1, NO_ADDRESSES).addresses).toEqual(LONGEST)
})

test('a list that has not been written again is read once', () => {
  const { addresses } = new UpstreamTable()
  addresses.set(7, ['10.0.0.1', 'fd00::1'])
  const first = addresses.read(7, NO_ADDRESSES)
  expect(addresses.read(7, first)).toBe(first)
  addresses.set(7, [])
  expect(addresses.read(7, first).addresses).toEqual([])
})

test('a reader that comes while a list is being written goes on with what it has', () => {
  const table = new UpstreamTable()
  const { addresses } = table
  addresses.set(0, ['10.0.0.1'])
  const known = addresses.read(0, NO_ADDRESSES)
  // The version of slot 0 is the first number behind the rest of the table; odd = being written.
  const version = new Int32Array(table.buffer, table.buffer.byteLength - MAX_SLOTS * ADDRESS_BYTES_PER_SLOT, 1)
  Atomics.add(version, 0, 1)
  expect(addresses.read(0, known)).toBe(known)
})
