// The trace id of a request comes from a valid traceparent (W3C Trace Context 3.2), and from nothing else.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { traceIdOf } from '../../../../src/policy/request/trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const REST = '00f067aa0ba902b7-01'

test.each([
  ['of version 00', `00-${TRACE}-${REST}`, TRACE],
  ['of a later version with more parts', `01-${TRACE}-${REST}-what-comes`, TRACE],
  ['none', undefined, ''],
  ['empty', '', ''],
  ['of version 00 with more parts', `00-${TRACE}-${REST}-more`, ''],
  ['of the forbidden version', `ff-${TRACE}-${REST}`, ''],
  ['in upper case', `00-${TRACE.toUpperCase()}-${REST}`, ''],
  ['all zero', `00-${'0'.repeat(32)}-${REST}`, ''],
  ['too short', `00-${TRACE.slice(1)}-${REST}`, ''],
  ['behind something else', ` 00-${TRACE}-${REST}`, ''],
])('%s', (_, traceparent, expected) => {
  expect(traceIdOf(traceparent)).toBe(expected)
})

test('whatever a client sends, the id is 32 hexadecimal digits or empty', () => {
  fc.assert(fc.property(fc.string(), text => void expect(traceIdOf(text)).toMatch(/^(?:[0-9a-f]{32})?$/)))
  fc.assert(
    fc.property(fc.string(), text => void expect(traceIdOf(`00-${TRACE}-${text}`)).toMatch(/^(?:[0-9a-f]{32})?$/)),
  )
})
