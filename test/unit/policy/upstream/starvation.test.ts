import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  idleLimitMs,
  isStarved,
  makesRoom,
  NO_STARVATION,
  type StarvationEvidence,
  sawRoomTaken,
  sawServed,
} from '../../../../src/policy/upstream/starvation.ts'

/**
 * New connections one after the other, beside one idle one, to an upstream that answers `latencyMs` after it has taken up a request.
 * @param starved it takes it up only once an idle connection is closed @returns what each request took, ms
 */
function requests(
  count: number,
  latencyMs: number,
  starved: boolean,
): { evidence: StarvationEvidence; tookMs: number[] } {
  let evidence = NO_STARVATION
  const tookMs: number[] = []
  for (let n = 0; n < count && !isStarved(evidence); n += 1) {
    const wait = { stillMs: evidence.patienceMs, held: 1 }
    if (!starved && latencyMs < wait.stillMs) evidence = sawServed(evidence, 2)
    else if (makesRoom(evidence, wait)) {
      const thenMs = starved ? latencyMs : latencyMs - wait.stillMs
      evidence = sawRoomTaken(evidence, wait, thenMs)
    }
    tookMs.push(starved ? wait.stillMs + latencyMs : latencyMs)
  }
  return { evidence, tookMs }
}

test('a server whose answers come once an idle connection is closed is known after a few, which waited little longer than they took', () => {
  expect(requests(10, 20, true).tookMs).toEqual([70, 120, 220])
  const slow = requests(10, 300, true)
  expect(isStarved(slow.evidence)).toBe(true)
  expect(slow.tookMs).toHaveLength(6)
})

test('a server that is merely slow, by up to a second, is never taken for one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), latencyMs => {
      expect(isStarved(requests(50, latencyMs, false).evidence)).toBe(false)
    }),
  )
})

test('an upstream that has answered beside as many connections is given time, but not for ever', () => {
  const holdsThree = sawServed(NO_STARVATION, 3)
  expect(makesRoom(holdsThree, { stillMs: 50, held: 3 })).toBe(true)
  expect(makesRoom(holdsThree, { stillMs: 999, held: 2 })).toBe(false)
  expect(makesRoom(holdsThree, { stillMs: 1000, held: 2 })).toBe(true)
  // It has fewer workers than it had.
  expect(sawRoomTaken(holdsThree, { stillMs: 1000, held: 2 }, 20).proven).toBe(2)
})

test('an answer beside more connections than ever clears it of suspicion, one beside as many does not', () => {
  const suspect = sawRoomTaken(NO_STARVATION, { stillMs: 50, held: 2 }, 10)
  expect(suspect.strikes).toBe(1)
  expect(sawServed({ ...suspect, proven: 2 }, 2).strikes).toBe(1)
  expect(sawServed({ ...suspect, proven: 2 }, 3)).toMatchObject({ strikes: 0, proven: 3 })
})

test('those that waited together are one sign', () => {
  const once = sawRoomTaken(NO_STARVATION, { stillMs: 60, held: 2 }, 10)
  expect(sawRoomTaken(once, { stillMs: 60, held: 2 }, 15)).toBe(once)
})

test('the time without idle connections doubles up to an hour', () => {
  expect([1, 2, 3, 4, 5, 50].map(times => idleLimitMs(times) / 60_000)).toEqual([5, 10, 20, 40, 60, 60])
})
