// Which pools get every body with its length.

import { expect, test } from 'vitest'
import { losesChunks, wantsLength } from '../../../../../src/policy/request/buffering/body-length.ts'

test('what the configuration says goes before what was learned', () => {
  expect(wantsLength(undefined, false)).toBe(false)
  expect(wantsLength(undefined, true)).toBe(true)
  expect(wantsLength('as-is', true)).toBe(false)
  expect(wantsLength('length', false)).toBe(true)
})

test.each([
  ['TwistedWeb/22.4.0', true],
  ['twistedweb/24', true],
  ['Werkzeug/2.2.2 Python/3.11', false],
  ['gunicorn', false],
  [undefined, false],
])('%s loses what says no length: %s', (server, loses) => {
  expect(losesChunks(server)).toBe(loses)
})
