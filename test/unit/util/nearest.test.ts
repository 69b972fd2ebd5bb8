import { describe, expect, test } from 'vitest'
import { distance, nearest } from '../../../src/util/nearest.ts'

describe('did you mean', () => {
  test.each([
    ['listners', 'listeners'],
    ['Pools', 'pools'],
    ['poosl', 'pools'],
    ['healthcheck', 'health'],
    ['rout', 'routes'],
    ['warning', undefined],
    ['x', undefined],
    ['', undefined],
  ])('%j: %j', (word, meant) => {
    expect(nearest(word, ['listeners', 'routes', 'pools', 'health', 'log'])).toBe(meant)
  })

  test.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'abd', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j in %d edits', (a, b, edits) => {
    expect(distance(a, b)).toBe(edits)
    expect(distance(b, a)).toBe(edits)
  })
})
