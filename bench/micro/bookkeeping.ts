// What a request leaves in the books: its deadlines on the timer wheel, its counts in the shared row.
import { type Expiring, Timer, TimerWheel } from '../../src/proxy/runtime/timer-wheel.ts'
import { GAUGE, TOTAL } from '../../src/shared/counter-cells.ts'
import { allocateCounters, CounterTable } from '../../src/shared/counters.ts'
import type { MicroCase } from './case.ts'

const connections = 64
const never: Expiring = { onDeadline() {} }

export const bookkeepingCases: readonly MicroCase[] = [
  {
    name: 'timers: arm and disarm, a wheel of 64 connections',
    run: times => {
      const wheel = new TimerWheel(0)
      const timers = Array.from({ length: connections }, () => new Timer(never))
      let sum = 0
      for (let i = 0; i < times; i++) {
        const timer = timers[i % connections]!
        wheel.arm(timer, 60_000)
        wheel.disarm(timer)
        if (i % 1000 === 999) wheel.advance(i / 20)
        sum += timer.linkedTick
      }
      return sum
    },
  },
  {
    name: 'timers: 10,000 armed timers, one tick of the wheel',
    run: times => {
      const wheel = new TimerWheel(0)
      const timers = Array.from({ length: 10_000 }, () => new Timer(never))
      for (const [i, timer] of timers.entries()) wheel.arm(timer, 50 + (i % 60_000))
      for (let i = 0; i < times; i++) {
        wheel.advance((i + 1) * wheel.tickMs)
        wheel.arm(timers[i % timers.length]!, 60_000)
      }
      return times
    },
  },
  {
    name: 'counters: one exchange (two gauges up and down, totals, its route, two histograms)',
    run: times => {
      const table = new CounterTable(allocateCounters(1), 1)
      const row = table.rows[0]!
      for (let i = 0; i < times; i++) {
        row.move(1, GAUGE.inFlight, 1)
        row.move(2, GAUGE.inFlight, 1)
        row.add(1, TOTAL.connectionsReused, 1)
        row.add(1, TOTAL.bytesIn, 2048)
        row.add(1, TOTAL.bytesOut, 8192)
        row.bucket(1, TOTAL.secondBucket, (i % 64) / 1000)
        row.finished(1, 200, (i % 64) / 1000, i % 3, i % 4 > 0)
        row.move(2, GAUGE.inFlight, -1)
        row.move(1, GAUGE.inFlight, -1)
      }
      return row.total(1, TOTAL.status2xx)
    },
  },
  {
    name: 'counters: sum of one gauge over 8 workers',
    run: times => {
      const table = new CounterTable(allocateCounters(8), 8)
      let sum = 0
      for (let i = 0; i < times; i++) sum += table.gauge(i & 255, GAUGE.inFlight)
      return sum
    },
  },
]
