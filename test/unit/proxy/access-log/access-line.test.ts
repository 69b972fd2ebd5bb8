// An access line is put together by hand; whatever is in it, it is one line of JSON that says the same.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AccessEntry } from '../../../../src/proxy/access-log/access-entry.ts'
import { AccessLine } from '../../../../src/proxy/access-log/access-line.ts'
import { ANY_UNIT } from '../../../support/any-text.ts'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: ANY_UNIT }),
  fc.constantFrom('"', '\\', '\n', '\u0000\u0001', '\u2028', '\ud800', 'é', 'a', 'b'),
)
const count = fc.oneof(fc.nat(1_000_000_000), fc.constantFrom(0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 40))
const entry: fc.Arbitrary<AccessEntry> = fc.record({
  requestId: text,
  traceId: text,
  about: fc.constantFrom('', ',"proxied":{"by":"10.0.0.5"}'),
  client: text,
  listener: text,
  protocol: fc.constantFrom('HTTP/1.0' as const, 'HTTP/1.1' as const, 'HTTP/2' as const),
  route: text,
  pool: text,
  upstream: text,
  method: text,
  host: text,
  path: text,
  status: fc.integer({ min: 0, max: 599 }),
  bytesIn: count,
  bytesOut: count,
  coding: fc.constantFrom('' as const, 'zstd' as const, 'br' as const, 'gzip' as const),
  bytesUncoded: count,
  firstByteMs: count,
  totalMs: count,
  queueMs: count,
  connectMs: count,
  gatheringMs: count,
  bufferedBytes: count,
  upstreamMs: count,
  attempts: fc.nat(9),
  proof: fc.constantFrom('', 'not-sent', 'idempotent', 'declared', 'refused'),
  cache: fc.constantFrom('hit', 'miss', 'stale'),
  held: fc.constantFrom('pXnkmvCDqDYKpVsfbDhKyg', 'a'),
  end: text,
})
const TIME = Date.parse('2026-11-22T00:00:00.000Z')

/** The line, and that it keeps to the room that it asked for. */
function lineOf(line: AccessLine, each: AccessEntry, timeMs = TIME, start = 0): string {
  const most = line.most(each)
  const bytes = Buffer.alloc(start + most + 50, 0xff)
  const end = line.write(bytes, start, timeMs, each, each.totalMs)
  expect(end).toBeLessThanOrEqual(start + most)
  expect(bytes.subarray(end).every(byte => byte === 0xff)).toBe(true)
  const text = bytes.toString('utf8', start, end)
  expect(text.indexOf('\n')).toBe(text.length - 1)
  return text
}

test('every entry is one line of JSON that reads back as it was, whatever was written before', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), fc.nat(100), (entries, start) => {
      const line = new AccessLine()
      // Twice: what is remembered must not differ from what is not.
      for (const each of [...entries, ...entries]) {
        const time = '2026-11-22T00:00:00.000Z'
        expect(JSON.parse(lineOf(line, each, TIME, start))).toEqual({ type: 'access', time, ...said(each) })
      }
    }),
  )
})

/** What is compressed or buffered says so; all other lines say nothing of it. */
function said({ coding, bytesUncoded, about, gatheringMs, bufferedBytes, upstreamMs, ...rest }: AccessEntry): object {
  return {
    ...{ ...rest, ...JSON.parse(`{${about.slice(1)}}`) },
    ...(coding === '' ? {} : { coding, bytesUncoded }),
    ...(gatheringMs === 0 ? {} : { gatheringMs }),
    ...(bufferedBytes === 0 ? {} : { buffered: bufferedBytes, upstreamMs }),
  }
}

const BASE: AccessEntry = {
  ...{
    requestId: 'a-1',
    traceId: '',
    about: '',
    client: '192.0.2.1',
    listener: 'web',
    protocol: 'HTTP/1.1',
    route: 'r',
    pool: 'p',
    upstream: 'u',
    method: 'GET',
  },
  ...{
    host: 'h',
    path: '/',
    status: 200,
    bytesIn: 0,
    bytesOut: 5,
    coding: '',
    bytesUncoded: 0,
    gatheringMs: 0,
    bufferedBytes: 0,
    upstreamMs: 0,
    attempts: 1,
    proof: '',
    cache: 'bypass',
    held: 'abc',
    end: 'complete',
  },
  ...{ firstByteMs: 1.235, totalMs: 2, queueMs: 0, connectMs: 0 },
}

test('says nothing of a cache where the route has none', () => {
  const line = new AccessLine()
  expect(JSON.parse(lineOf(line, { ...BASE, cache: '' }))).not.toHaveProperty('cache')
  expect(JSON.parse(lineOf(line, BASE))).toMatchObject({ cache: 'bypass' })
})

test('says which held request it is where it is one', () => {
  const line = new AccessLine()
  expect(JSON.parse(lineOf(line, { ...BASE, held: '' }))).not.toHaveProperty('held')
  expect(JSON.parse(lineOf(line, BASE))).toMatchObject({ held: 'abc', end: 'complete' })
})

test('one that differs from the one before in one thing only says so', () => {
  fc.assert(
    fc.property(entry, fc.constantFrom(...(Object.keys(BASE) as (keyof AccessEntry)[])), (other, key) => {
      const line = new AccessLine()
      lineOf(line, BASE)
      const changed = { ...BASE, [key]: other[key] }
      expect(JSON.parse(lineOf(line, changed))).toMatchObject(said(changed))
    }),
  )
})

test('times are told to the microsecond, rounded, and the clock is read anew', () => {
  const line = new AccessLine()
  for (const [ms, told] of [
    [1.23456, 1.235],
    [0.0004, 0],
    [0.9996, 1],
    [59_999.9999, 60_000],
    [0.05, 0.05],
    [3_000_000.0015, 3_000_000.002],
    [1e12, 1e12],
  ] as const)
    expect(JSON.parse(lineOf(line, { ...BASE, firstByteMs: ms }))).toMatchObject({ firstByteMs: told, totalMs: 2 })
  expect(JSON.parse(lineOf(line, BASE, TIME + 1)).time).toBe('2026-11-22T00:00:00.001Z')
})

test('hosts that clients make up do not pile up', () => {
  const line = new AccessLine()
  for (let i = 0; i < 5000; i += 1) {
    const each = { ...BASE, host: `h${i}`, client: `c${i}`, upstream: `u${i % 3000}`, end: `e${i}` }
    expect(JSON.parse(lineOf(line, each))).toMatchObject(said(each))
  }
})
