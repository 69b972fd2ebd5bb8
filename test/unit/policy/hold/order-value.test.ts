// By which value requests have their order.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HoldOrder } from '../../../../src/plan/hold.ts'
import { type OrderedRequest, orderValue, shownValue } from '../../../../src/policy/hold/order-value.ts'

const request = (text: string | undefined): OrderedRequest => ({
  client: '192.0.2.7',
  field: name => (name === 'x-shop' ? 'north' : undefined),
  text: () => text,
})
const json = (pointer: string): HoldOrder => ({ by: 'json', pointer })

test.each<[string, HoldOrder, string]>([
  ['all of the route', { by: 'route' }, ''],
  ['its client', { by: 'client' }, '192.0.2.7'],
  ['a field', { by: 'header', name: 'x-shop' }, 'north'],
  ['a field that is not there', { by: 'header', name: 'x-other' }, ''],
  ['a value of its body', json('/customer/id'), '17'],
  ['a value in a list', json('/lines/1'), 'b'],
  ['a name with a slash and a tilde', json('/a~1b/m~0n'), 'true'],
  ['a value that is not there', json('/customer/name'), ''],
  ['one that is no single value', json('/customer'), ''],
  ['null', json('/nothing'), ''],
  ['what every object has', json('/toString/length'), ''],
  ['what is beyond a text', json('/lines/1/length'), ''],
])('%s', (_, order, value) => {
  const body = '{"customer":{"id":17},"lines":["a","b"],"a/b":{"m~n":true},"nothing":null}'
  expect(orderValue(order, request(body))).toBe(value)
})

test.each([[undefined], ['no JSON'], ['']])('a body that can’t be read (%s) has none', text => {
  expect(orderValue(json('/a'), request(text))).toBe('')
})

test('whatever comes, it is a text, and what is shown of it is one bounded line', () => {
  const pointer = fc.array(fc.string()).map(steps => steps.map(step => `/${step.replace(/[~/]/g, '~0')}`).join(''))
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), pointer, (text, at) => {
      const shown = shownValue(orderValue(json(at), request(text)))
      expect(shown.length).toBeLessThanOrEqual(200)
      expect(shown).not.toMatch(/[\r\n\0]/)
    }),
  )
})
