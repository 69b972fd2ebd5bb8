// Values with variables: what is one, what is text, and that text is never lost.

import { describe, expect, test } from 'vitest'
import { parseTemplate, render } from '../../../../../src/policy/request/fields/template.ts'
import { fc, test as property } from '../../../config/property.ts'

const shown = (value: string) => {
  const parsed = parseTemplate(value)
  return 'unknown' in parsed ? parsed : render(parsed, variable => `<${variable}>`)
}

describe('a value', () => {
  test.each([
    ['plain', 'plain'],
    ['{client}', '<client>'],
    ['for={client};host={host}', 'for=<client>;host=<host>'],
    ['{client}{host}', '<client><host>'],
    ['{{client}', '{client}'],
    ['{{{client}', '{<client>'],
    ['{{{{', '{{'],
    ['{', '{'],
    ['{}', '{}'],
    ['{"group":"a","max_age":1,"endpoints":[{"url":"x"}]}', '{"group":"a","max_age":1,"endpoints":[{"url":"x"}]}'],
    ['{client', '{client'],
    ['{ client }', '{ client }'],
  ])('%s is %s', (value, text) => {
    expect(shown(value)).toBe(text)
  })

  test('with a word in braces that is no variable is refused', () => {
    expect(shown('a {Client} b')).toEqual({ unknown: 'Client' })
    expect(shown('{remote_addr}')).toEqual({ unknown: 'remote_addr' })
  })

  property(
    'with all its braces doubled is what it was',
    [fc.string({ unit: fc.constantFrom('{', '}', 'a', 'client', ' ') })],
    value => {
      expect(shown(value.replaceAll('{', '{{'))).toBe(value)
    },
  )
})
