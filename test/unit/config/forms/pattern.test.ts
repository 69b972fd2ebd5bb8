import { expect, test } from 'vitest'
import { Pattern, wrongInPattern } from '../../../../src/config/forms/pattern.ts'
import { randomOf } from '../../../support/random.ts'

test.each([
  ['"status":\\s*"pass"', '{"status": "pass"}', '{"status": "fail"}'],
  ['^(?:ok|pass)$', 'pass', 'passed'],
  ['(?<word>[a-z]+)-\\d{3}', 'erp-042', 'erp-42'],
  ['\\u0041\\x42[^]\\p{Lu}', 'AB\nC', 'ABC'],
  ['[(?=]\\\\k', '=\\k', '=k'],
])('%s means what it means in JavaScript', (source, matching, other) => {
  expect(wrongInPattern(source)).toBeUndefined()
  const pattern = new Pattern(source)
  expect([pattern.test(matching), pattern.test(other)]).toEqual([true, false])
  expect(new RegExp(source, 'u').test(matching)).toBe(true)
  expect(new RegExp(source, 'u').test(other)).toBe(false)
})

test.each([
  ['pass(?=")', 'looks ahead or behind'],
  ['(?<!un)healthy', 'looks ahead or behind'],
  ['(["\'])ok\\1', 'refers back to a group: \\1'],
  ['(?<q>["\'])ok\\k<q>', 'refers back to a group: \\k'],
  ['\\p{Script=Greek}', 'write \\p{L} for letters'],
  ['a{1,2000}', 'more than 1000 times'],
])('%s is refused, with the reason', (source, why) => {
  expect(wrongInPattern(source)).toContain(why)
})

test('a pattern that is no expression at all is refused', () => {
  expect(wrongInPattern('(')).toContain('check brackets')
})

test('a pattern that would fill the memory is refused soon', () => {
  const startedMs = performance.now()
  expect(wrongInPattern('(?:\\pL|x){1000}'.replace('\\pL', '\\p{L}').repeat(1000))).toContain('too large')
  expect(performance.now() - startedMs).toBeLessThan(5000)
})

test('what would take JavaScript years is found out at once, and again after one that was cut short', () => {
  const pattern = new Pattern('^(a+)+b')
  expect(pattern.test('a'.repeat(65_536))).toBe(false)
  const slow = new Pattern('[ab]*a[ab]{20}[^ab]')
  const random = randomOf(1)
  const branches = Array.from({ length: 65_536 }, () => (random() < 0.5 ? 'a' : 'b')).join('')
  expect(slow.test(branches)).toBeUndefined()
  expect(slow.test(`${'ba'.repeat(30)}!`)).toBe(true)
})
