// Which bodies are buffered, and which never are.

import { expect, test } from 'vitest'
import { fieldOf } from '../../../../../src/http/field-names.ts'
import type { Fields } from '../../../../../src/http/fields.ts'
import { buffersRequest, buffersResponse } from '../../../../../src/policy/request/buffering/verdict.ts'

function fields(...list: [string, string][]): Fields {
  return {
    names: list.map(([name]) => name),
    values: list.map(([, value]) => value),
    kinds: list.map(([name]) => fieldOf(name)),
  }
}

const PLAIN = fields(['Content-Type', 'text/csv'])
const HOLDER = { mode: 'auto', longPoll: false, holdsWorkers: true } as const
const OTHER = { ...HOLDER, holdsWorkers: false }
const ON = { ...OTHER, mode: 'on' } as const
const OFF = { ...HOLDER, mode: 'off' } as const

test('of a route that leaves it to vigia, those of upstreams that hold a worker', () => {
  expect([HOLDER, OTHER].map(route => buffersResponse(route, PLAIN))).toEqual([true, false])
  expect([HOLDER, OTHER].map(route => buffersRequest(route, PLAIN, false))).toEqual([true, false])
})

test('of a route that is on all, of one that is off none', () => {
  expect([ON, OFF].map(route => buffersResponse(route, PLAIN))).toEqual([true, false])
  expect([ON, OFF].map(route => buffersRequest(route, PLAIN, false))).toEqual([true, false])
})

test.each([
  'text/event-stream',
  'Text/Event-Stream; charset=utf-8',
  'multipart/x-mixed-replace; boundary=x',
  'application/grpc-web',
])('no stream: %s', type => {
  const stream = fields(['content-type', type])
  expect([HOLDER, ON].map(route => buffersResponse(route, stream))).toEqual([false, false])
  expect([HOLDER, ON].map(route => buffersRequest(route, stream, false))).toEqual([false, false])
})

test('nothing of a long poll, and no request for another protocol', () => {
  expect(buffersResponse({ ...ON, longPoll: true }, PLAIN)).toBe(false)
  expect(buffersRequest({ ...ON, longPoll: true }, PLAIN, false)).toBe(false)
  expect(buffersRequest(ON, PLAIN, true)).toBe(false)
})

test('X-Accel-Buffering has its say: no always, yes where the route leaves it to vigia', () => {
  const no = fields(['X-Accel-Buffering', 'No'])
  const yes = fields(['x-accel-buffering', ' yes '])
  expect([HOLDER, OTHER, ON, OFF].map(route => buffersResponse(route, no))).toEqual([false, false, false, false])
  expect([HOLDER, OTHER, ON, OFF].map(route => buffersResponse(route, yes))).toEqual([true, true, true, false])
})
