import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lanes, rankOf, type Waits } from '../../../../src/policy/request/queue-order.ts'

describe('rank', () => {
  test('a lower priority number goes before any ticket, equals go by their ticket, and all are exact integers', () => {
    const priority = fc.integer({ min: -9, max: 9 })
    const ticket = fc.integer({ min: 0, max: 2 ** 40 })
    fc.assert(
      fc.property(priority, ticket, priority, ticket, (p1, t1, p2, t2) => {
        const [one, two] = [rankOf(p1, t1), rankOf(p2, t2)]
        expect(Number.isSafeInteger(one) && one > 0).toBe(true)
        expect(Math.sign(one - two)).toBe(p1 === p2 ? Math.sign(t1 - t2) : Math.sign(p1 - p2))
      }),
    )
  })

  test('stays a positive integer whatever it is given', () => {
    for (const priority of [-1e9, -31.5, 0, 31.5, 1e9]) {
      for (const ticket of [0, 2 ** 47 - 1, 2 ** 52]) expect(Number.isSafeInteger(rankOf(priority, ticket))).toBe(true)
      expect(rankOf(priority, 0)).toBeGreaterThan(0)
    }
  })
})

interface Client extends Waits {
  readonly rank: number
  readonly lanes: readonly number[]
}

const client = fc.record({
  rank: fc.integer({ min: 1, max: 10_000 }),
  lanes: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
})
const clients = fc.uniqueArray(client, { selector: each => each.rank, maxLength: 40 })

function lanesOf(all: readonly Client[]): Lanes<Client> {
  const lanes = new Lanes<Client>()
  for (const each of all) lanes.add(each)
  return lanes
}

describe('lanes', () => {
  test('who is called and leaves, leaves in the order of the ranks, whatever lane he stands in', () => {
    fc.assert(
      fc.property(clients, all => {
        const lanes = lanesOf(all)
        const served: number[] = []
        for (let next = lanes.next(new Set()); next !== undefined; next = lanes.next(new Set())) {
          served.push(next.waiter.rank)
          lanes.remove(next.waiter)
        }
        expect(served).toEqual(all.map(each => each.rank).sort((a, b) => a - b))
        expect(lanes.size).toBe(0)
      }),
    )
  })

  test('the first of a lane is the lowest rank of those that are left in it', () => {
    fc.assert(
      fc.property(clients, fc.array(fc.nat()), (all, picks) => {
        const lanes = lanesOf(all)
        const left = [...all]
        for (const pick of picks) {
          if (left.length > 0) lanes.remove(left.splice(pick % left.length, 1)[0]!)
          for (const lane of [1, 2, 3, 4]) {
            const ranks = left.filter(each => each.lanes.includes(lane)).map(each => each.rank)
            expect(lanes.first(lane)?.rank).toBe(ranks.length === 0 ? undefined : Math.min(...ranks))
          }
          expect(lanes.size).toBe(left.length)
        }
      }),
    )
  })

  test('a lane that is stuck keeps its own back, nobody else', () => {
    const any = { rank: 1, lanes: [1] }
    const behind = { rank: 2, lanes: [1] }
    const own = { rank: 3, lanes: [2] }
    const lanes = lanesOf([own, behind, any])
    expect(lanes.next(new Set())).toEqual({ waiter: any, lane: 1 })
    expect(lanes.next(new Set([1]))).toEqual({ waiter: own, lane: 2 })
    expect(lanes.next(new Set([1, 2]))).toBeUndefined()
  })

  test('who stands in several lanes is called while one of them moves', () => {
    const first = { rank: 1, lanes: [1] }
    const both = { rank: 2, lanes: [1, 2] }
    const lanes = lanesOf([first, both])
    expect(lanes.next(new Set([1]))).toEqual({ waiter: both, lane: 2 })
  })
})
