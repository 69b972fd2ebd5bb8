import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AppendKind } from '../../../../src/store/contract.ts'
import { totalLost, type Waiting, WriteQueue } from '../../../../src/store/main/write-queue.ts'

const append = (kind: AppendKind, row: number): Waiting<number, string> => ({ type: 'append', kind, row })

test('rows leave in the order in which they came', () => {
  const queue = new WriteQueue<number, string>(100)
  for (let row = 0; row < 5; row += 1) queue.add(append('transition', row))
  expect(queue.take(3).map(item => item.type === 'append' && item.row)).toEqual([0, 1, 2])
  expect(queue.length).toBe(2)
})

test('what was put back comes before what came later', () => {
  const queue = new WriteQueue<number, string>(100)
  for (let row = 0; row < 3; row += 1) queue.add(append('transition', row))
  const taken = queue.take(2)
  queue.add(append('audit', 9))
  queue.putBack(taken)
  expect(queue.take(9).map(item => item.type === 'append' && item.row)).toEqual([0, 1, 2, 9])
})

test('a full queue gives up its oldest transitions first and its audit rows last', () => {
  const queue = new WriteQueue<number, string>(20)
  queue.add(append('audit', 0))
  queue.add(append('in-doubt', 1))
  for (let row = 2; row < 20; row += 1) queue.add(append(row % 2 === 0 ? 'transition' : 'incident', row))
  expect(queue.add(append('transition', 20))).toEqual({ transition: 3, incident: 0, 'in-doubt': 0, audit: 0 })
  const left = queue.take(99).map(item => (item.type === 'append' ? item.row : -1))
  expect(left.slice(0, 5)).toEqual([0, 1, 3, 5, 7])
  expect(left.at(-1)).toBe(20)
})

test('a change that somebody waits for is never given up for room', () => {
  const queue = new WriteQueue<number, string>(10)
  queue.add({ type: 'commit', commit: 'one' })
  for (let row = 0; row < 50; row += 1) queue.add(append('transition', row))
  expect(queue.commits()).toEqual(['one'])
  expect(queue.remove('one')).toBe(true)
  expect(queue.remove('one')).toBe(false)
})

test('whatever comes, the queue stays within its bound and every row is either in it, was taken, or was counted', () => {
  const kinds = fc.constantFrom<AppendKind>('transition', 'incident', 'in-doubt', 'audit')
  const step = fc.oneof({ weight: 8, arbitrary: kinds }, { weight: 1, arbitrary: fc.constant('take' as const) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { maxLength: 200 }), (most, steps) => {
      const queue = new WriteQueue<number, string>(most)
      let added = 0
      let gone = 0
      for (const each of steps) {
        if (each === 'take') gone += queue.take(3).length
        else {
          added += 1
          gone += totalLost(queue.add(append(each, added)))
        }
        expect(queue.length).toBeLessThanOrEqual(most)
        expect(queue.length + gone).toBe(added)
      }
    }),
  )
})
