import { expect, test } from 'vitest'
import { ClockWatch } from '../../../src/control/clock-watch.ts'
import type { ClockStepEvent } from '../../../src/control/events/event.ts'

test('each step is told once, with the time as it is then; a reading that was torn apart is passed over', () => {
  const told: ClockStepEvent[] = []
  const readings = [
    { wallMs: 10_000, monotonicMs: 0 },
    { wallMs: 11_000, monotonicMs: 1000 },
    { wallMs: 72_000, monotonicMs: 2000 },
    undefined,
    { wallMs: 74_000, monotonicMs: 4000 },
    { wallMs: 15_000, monotonicMs: 5000 },
  ]
  const watch = new ClockWatch({ tell: event => told.push(event), read: () => readings.shift() })
  for (let look = 0; look < 5; look += 1) watch.look()
  expect(told).toEqual([
    { type: 'clock-step', atMs: 72_000, byMs: 60_000 },
    { type: 'clock-step', atMs: 15_000, byMs: -60_000 },
  ])
})

test('when vigia was started is as long ago as before', () => {
  const readings = [
    { wallMs: 10_000, monotonicMs: 0 },
    { wallMs: 71_000, monotonicMs: 1000 },
  ]
  const watch = new ClockWatch({ tell: () => {}, read: () => readings.shift() })
  const { startedMs } = watch
  watch.look()
  expect(watch.startedMs).toBe(startedMs + 60_000)
})

test('the clocks of this machine run alike', () => {
  const told: ClockStepEvent[] = []
  const watch = new ClockWatch({ tell: event => told.push(event) })
  watch.look()
  expect(told).toEqual([])
})
