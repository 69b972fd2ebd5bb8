import { describe, expect, test } from 'vitest'
import {
  afterAnswer,
  MOST_ADDRESSES,
  type NameAnswer,
  NEW_NAME,
  nextLookupMs,
  withClockMoved,
} from '../../../../src/policy/names/name-state.ts'

const found = (addresses: string[], more: Partial<NameAnswer & { kind: 'found' }> = {}): NameAnswer => {
  return { kind: 'found', addresses, ttlMs: 60_000, ...more }
}
const AWAY: NameAnswer = { kind: 'away', why: "DNS doesn't answer" }
const NOT_FOUND: NameAnswer = { kind: 'not-found', why: 'name not found' }
const KNOWN = afterAnswer(NEW_NAME, found(['10.0.0.1', 'fd00::1']), 0)

describe('what counts after an answer', () => {
  test('new addresses take the place of the former ones; in another order they are the same list', () => {
    expect(afterAnswer(KNOWN, found(['10.0.0.2']), 0).addresses).toEqual(['10.0.0.2'])
    expect(afterAnswer(KNOWN, found(['fd00::1', '10.0.0.1']), 0).addresses).toBe(KNOWN.addresses)
  })

  test('while DNS is away the last addresses count, however long', () => {
    let state = KNOWN
    for (const atMs of [1_000, 60_000, 1e9]) state = afterAnswer(state, AWAY, atMs)
    expect(state.addresses).toBe(KNOWN.addresses)
    expect(state.problem).toEqual({ kind: 'away', why: "DNS doesn't answer", sinceMs: 1_000 })
    expect(afterAnswer(state, found(['10.0.0.1', 'fd00::1']), 2e9)).toEqual(KNOWN)
  })

  test('a name that is not found keeps its addresses for 30 s', () => {
    const soon = afterAnswer(afterAnswer(KNOWN, NOT_FOUND, 1_000), NOT_FOUND, 30_999)
    expect(soon.addresses).toBe(KNOWN.addresses)
    expect(afterAnswer(soon, NOT_FOUND, 31_000).addresses).toEqual([])
    expect(afterAnswer(afterAnswer(soon, AWAY, 32_000), NOT_FOUND, 33_000).addresses, 'in between nobody knew').toBe(
      KNOWN.addresses,
    )
  })

  test('a family without an answer keeps its addresses', () => {
    expect(afterAnswer(KNOWN, found(['10.0.0.2'], { unanswered: 'IPv6' }), 0).addresses).toEqual([
      '10.0.0.2',
      'fd00::1',
    ])
    expect(afterAnswer(KNOWN, found(['fd00::2'], { unanswered: 'IPv4' }), 0).addresses).toEqual(['fd00::2', '10.0.0.1'])
  })

  test(`of a long answer ${MOST_ADDRESSES} addresses count, each once`, () => {
    const many = Array.from({ length: 40 }, (_, i) => `10.0.0.${i >> 1}`)
    const { addresses } = afterAnswer(NEW_NAME, found(many), 0)
    expect(new Set(addresses).size).toBe(MOST_ADDRESSES)
  })
})

test('a name that is not found keeps its addresses for 30 s, whatever becomes of the clock', () => {
  const before = withClockMoved(afterAnswer(KNOWN, NOT_FOUND, 1_000), 3_600_000)
  expect(afterAnswer(before, NOT_FOUND, 3_630_999).addresses).toBe(KNOWN.addresses)
  expect(afterAnswer(before, NOT_FOUND, 3_631_000).addresses).toEqual([])
  expect(withClockMoved(KNOWN, 3_600_000)).toBe(KNOWN)
})

describe('when a name is asked for again', () => {
  const bounds = { minTtlMs: 1_000, maxTtlMs: 300_000 }
  const after = (answer: NameAnswer, failures = 0, random = 0) =>
    nextLookupMs({ ...KNOWN, failures }, answer, bounds, random)

  test.each([
    [60_000, 60_000],
    [0, 1_000],
    [86_400_000, 300_000],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('a TTL of %d ms: after %d ms', (ttlMs, expected) => expect(after(found(['10.0.0.1'], { ttlMs }))).toBe(expected))

  test('a failure: after a second, then ever later, 10 s at most', () => {
    expect([1, 2, 3, 4, 5, 5_000].map(failures => after(AWAY, failures))).toEqual([
      1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
    ])
  })

  test('up to a tenth later, so that names part company', () => {
    expect(after(found(['10.0.0.1']), 0, 0.5)).toBe(63_000)
  })
})
