import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OutlierPlan } from '../../../../src/plan/pool.ts'
import type { TransportFailure } from '../../../../src/policy/upstream/failure-row.ts'
import {
  afterFailure,
  afterRecovery,
  afterTick,
  newOutlierState,
  type OutlierMember,
  outlierFact,
  probationFactor,
} from '../../../../src/policy/upstream/outlier.ts'
import type { UpstreamTotals } from '../../../../src/policy/upstream/outlier-verdicts.ts'
import { amount } from '../../../support/thorough.ts'

const PLAN: OutlierPlan = {
  consecutiveFailures: 5,
  consecutiveGatewayErrors: 0,
  serverErrors: undefined,
  latency: undefined,
  windowMs: 30_000,
  ejectionMs: 30_000,
  longestEjectionMs: 300_000,
  maxEjected: 0.5,
  probation: { share: 0.1, successes: 5 },
}
const ZERO: UpstreamTotals = { responses: 0, serverErrors: 0, gatewayErrors: 0, firstByteMs: 0 }

interface Answers {
  readonly status?: number
  readonly count?: number
  readonly ms?: number
}

/** A pool as control drives it, with a clock of its own. */
class SimulatedPool {
  readonly plan: OutlierPlan
  readonly members: { state: OutlierMember['state']; usable: boolean }[]
  readonly totals: UpstreamTotals[]
  nowMs = 1_000_000

  constructor(size: number, plan: Partial<OutlierPlan> = {}) {
    this.plan = { ...PLAN, ...plan }
    this.members = Array.from({ length: size }, () => ({ state: newOutlierState(ZERO, this.nowMs), usable: true }))
    this.totals = Array.from({ length: size }, () => ZERO)
  }

  /** @param more whose requests fail; by default nothing of them was sent */
  fail(index: number, times = 1, more: Partial<TransportFailure> = {}): void {
    const failure = { error: 'reset: gone', client: undefined, provoked: false, ...more }
    for (let i = 0; i < times; i += 1) {
      const state = afterFailure(this.members, index, this.totals[index]!, failure, this.nowMs, this.plan)
      this.members[index]!.state = state
    }
  }

  answer(index: number, { status = 200, count = 1, ms = 10 }: Answers = {}): void {
    const before = this.totals[index]!
    this.totals[index] = {
      responses: before.responses + count,
      serverErrors: before.serverErrors + (status >= 500 ? count : 0),
      gatewayErrors: before.gatewayErrors + (status >= 502 && status <= 504 ? count : 0),
      firstByteMs: before.firstByteMs + ms * count,
    }
  }

  tick(seconds = 1): void {
    for (let i = 0; i < seconds; i += 1) {
      this.nowMs += 1000
      const states = afterTick(this.members, this.totals, this.nowMs, this.plan)
      for (const [index, state] of states.entries()) this.members[index]!.state = state
    }
  }

  recover(index: number): void {
    const member = this.members[index]!
    member.state = afterRecovery(member.state, this.totals[index]!, this.nowMs)
  }

  status(index: number): string {
    return this.members[index]!.state.status
  }

  get statuses(): string[] {
    return this.members.map(({ state }) => state.status)
  }

  /** How long the present ejection lasts, seconds. */
  ejectionSeconds(index: number): number {
    const { sinceMs, untilMs } = this.members[index]!.state
    return (untilMs - sinceMs) / 1000
  }

  passTrial(index: number): void {
    this.answer(index, { count: this.plan.probation.successes })
    this.tick()
  }
}

describe('transport failures', () => {
  test('eject after so many in a row, with the reason', () => {
    const pool = new SimulatedPool(3)
    pool.fail(1, 4)
    expect(pool.status(1)).toBe('admitted')
    pool.fail(1)
    expect(outlierFact(pool.members[1]!.state)).toEqual({
      status: 'ejected',
      untilMs: pool.nowMs + 30_000,
      reason: '5 transport failures in a row: reset: gone',
    })
    expect(pool.statuses).toEqual(['admitted', 'ejected', 'admitted'])
  })

  test('are no row with an answer between them, even a 500', () => {
    const pool = new SimulatedPool(3)
    for (let i = 0; i < 50; i += 1) {
      pool.fail(1, 4)
      pool.answer(1, { status: 500 })
      if (i % 7 === 0) pool.tick()
    }
    expect(pool.status(1)).toBe('admitted')
  })

  test('of one upstream say nothing of another', () => {
    const pool = new SimulatedPool(3)
    for (let i = 0; i < 4; i += 1) for (const index of [0, 1, 2]) pool.fail(index)
    expect(pool.statuses).toEqual(['admitted', 'admitted', 'admitted'])
  })

  test('are not judged where they are off', () => {
    const pool = new SimulatedPool(3, { consecutiveFailures: 0 })
    pool.fail(1, 100)
    expect(pool.status(1)).toBe('admitted')
  })

  test('of one client never eject: its own requests may be why', () => {
    const pool = new SimulatedPool(3)
    pool.fail(1, 100, { client: '10.0.0.1' })
    expect(pool.status(1)).toBe('admitted')
    // They count for no more than half, so that one other user's bad luck does not complete the row.
    pool.fail(1, 1, { client: '10.0.0.2' })
    expect(pool.status(1)).toBe('admitted')
    pool.fail(1, 1, { client: '10.0.0.2' })
    expect(pool.members[1]!.state.reason).toBe('5 transport failures in a row: reset: gone')
  })

  test('of as many clients as there are failures eject as soon as those of none', () => {
    const pool = new SimulatedPool(3)
    for (let i = 0; i < 5; i += 1) pool.fail(1, 1, { client: `10.0.0.${i}` })
    expect(pool.status(1)).toBe('ejected')
  })

  test('of one client and connections that could not be opened are one row', () => {
    const pool = new SimulatedPool(3)
    pool.fail(1, 9, { client: '10.0.0.1' })
    pool.fail(1, 2)
    expect(pool.status(1)).toBe('ejected')
  })

  test('of requests that failed on another upstream in the same way do not count', () => {
    const pool = new SimulatedPool(3)
    for (let i = 0; i < 100; i += 1) pool.fail(1, 1, { client: `10.0.0.${i}`, provoked: true })
    expect(pool.status(1)).toBe('admitted')
  })

  test('eject at the first one where that is configured', () => {
    const pool = new SimulatedPool(3, { consecutiveFailures: 1 })
    pool.fail(1, 1, { client: '10.0.0.1' })
    expect(pool.status(1)).toBe('ejected')
    pool.tick(30)
    pool.fail(1, 1, { client: '10.0.0.1' })
    expect(pool.status(1)).toBe('ejected')
  })

  test('of an upstream that its probes took out already do not eject it as well', () => {
    const pool = new SimulatedPool(3)
    pool.members[1]!.usable = false
    pool.fail(1, 100)
    expect(pool.status(1)).toBe('admitted')
  })
})

describe('ejection', () => {
  const ejectAgain = (pool: SimulatedPool, index: number): number => {
    pool.fail(index, 5)
    const seconds = pool.ejectionSeconds(index)
    pool.tick(seconds)
    pool.passTrial(index)
    expect(pool.status(index)).toBe('admitted')
    return seconds
  }

  test('is longer each time, up to the longest', () => {
    const pool = new SimulatedPool(3)
    const lengths = Array.from({ length: 12 }, () => ejectAgain(pool, 0))
    expect(lengths).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300])
  })

  test('is forgotten, one for each base time without another', () => {
    const pool = new SimulatedPool(3)
    for (let i = 0; i < 4; i += 1) ejectAgain(pool, 0)
    pool.tick(65)
    expect(ejectAgain(pool, 0)).toBe(90)
    pool.tick(3600)
    expect(ejectAgain(pool, 0)).toBe(30)
  })

  test('keeps to the cap, though one always may go', () => {
    const six = new SimulatedPool(6)
    for (let index = 0; index < 6; index += 1) six.fail(index, 50)
    expect(six.statuses.filter(status => status === 'ejected')).toHaveLength(3)
    const three = new SimulatedPool(3, { maxEjected: 0.01 })
    for (let index = 0; index < 3; index += 1) three.fail(index, 50)
    expect(three.statuses).toEqual(['ejected', 'admitted', 'admitted'])
  })

  test('never takes the last upstream that could serve', () => {
    const pool = new SimulatedPool(3, { maxEjected: 1 })
    pool.members[2]!.usable = false
    pool.fail(0, 50)
    pool.fail(1, 50)
    expect(pool.statuses).toEqual(['ejected', 'admitted', 'admitted'])
    const alone = new SimulatedPool(1, { maxEjected: 1 })
    alone.fail(0, 50)
    expect(alone.status(0)).toBe('admitted')
  })

  test('ends at once where nobody else is left', () => {
    const pool = new SimulatedPool(2)
    pool.fail(0, 5)
    expect(pool.statuses).toEqual(['ejected', 'admitted'])
    pool.members[1]!.usable = false
    pool.tick()
    expect(pool.status(0)).toBe('probation')
    pool.fail(0, 50)
    expect(pool.status(0)).toBe('probation')
  })

  test('ends when its probes have seen it recover', () => {
    const pool = new SimulatedPool(3)
    pool.fail(0, 5)
    pool.recover(0)
    expect(pool.status(0)).toBe('probation')
    pool.recover(1)
    expect(pool.status(1)).toBe('admitted')
  })
})

describe('probation', () => {
  const onTrial = (plan: Partial<OutlierPlan> = {}): SimulatedPool => {
    const pool = new SimulatedPool(3, plan)
    pool.fail(0, 5)
    pool.tick(30)
    expect(pool.status(0)).toBe('probation')
    return pool
  }

  test('gives a trickle, then all of the weight after so many good requests', () => {
    const pool = onTrial()
    expect(probationFactor(pool.members[0]!.state, PLAN)).toBe(0.1)
    pool.answer(0, { count: 4 })
    pool.tick()
    expect(pool.status(0)).toBe('probation')
    pool.answer(0)
    pool.tick()
    expect(pool.status(0)).toBe('admitted')
    expect(probationFactor(pool.members[0]!.state, PLAN)).toBe(1)
  })

  test('ends with one failure, which costs a longer ejection', () => {
    const pool = onTrial()
    pool.answer(0, { count: 4 })
    pool.fail(0)
    expect(pool.status(0)).toBe('ejected')
    expect(pool.ejectionSeconds(0)).toBe(60)
    expect(pool.members[0]!.state.reason).toBe('failed on probation: reset: gone')
  })

  test('does not end with failures of one client, which make it last longer, but with a second client’s', () => {
    const pool = onTrial()
    for (let i = 0; i < 9; i += 1) {
      pool.fail(0, 1, { client: '10.0.0.1' })
      pool.answer(0, { count: 4 })
      pool.tick()
    }
    expect(pool.status(0)).toBe('probation')
    pool.fail(0, 1, { client: '10.0.0.2' })
    expect(pool.status(0)).toBe('ejected')
  })

  test('counts answers of any status as good, but for what is judged', () => {
    const lenient = onTrial()
    lenient.answer(0, { status: 500, count: 5 })
    lenient.tick()
    expect(lenient.status(0)).toBe('admitted')
    const strict = onTrial({ serverErrors: { share: 0.5, minRequests: 20 } })
    strict.answer(0, { status: 500, count: 3 })
    strict.answer(0, { count: 2 })
    strict.tick()
    expect(strict.members[0]!.state).toMatchObject({
      status: 'ejected',
      reason: 'failed on probation: 3 of 5 answers were 5xx',
    })
    const gateway = onTrial({ consecutiveGatewayErrors: 3 })
    gateway.answer(0, { status: 502 })
    gateway.tick()
    expect(gateway.status(0)).toBe('ejected')
  })

  test('lasts as long as nobody asks for anything', () => {
    const pool = onTrial()
    pool.tick(1000)
    expect(pool.status(0)).toBe('probation')
  })
})

describe('answers', () => {
  test('that the ERP meant never eject by default', () => {
    const pool = new SimulatedPool(3)
    for (const status of [500, 501, 502, 503, 504, 599]) {
      pool.answer(0, { status, count: 1000, ms: 100_000 })
      pool.tick()
    }
    expect(pool.statuses).toEqual(['admitted', 'admitted', 'admitted'])
  })

  test('502, 503 and 504 in a row eject where that is judged', () => {
    const pool = new SimulatedPool(3, { consecutiveGatewayErrors: 10 })
    pool.answer(0, { status: 503, count: 6 })
    pool.tick(3)
    pool.answer(0, { status: 502, count: 3 })
    pool.tick()
    expect(pool.status(0)).toBe('admitted')
    pool.answer(0, { status: 504 })
    pool.tick()
    expect(pool.members[0]!.state).toMatchObject({ status: 'ejected', reason: '10 gateway errors in a row' })
  })

  test('another one ends such a row', () => {
    const pool = new SimulatedPool(3, { consecutiveGatewayErrors: 10 })
    for (let i = 0; i < 20; i += 1) {
      pool.answer(0, { status: 503, count: 8 })
      pool.tick()
      pool.answer(0, { status: 500 })
      pool.tick()
    }
    expect(pool.status(0)).toBe('admitted')
  })

  test('too many 5xx eject, once there are enough answers to say so', () => {
    const pool = new SimulatedPool(3, { serverErrors: { share: 0.5, minRequests: 20 } })
    pool.answer(0, { status: 500, count: 19 })
    pool.tick()
    expect(pool.status(0)).toBe('admitted')
    pool.answer(0)
    pool.tick()
    expect(pool.members[0]!.state).toMatchObject({ status: 'ejected', reason: '19 of 20 answers were 5xx' })
    pool.answer(1, { status: 500, count: 49 })
    pool.answer(1, { count: 51 })
    pool.tick()
    expect(pool.status(1)).toBe('admitted')
  })

  test('of an earlier window are not held against it', () => {
    const pool = new SimulatedPool(3, { serverErrors: { share: 0.5, minRequests: 20 } })
    pool.answer(0, { status: 500, count: 19 })
    pool.tick(31)
    pool.answer(0, { status: 500, count: 19 })
    pool.tick()
    expect(pool.status(0)).toBe('admitted')
  })

  test('that are much slower than the others eject', () => {
    const latency = { factor: 3, aboveMs: 1000, minRequests: 10 }
    const pool = new SimulatedPool(4, { latency })
    for (const index of [1, 2, 3]) pool.answer(index, { count: 10, ms: 400 })
    pool.answer(0, { count: 10, ms: 1300 })
    pool.tick()
    expect(pool.members[0]!.state).toMatchObject({
      status: 'ejected',
      reason: 'first byte after 1300 ms on average, 400 ms elsewhere in the pool',
    })
  })

  test('are compared with those of the others alone, even of a single one', () => {
    const pool = new SimulatedPool(2, { latency: { factor: 3, aboveMs: 0, minRequests: 10 } })
    pool.answer(0, { count: 10, ms: 1300 })
    pool.answer(1, { count: 10, ms: 400 })
    pool.tick()
    expect(pool.statuses).toEqual(['ejected', 'admitted'])
  })

  test('that are slow but under the limit, slow everywhere, or few do not', () => {
    const latency = { factor: 3, aboveMs: 1000, minRequests: 10 }
    const quick = new SimulatedPool(3, { latency })
    for (const [index, ms] of [900, 5, 5].entries()) quick.answer(index, { count: 100, ms })
    quick.tick()
    const everywhere = new SimulatedPool(3, { latency })
    for (const [index, ms] of [5000, 4000, 2000].entries()) everywhere.answer(index, { count: 100, ms })
    everywhere.tick()
    const few = new SimulatedPool(3, { latency })
    few.answer(0, { count: 9, ms: 60_000 })
    few.answer(1, { count: 100, ms: 10 })
    few.tick()
    const alone = new SimulatedPool(3, { latency })
    alone.answer(0, { count: 100, ms: 60_000 })
    alone.tick()
    for (const pool of [quick, everywhere, few, alone]) expect(pool.statuses).toEqual(Array(3).fill('admitted'))
  })
})

describe('whatever happens', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('fail' as const), at: fc.nat(5), times: fc.integer({ min: 1, max: 9 }) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        at: fc.nat(5),
        times: fc.integer({ min: 1, max: 30 }),
        status: fc.constantFrom(200, 404, 500, 503),
        ms: fc.constantFrom(1, 100, 5000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('tick' as const),
        at: fc.constant(0),
        times: fc.integer({ min: 1, max: 40 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('usable' as const), at: fc.nat(5), times: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('recover' as const), at: fc.nat(5), times: fc.constant(1) }) },
  )
  const plans = fc.record({
    consecutiveFailures: fc.constantFrom(0, 1, 3),
    consecutiveGatewayErrors: fc.constantFrom(0, 2),
    serverErrors: fc.constantFrom(undefined, { share: 0.3, minRequests: 5 }),
    latency: fc.constantFrom(undefined, { factor: 2, aboveMs: 0, minRequests: 3 }),
    maxEjected: fc.constantFrom(0.01, 0.5, 1),
  })

  test('the cap holds, somebody is left to serve, and every ejection ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), plans, fc.array(step, { maxLength: 80 }), (size, plan, steps) => {
        const pool = new SimulatedPool(size, plan)
        const cap = Math.max(1, Math.floor(plan.maxEjected * size))
        for (const next of steps) {
          const at = next.at % size
          if (next.do === 'fail') pool.fail(at, next.times)
          else if (next.do === 'answer') pool.answer(at, { status: next.status, count: next.times, ms: next.ms })
          else if (next.do === 'tick') pool.tick(next.times)
          else if (next.do === 'recover') pool.recover(at)
          else {
            pool.members[at]!.usable = next.times === 1
            pool.tick()
          }
          expect(pool.statuses.filter(status => status === 'ejected').length).toBeLessThanOrEqual(cap)
          const usable = pool.members.filter(member => member.usable)
          if (usable.length > 0) expect(usable.some(({ state }) => state.status !== 'ejected')).toBe(true)
          for (const { state } of pool.members) {
            if (state.status === 'ejected') {
              expect(state.untilMs - state.sinceMs).toBeLessThanOrEqual(300_000)
              expect(state.untilMs).toBeGreaterThan(pool.nowMs)
              expect(state.reason).not.toBe('')
            }
          }
        }
        // Left alone, all are back, at least on trial.
        pool.tick(301)
        expect(pool.statuses).not.toContain('ejected')
      }),
      { numRuns: amount(150) },
    )
  })

  test('upstreams that only answer are never ejected by default', () => {
    const answers = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 200, max: 599 }), fc.integer({ min: 1, max: 50 })))
    fc.assert(
      fc.property(answers, all => {
        const pool = new SimulatedPool(3)
        for (const [index, status, count] of all) {
          pool.answer(index, { status, count, ms: status })
          pool.tick()
        }
        expect(pool.statuses).toEqual(['admitted', 'admitted', 'admitted'])
      }),
    )
  })
})

describe('a clock that was set back', () => {
  test('ends an ejection that began in what is now the future', () => {
    const pool = new SimulatedPool(3)
    pool.fail(1, 5)
    expect(pool.status(1)).toBe('ejected')
    pool.nowMs -= 600_000
    pool.tick()
    expect(pool.status(1)).toBe('probation')
  })

  test('makes no ejection longer', () => {
    const pool = new SimulatedPool(3)
    pool.fail(1, 5)
    pool.nowMs -= 600_000
    pool.tick()
    pool.passTrial(1)
    pool.nowMs -= 600_000
    pool.fail(1, 5)
    expect(pool.ejectionSeconds(1)).toBe(60)
  })

  test('does not keep a window of judgement open', () => {
    const pool = new SimulatedPool(3, { consecutiveFailures: 0 })
    pool.nowMs -= 600_000
    pool.tick()
    expect(pool.members[1]!.state.windowStartMs).toBe(pool.nowMs)
  })
})
