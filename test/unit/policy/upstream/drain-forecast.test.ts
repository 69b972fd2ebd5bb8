import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DrainSample, forecastFree } from '../../../../src/policy/upstream/drain-forecast.ts'

const START = Date.parse('2026-03-01T03:00:00Z')

/** One sample a second. */
function samplesOf(seconds: number, remaining: (second: number) => number): DrainSample[] {
  return Array.from({ length: seconds }, (_, second) => ({ atMs: START + second * 1000, remaining: remaining(second) }))
}

const inSeconds = (samples: DrainSample[], deadlineMs?: number): number | undefined => {
  const free = forecastFree(samples, samples.at(-1)!.atMs, deadlineMs)
  return free === undefined ? undefined : (free - START) / 1000
}

test('what ends at a steady rate is free where the line meets zero', () => {
  expect(inSeconds(samplesOf(20, second => 100 - second))).toBeCloseTo(100, 3)
})

test('what decays is free where less than half a request is left', () => {
  const decay = samplesOf(60, second => 1000 * Math.exp(-second / 30))
  expect(inSeconds(decay)).toBeCloseTo(30 * Math.log(2000), 0)
})

test('what does not fall has no forecast', () => {
  expect(inSeconds(samplesOf(30, () => 5))).toBeUndefined()
  expect(inSeconds(samplesOf(30, second => 5 + second))).toBeUndefined()
})

test('too few samples say nothing, none at all neither', () => {
  expect(inSeconds(samplesOf(3, second => 10 - second))).toBeUndefined()
  expect(forecastFree([], START, undefined)).toBeUndefined()
})

test('what is free is free since the first of the zeros at the end', () => {
  const counts = [3, 0, 1, 0, 0, 0]
  expect(inSeconds(samplesOf(6, second => counts[second]!))).toBe(3)
  expect(inSeconds(samplesOf(1, () => 0))).toBe(0)
})

test('the deadline is the latest', () => {
  expect(
    inSeconds(
      samplesOf(20, second => 1000 - second),
      START + 60_000,
    ),
  ).toBe(60)
})

describe('whatever was seen', () => {
  const counts = fc.array(fc.nat(500), { minLength: 1, maxLength: 60 })

  test('a forecast is neither in the past nor beyond the deadline', () => {
    fc.assert(
      fc.property(counts, fc.option(fc.nat(600), { nil: undefined }), (seen, deadlineS) => {
        const samples = samplesOf(seen.length, second => seen[second]!)
        const nowMs = samples.at(-1)!.atMs
        const deadlineMs = deadlineS === undefined ? undefined : nowMs + deadlineS * 1000
        const free = forecastFree(samples, nowMs, deadlineMs)
        if (seen.at(-1) === 0) expect(free).toBeLessThanOrEqual(nowMs)
        else if (free !== undefined) {
          expect(Number.isFinite(free)).toBe(true)
          expect(free).toBeGreaterThanOrEqual(nowMs)
          if (deadlineMs !== undefined) expect(free).toBeLessThanOrEqual(deadlineMs)
        }
      }),
    )
  })

  test('a straight fall is foretold within a second, with whole numbers and whatever its rate', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 50, max: 3000 }), (from, lengthS) => {
        const samples = samplesOf(Math.floor(lengthS / 3), second => from * (1 - second / lengthS))
        expect(inSeconds(samples)).toBeCloseTo(lengthS, 0)
      }),
    )
  })
})
