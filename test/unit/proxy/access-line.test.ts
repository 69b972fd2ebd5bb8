// An access line is put together by hand; whatever is in it, it is one line of JSON that says the same.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AccessEntry, accessLine } from '../../../src/proxy/access-log.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\n', '\u2028', '\ud800', 'é'),
)
const count = fc.nat(1_000_000_000)
const entry: fc.Arbitrary<AccessEntry> = fc.record({
  requestId: text,
  client: text,
  listener: text,
  route: text,
  pool: text,
  upstream: text,
  method: text,
  host: text,
  path: text,
  status: fc.integer({ min: 0, max: 599 }),
  bytesIn: count,
  bytesOut: count,
  firstByteMs: count,
  totalMs: count,
  attempts: fc.nat(9),
  proof: fc.constantFrom('', 'not-sent', 'idempotent', 'declared'),
  end: text,
})

test('every entry is one line of JSON that reads back as it was', () => {
  fc.assert(
    fc.property(entry, each => {
      const line = accessLine('2026-11-22T00:00:00.000Z', each)
      expect(line).not.toMatch(/[\n\r]/)
      expect(JSON.parse(line)).toEqual({ type: 'access', time: '2026-11-22T00:00:00.000Z', ...each })
    }),
  )
})

test('times are told to the microsecond', () => {
  const base: AccessEntry = {
    ...{ requestId: 'a-1', client: '192.0.2.1', listener: 'web', route: 'r', pool: 'p', upstream: 'u', method: 'GET' },
    ...{ host: 'h', path: '/', status: 200, bytesIn: 0, bytesOut: 5, attempts: 1, proof: '', end: 'complete' },
    ...{ firstByteMs: 1.23456, totalMs: 2 },
  }
  expect(JSON.parse(accessLine('t', base))).toMatchObject({ firstByteMs: 1.235, totalMs: 2 })
})
