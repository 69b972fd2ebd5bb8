import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  atDeadline,
  type HoldOrder,
  type Holds,
  holdFact,
  strictest,
  withHold,
  withoutHold,
} from '../../../../src/policy/upstream/holds.ts'

const drain: HoldOrder = { source: 'operator', status: 'draining', reason: 'patching', by: 'ana', deadlineMs: 5000 }
const disable: HoldOrder = {
  source: 'operator',
  status: 'disabled',
  reason: 'broken disk',
  by: 'rui',
  deadlineMs: undefined,
}
const agent: HoldOrder = {
  source: 'agent',
  status: 'draining',
  reason: 'X-Vigia-State: drain',
  by: 'erp-1',
  deadlineMs: undefined,
}

test('without a hold an upstream is enabled', () => {
  expect(holdFact([])).toEqual({ status: 'enabled' })
})

test('the strictest of several sources counts, and lifting it leaves what the others ask for', () => {
  const both = withHold(withHold([], agent, 1), disable, 2)
  expect(holdFact(both)).toEqual({ status: 'disabled', reason: 'broken disk', by: 'rui' })
  expect(holdFact(withoutHold(both, 'operator'))).toEqual({
    status: 'draining',
    reason: 'X-Vigia-State: drain',
    by: 'erp-1',
  })
  expect(holdFact(withoutHold(both, 'agent')).status).toBe('disabled')
})

test('among equals the one that has been there for longer counts', () => {
  expect(strictest(withHold(withHold([], agent, 1), drain, 2))?.by).toBe('erp-1')
  expect(strictest(withHold(withHold([], drain, 1), agent, 2))?.by).toBe('ana')
})

test('a drain that is ordered again takes the new deadline and goes on since it began', () => {
  const again = withHold(withHold([], drain, 1000), { ...drain, deadlineMs: 9000, by: 'rui' }, 2000)
  expect(again).toEqual([{ ...drain, deadlineMs: 9000, by: 'rui', sinceMs: 1000, drainSinceMs: 1000 }])
})

test('a drain after a disabling begins anew, and a disabling is no drain and has no deadline', () => {
  const disabled = withHold(withHold([], drain, 1), { ...disable, deadlineMs: 7 }, 2)
  expect(disabled).toEqual([{ ...disable, sinceMs: 2, drainSinceMs: undefined }])
  expect(withHold(disabled, drain, 3)).toMatchObject([{ status: 'draining', sinceMs: 3, drainSinceMs: 3 }])
})

test('at its deadline a drain becomes disabled, and still tells that it was a drain', () => {
  const holds = withHold([], drain, 1000)
  expect(atDeadline(holds, 4999)).toBe(holds)
  const ended = atDeadline(holds, 5000)
  expect(ended).toEqual([{ ...drain, status: 'disabled', sinceMs: 5000, drainSinceMs: 1000 }])
  expect(atDeadline(ended, 6000)).toBe(ended)
})

test('a drain without a deadline never ends by itself', () => {
  const holds = withHold([], agent, 0)
  expect(atDeadline(holds, Number.MAX_SAFE_INTEGER)).toBe(holds)
})

describe('whatever is asked for in whatever order', () => {
  const order: fc.Arbitrary<HoldOrder> = fc.record({
    source: fc.constantFrom('operator' as const, 'agent' as const),
    status: fc.constantFrom('draining' as const, 'disabled' as const),
    reason: fc.string(),
    by: fc.string(),
    deadlineMs: fc.option(fc.nat(100), { nil: undefined }),
  })
  const step = fc.oneof(
    order.map(each => (holds: Holds, now: number) => withHold(holds, each, now)),
    fc.constantFrom('operator' as const, 'agent' as const).map(source => (holds: Holds) => withoutHold(holds, source)),
    fc.constant((holds: Holds, now: number) => atDeadline(holds, now)),
  )

  test('each source has one hold at most, and the effect is that of the strictest', () => {
    fc.assert(
      fc.property(fc.array(step), steps => {
        const holds = steps.reduce<Holds>((before, next, at) => next(before, at * 10), [])
        expect(new Set(holds.map(each => each.source)).size).toBe(holds.length)
        const statuses = holds.map(each => each.status)
        const expected = statuses.includes('disabled')
          ? 'disabled'
          : statuses.includes('draining')
            ? 'draining'
            : 'enabled'
        expect(holdFact(holds).status).toBe(expected)
      }),
    )
  })

  test('what one source asks for never changes the hold of another', () => {
    fc.assert(
      fc.property(fc.array(step), order, (steps, next) => {
        const holds = steps.reduce<Holds>((before, each, at) => each(before, at * 10), [])
        const others = (list: Holds) => list.filter(each => each.source !== next.source)
        expect(others(withHold(holds, next, 1e6))).toEqual(others(holds))
        expect(withoutHold(holds, next.source)).toEqual(others(holds))
      }),
    )
  })
})
