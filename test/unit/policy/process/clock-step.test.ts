import { expect, test } from 'vitest'
import { clockStepMs } from '../../../../src/policy/process/clock-step.ts'

const step = (wallMs: number, monotonicMs: number) =>
  clockStepMs(
    { wallMs: 1_800_000_000_000, monotonicMs: 5000 },
    { wallMs: 1_800_000_000_000 + wallMs, monotonicMs: 5000 + monotonicMs },
  )

test('a clock that was set forward or back has stepped by what the monotonic one did not see', () => {
  expect([step(3_600_000 + 1000, 1000), step(-3_600_000, 1000), step(0, 60_000)]).toEqual([
    3_600_000, -3_601_000, -60_000,
  ])
})

test('a clock that runs, also after a long sleep of the process, or is slewed, has not', () => {
  expect([step(1000, 1000), step(90_000, 90_000), step(1999, 1000), step(1, 1000)]).toEqual([0, 0, 0, 0])
})
