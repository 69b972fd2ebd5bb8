import { expect, test } from 'vitest'
import { connectionLimit } from '../../../../src/policy/process/connection-limit.ts'

const SMALL = { workers: 1, listeners: 1, upstreams: 2, idleConnections: 128 }

test('where descriptors are plenty, or their limit is not known, the default is 10,000', () => {
  expect(connectionLimit(undefined, undefined, SMALL)).toBe(10_000)
  expect(
    connectionLimit(undefined, 1_048_576, { workers: 8, listeners: 2, upstreams: 200, idleConnections: 12_800 }),
  ).toBe(10_000)
})

test('else clients, their upstreams, those that wait, probes and the admin listener have room together', () => {
  // 1024 - 200 - 2 probes - 128 idle connections, three for each.
  expect(connectionLimit(undefined, 1024, SMALL)).toBe(231)
  expect(connectionLimit(undefined, 1024, { ...SMALL, workers: 2, listeners: 2 })).toBe(47)
})

test('idle connections keep no more than a quarter, and somebody is always served', () => {
  expect(connectionLimit(undefined, 1024, { ...SMALL, idleConnections: 100_000 })).toBe(188)
  expect(connectionLimit(undefined, 100, SMALL)).toBe(1)
})

test('what is asked for is given as far as descriptors last', () => {
  expect([50, 231, 5000].map(wanted => connectionLimit(wanted, 1024, SMALL))).toEqual([50, 231, 231])
  expect(connectionLimit(50_000, 1_048_576, SMALL)).toBe(50_000)
  expect(connectionLimit(50_000, undefined, SMALL)).toBe(50_000)
})
