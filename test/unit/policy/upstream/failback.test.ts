import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type LevelState, nextFloor } from '../../../../src/policy/upstream/failback.ts'

const STATES: Readonly<Record<string, LevelState>> = {
  up: { available: true, unknown: false },
  out: { available: false, unknown: false },
  '?': { available: false, unknown: true },
  'up?': { available: true, unknown: true },
}
const floors = (words: string, floor: number) =>
  nextFloor(
    words.split(' ').map(word => STATES[word]!),
    floor,
  )

test.each([
  ['up up', 0, 0, 'the first serves'],
  ['out up', 0, 1, 'the first can’t, the second takes over'],
  ['up up', 1, 1, 'the first is back, and waits'],
  ['up? up', 1, 1, 'it waits also while not all of it is known'],
  ['? up', 0, 0, 'at boot the second may be known before the first: that is no outage'],
  ['out out', 0, 0, 'nothing serves: nothing moves'],
  ['out out', 1, 1, 'nothing serves: nothing moves'],
  ['up out', 1, 0, 'the second can’t, and only the first is left'],
  ['up ?', 1, 1, 'the second has no verdict yet: a reload is no reason to move'],
  ['out out up', 0, 2, 'over several levels'],
  ['out ? up', 0, 0, 'not before each level in between is known'],
  ['up out up', 1, 2, 'further down rather than up'],
  ['up up out', 2, 0, 'as far up as it goes, where it has to move up'],
  ['? up out', 2, 2, 'not before the one above is known'],
  ['up', 3, 0, 'a reload has taken the levels away'],
])('%s with the floor at %i: %i, since %s', (words, floor, expected) => {
  expect(floors(words, floor)).toBe(expected)
})

const anyLevels = fc.array(fc.record({ available: fc.boolean(), unknown: fc.boolean() }), {
  minLength: 1,
  maxLength: 5,
})

test('a pool whose floor can serve never moves, and a move ends where something serves', () => {
  fc.assert(
    fc.property(anyLevels, fc.nat(4), (levels, at) => {
      const floor = Math.min(at, levels.length - 1)
      const next = nextFloor(levels, floor)
      if (levels[floor]!.available) expect(next).toBe(floor)
      if (next !== floor) expect(levels[next]!.available).toBe(true)
      // Upwards only where nothing from the floor on is left.
      if (next < floor) expect(levels.slice(floor).some(level => level.available)).toBe(false)
    }),
  )
})

test('one state makes one move', () => {
  fc.assert(
    fc.property(anyLevels, fc.nat(4), (levels, at) => {
      const next = nextFloor(levels, Math.min(at, levels.length - 1))
      expect(nextFloor(levels, next)).toBe(next)
    }),
  )
})
