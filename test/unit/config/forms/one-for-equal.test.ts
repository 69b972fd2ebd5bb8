import { describe, expect, test } from 'vitest'
import { oneForEqual } from '../../../../src/config/forms/one-for-equal.ts'

const plan = (name: string, responseMs: number) => ({
  name,
  match: { hosts: [`${name}.example.com`], methods: [], path: '/' },
  timeouts: { responseMs, idleMs: 1 },
  access: undefined,
})

describe('equal parts of plans', () => {
  test('become one object, and nothing that is said changes', () => {
    const shared = oneForEqual()
    const [first, second] = [shared(plan('a', 5)), shared(plan('b', 5))]
    expect([first, second]).toEqual([plan('a', 5), plan('b', 5)])
    expect(second.timeouts).toBe(first.timeouts)
    expect(second.match.methods).toBe(first.match.methods)
    expect(second.match).not.toBe(first.match)
  })

  test('stay two where a value differs, also by what JSON has no word for', () => {
    const shared = oneForEqual()
    const values = [1, '1', null, Infinity, undefined, true, 'true', [], {}, ['a', 'b'], ['a,b'], ['"a","b"']]
    const parts = values.map(value => shared({ part: { value } }).part)
    expect(new Set(parts).size).toBe(values.length)
    expect(parts).toEqual(values.map(value => ({ value })))
  })
})
