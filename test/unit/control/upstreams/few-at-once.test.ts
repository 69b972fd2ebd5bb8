import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FewAtOnce } from '../../../../src/control/upstreams/probes/few-at-once.ts'

function begins(most: number) {
  const begun: number[] = []
  return { begun, few: new FewAtOnce<number>(most, due => begun.push(due)) }
}

test('what is due at once begins a few in each turn of the event loop, in the order in which it came', async () => {
  const { begun, few } = begins(3)
  for (let i = 0; i < 8; i += 1) few.add(i)
  expect(begun).toEqual([0, 1, 2])
  await nextTurn()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  few.add(8)
  await nextTurn()
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  // What was due before counts for this turn, not for ever.
  await nextTurn()
  few.add(9)
  expect(begun.at(-1)).toBe(9)
})

test('what waits twice begins once, and what is not due any more never', async () => {
  const { begun, few } = begins(1)
  for (const due of [1, 2, 2, 3, 4]) few.add(due)
  few.delete(3)
  for (let turn = 0; turn < 4; turn += 1) await nextTurn()
  expect(begun).toEqual([1, 2, 4])
  few.add(5)
  few.add(6)
  few.clear()
  await nextTurn()
  expect(begun).toEqual([1, 2, 4, 5])
})
