import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEventStream, type StreamedEvent } from '../../../src/commands/live/sse.ts'
import { parseWeight } from '../../../src/commands/live/weight.ts'
import { amount } from '../../support/thorough.ts'

test('a stream of events reads the same in whatever pieces it comes', () => {
  const stream =
    'retry: 2000\n\n: still here\n\nevent: transition\nid: 7\ndata: {"a":1}\n\nevent: gap\r\nid: 8\r\ndata: x\r\ndata:y\r\n\r\ndata\n\nid: 9\n\n'
  const expected = [
    { type: 'transition', id: '7', data: '{"a":1}' },
    { type: 'gap', id: '8', data: 'x\ny' },
    { type: 'message', id: '8', data: '' },
  ]
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 200, maxLength: 200 }), sizes => {
      const events: StreamedEvent[] = []
      const parse = parseEventStream(event => events.push(event))
      let at = 0
      for (const size of sizes) {
        parse(stream.slice(at, at + size))
        at += size
      }
      expect(events).toEqual(expected)
    }),
    { numRuns: amount(50) },
  )
})

test.each([
  ['0', { weight: 0 }],
  ['40', { weight: 40 }],
  ['1000', { weight: 1000 }],
  ['25%', { percent: 25 }],
  ['12.5%', { percent: 12.5 }],
  ['reset', { weight: null }],
])('%s is a weight', (text, wish) => {
  expect(parseWeight(text)).toEqual(wish)
})

test.each(['', '-1', '1001', '1e3', '0x10', '%', '10 %', 'none', 'Infinity', ' 5'])('%j is none', text => {
  expect(parseWeight(text)).toBeUndefined()
})
