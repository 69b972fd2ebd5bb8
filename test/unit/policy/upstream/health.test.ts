import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isUnsure, NO_VERDICT, observe, type ProbeState } from '../../../../src/policy/upstream/health.ts'
import { nextProbeDelayMs } from '../../../../src/policy/upstream/probe-schedule.ts'

const thresholds = { rise: 2, fall: 3 }
const after = (results: readonly boolean[], start: ProbeState = NO_VERDICT) =>
  results.reduce((state, ok) => observe(state, ok, thresholds), start)

describe('observe', () => {
  test('the first result decides alone', () => {
    expect(after([true])).toEqual({ status: 'healthy', streak: 1 })
    expect(after([false])).toEqual({ status: 'unhealthy', streak: -1 })
  })

  test('a healthy upstream goes after `fall` failures in a row, no sooner', () => {
    expect(after([true, false, false]).status).toBe('healthy')
    expect(after([true, false, false, false]).status).toBe('unhealthy')
  })

  test('an unhealthy upstream returns after `rise` successes in a row, no sooner', () => {
    expect(after([false, true]).status).toBe('unhealthy')
    expect(after([false, true, true]).status).toBe('healthy')
  })

  test('interleaved results are not in a row', () => {
    expect(after([true, false, false, true, false, false, true, false, false]).status).toBe('healthy')
    expect(after([false, true, false, true, false, true]).status).toBe('unhealthy')
  })

  test('flips exactly when the last results are `rise` or `fall` alike, for any thresholds and results', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (results, rise, fall) => {
          let healthy = results[0]!
          for (let end = 2; end <= results.length; end += 1) {
            const seen = results.slice(0, end)
            if (end >= rise && seen.slice(-rise).every(Boolean)) healthy = true
            if (end >= fall && seen.slice(-fall).every(ok => !ok)) healthy = false
          }
          const state = results.reduce((sofar, ok) => observe(sofar, ok, { rise, fall }), NO_VERDICT)
          expect(state.status).toBe(healthy ? 'healthy' : 'unhealthy')
          expect(Math.sign(state.streak)).toBe(results.at(-1) ? 1 : -1)
        },
      ),
    )
  })

  test('a verdict is unsure while the latest results speak against it', () => {
    expect(isUnsure(NO_VERDICT)).toBe(true)
    expect(isUnsure(after([true]))).toBe(false)
    expect(isUnsure(after([true, false]))).toBe(true)
    expect(isUnsure(after([true, false, false, false]))).toBe(false)
    expect(isUnsure(after([false, true]))).toBe(true)
    expect(isUnsure(after([false, true, true]))).toBe(false)
  })
})

describe('nextProbeDelayMs', () => {
  const timing = { intervalMs: 2000, unsureIntervalMs: 500, downIntervalMs: 10_000, jitter: 0 }
  const healthy: ProbeState = { status: 'healthy', streak: 9 }
  const unhealthy: ProbeState = { status: 'unhealthy', streak: -9 }

  test('keeps the interval while the verdict is sure', () => {
    expect(nextProbeDelayMs(healthy, timing, 0, 0.5)).toBe(2000)
    expect(nextProbeDelayMs(healthy, timing, 1e9, 0.5)).toBe(2000)
    expect(nextProbeDelayMs(unhealthy, timing, 0, 0.5)).toBe(2000)
  })

  test('hurries while it is not', () => {
    expect(nextProbeDelayMs({ status: 'healthy', streak: -1 }, timing, 0, 0.5)).toBe(500)
    expect(nextProbeDelayMs({ status: 'unhealthy', streak: 1 }, timing, 1e9, 0.5)).toBe(500)
    expect(nextProbeDelayMs(NO_VERDICT, timing, 0, 0.5)).toBe(500)
    expect(nextProbeDelayMs(NO_VERDICT, { ...timing, unsureIntervalMs: 9000 }, 0, 0.5)).toBe(2000)
  })

  test('grows to the down interval by a tenth of the time that the upstream has been down', () => {
    expect(nextProbeDelayMs(unhealthy, timing, 20_000, 0.5)).toBe(2000)
    expect(nextProbeDelayMs(unhealthy, timing, 50_000, 0.5)).toBe(5000)
    expect(nextProbeDelayMs(unhealthy, timing, 100_000, 0.5)).toBe(10_000)
    expect(nextProbeDelayMs(unhealthy, timing, 1e9, 0.5)).toBe(10_000)
    expect(nextProbeDelayMs(unhealthy, { ...timing, downIntervalMs: 1000 }, 1e9, 0.5)).toBe(2000)
  })

  test('moves each delay by up to the jitter, either way, and never below 10 ms', () => {
    expect(nextProbeDelayMs(healthy, { ...timing, jitter: 0.25 }, 0, 0)).toBe(1500)
    expect(nextProbeDelayMs(healthy, { ...timing, jitter: 0.25 }, 0, 1)).toBe(2500)
    expect(nextProbeDelayMs(healthy, { ...timing, jitter: 1 }, 0, 0)).toBe(10)
    expect(nextProbeDelayMs(healthy, { ...timing, intervalMs: 1 }, 0, 0.5)).toBe(10)
  })
})
