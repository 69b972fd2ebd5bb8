import { expect, test } from 'vitest'
import type { DrainReport } from '../../../../src/admin/contract/upstreams.ts'
import { drainWords, isFree, remainingWords } from '../../../../src/commands/words/drain-lines.ts'

const NOW = Date.parse('2026-03-01T03:00:00Z')
const NOTHING = { inFlight: 0, longPolls: 0, tunnels: 0, sessions: 0 }

const drain = (more: Partial<DrainReport>): DrainReport => ({
  since: '2026-03-01T02:50:00Z',
  by: 'ana',
  reason: 'patching',
  deadline: null,
  remaining: NOTHING,
  freeAt: null,
  ...more,
})

test.each([
  [NOTHING, 'nothing'],
  [{ ...NOTHING, inFlight: 1 }, '1 request'],
  [{ ...NOTHING, inFlight: 2, tunnels: 1 }, '2 requests and 1 tunnel'],
  [{ inFlight: 3, longPolls: 2, tunnels: 1, sessions: 40 }, '3 requests, 2 long polls, 1 tunnel and about 40 sessions'],
])('%j is said as %j', (remaining, words) => {
  expect(remainingWords(remaining)).toBe(words)
})

test('what is left, when it will be free, and when the rest is closed', () => {
  const remaining = { ...NOTHING, inFlight: 3 }
  expect(drainWords(drain({ remaining }), NOW)).toBe('3 requests left')
  expect(drainWords(drain({ remaining, freeAt: '2026-03-01T03:04:00Z' }), NOW)).toBe(
    '3 requests left, free in about 4 min',
  )
  const deadline = '2026-03-01T03:12:00Z'
  expect(drainWords(drain({ remaining, deadline, freeAt: '2026-03-01T03:04:00Z' }), NOW)).toMatch(
    /^3 requests left, free in about 4 min, closed in 12 min \(\d\d:12:00\)$/,
  )
  // A forecast that says no more than the deadline is left out.
  expect(drainWords(drain({ remaining, deadline, freeAt: deadline }), NOW)).toMatch(
    /^3 requests left, closed in 12 min/,
  )
  expect(drainWords(drain({ remaining, deadline: '2026-03-01T02:59:00Z' }), NOW)).toBe('3 requests left, being closed')
})

test('free is free, since when', () => {
  const free = drain({ freeAt: '2026-03-01T02:59:30Z' })
  expect(isFree(free)).toBe(true)
  expect(isFree(drain({ remaining: { ...NOTHING, longPolls: 1 } }))).toBe(false)
  expect(drainWords(free, NOW)).toMatch(/^nothing left since \d\d:59:30$/)
})
