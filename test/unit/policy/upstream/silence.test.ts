// What ends on an upstream that has gone silent, and when.

import { expect, test } from 'vitest'
import { judgeSilence } from '../../../../src/policy/upstream/silence.ts'

const PATIENCE = { requestsMs: 5000, sessionsMs: 10_000 }
const verdict = (forMs: number, hasWitness = true, patience: Parameters<typeof judgeSilence>[1] = PATIENCE) =>
  judgeSilence({ forMs, hasWitness }, patience)

test('what may be repeated moves at once; requests, then sessions end when their time is up', () => {
  expect(verdict(0)).toEqual({ move: true, endRequests: false, endSessions: false })
  expect(verdict(4999)).toEqual({ move: true, endRequests: false, endSessions: false })
  expect(verdict(5000)).toEqual({ move: true, endRequests: true, endSessions: false })
  expect(verdict(10_000)).toEqual({ move: true, endRequests: true, endSessions: true })
})

test('0 is at once, and nothing is never', () => {
  expect(verdict(0, true, { requestsMs: 0, sessionsMs: 0 })).toEqual({
    move: true,
    endRequests: true,
    endSessions: true,
  })
  const wait = { requestsMs: undefined, sessionsMs: undefined }
  expect(verdict(1e9, true, wait)).toEqual({ move: true, endRequests: false, endSessions: false })
})

test('without another upstream that is available nothing happens, however long it lasts', () => {
  expect(verdict(1e9, false)).toEqual({ move: false, endRequests: false, endSessions: false })
})
