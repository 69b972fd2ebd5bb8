import { expect, test } from 'vitest'
import { defaultConnections } from '../../../../src/policy/process/connection-limit.ts'

const SMALL = { workers: 1, listeners: 1, upstreams: 2, idleConnections: 128 }

test('where descriptors are plenty, or their limit is not known, the default is 10,000', () => {
  expect(defaultConnections(undefined, SMALL)).toBe(10_000)
  expect(defaultConnections(1_048_576, { workers: 8, listeners: 2, upstreams: 200, idleConnections: 12_800 })).toBe(
    10_000,
  )
})

test('else clients, their upstreams, those that wait, probes and the admin listener have room together', () => {
  // 1024 - 200 - 2 probes - 128 idle connections, three for each.
  expect(defaultConnections(1024, SMALL)).toBe(231)
  expect(defaultConnections(1024, { ...SMALL, workers: 2, listeners: 2 })).toBe(47)
})

test('idle connections keep no more than a quarter, and somebody is always served', () => {
  expect(defaultConnections(1024, { ...SMALL, idleConnections: 100_000 })).toBe(188)
  expect(defaultConnections(100, SMALL)).toBe(1)
})
