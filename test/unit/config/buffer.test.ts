// What of bodies is buffered: what it compiles to, and every way to get it wrong, in words.

import { describe, expect, test } from 'vitest'
import type { RouteBufferPlan } from '../../../src/plan/buffering.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const MIB = 1024 ** 2
const GIB = 1024 ** 3
const AUTO_REQUEST = { mode: 'auto', memoryBytes: 64 * 1024, maxBytes: 2 * GIB }
const AUTO_RESPONSE = { mode: 'auto', memoryBytes: MIB, maxBytes: GIB }

const route = (keys: string): Parts => ({ routes: `- { pool: erp, ${keys} }` })
const bufferOf = (parts: Parts): RouteBufferPlan => snapshotOf(documentOf(parts)).routes[0]!.buffer!

test('what nothing is said of is left to what vigia knows of an upstream', () => {
  expect(bufferOf({})).toEqual({ request: AUTO_REQUEST, response: AUTO_RESPONSE })
})

test('one word is for both directions', () => {
  expect(bufferOf(route('buffer: off'))).toEqual({
    request: { ...AUTO_REQUEST, mode: 'off' },
    response: { ...AUTO_RESPONSE, mode: 'off' },
  })
})

test('sizes turn it on', () => {
  expect(bufferOf(route('buffer: { request: { max: 1GiB }, response: { memory: 0, max: 10MiB } }'))).toEqual({
    request: { mode: 'on', memoryBytes: 64 * 1024, maxBytes: GIB },
    response: { mode: 'on', memoryBytes: 0, maxBytes: 10 * MIB },
  })
})

test('what a route says of a direction goes before what its pool says', () => {
  const pool = 'buffer: { request: on, response: { memory: 2MiB } }'
  expect(bufferOf({ ...route('buffer: { request: off }'), pool })).toEqual({
    request: { ...AUTO_REQUEST, mode: 'off' },
    response: { mode: 'on', memoryBytes: 2 * MIB, maxBytes: GIB },
  })
  expect(bufferOf({ ...route('buffer: off'), pool }).response.mode).toBe('off')
})

test('what all buffers may take', () => {
  const buffersOf = (more: string) => snapshotOf(documentOf({ more })).buffers
  expect(buffersOf('')).toEqual({
    directory: undefined,
    memoryBytes: undefined,
    diskBytes: 2 * GIB,
    keepFreeBytes: GIB,
  })
  expect(buffersOf('store: /var/lib/vigia/store.db').directory).toBe('/var/lib/vigia')
  expect(buffersOf('buffers: { directory: /spool, memory: 64MiB, disk: 0, keepFree: 0 }')).toEqual({
    directory: '/spool',
    memoryBytes: 64 * MIB,
    diskBytes: 0,
    keepFreeBytes: 0,
  })
})

describe('in words', () => {
  test.each<[string, Parts, string]>([
    [
      'too much memory for one body',
      route('buffer: { response: { memory: 1GiB } }'),
      'routes[0].buffer.response.memory: is 1GiB, expected at most 64MiB',
    ],
    [
      'more in memory than in all',
      route('buffer: { response: { max: 64KiB } }'),
      'routes[0].buffer.response.max: 1MiB in memory are more than 64KiB in all: lower memory, or raise max',
    ],
    ['the same on a pool', { pool: 'buffer: { request: { memory: 65MiB } }' }, 'pools.erp.buffer.request.memory'],
    ['a long poll', route('longPoll: true, buffer: on'), 'buffer: has no effect: nothing of a long poll is buffered'],
    ['a word of nginx', route('proxy_request_buffering: off'), 'did you mean "buffer"?'],
    ['another word of nginx', route('proxy_buffering: off'), 'did you mean "buffer"?'],
    [
      'a word of HAProxy',
      { more: 'option_http_buffer_request: true', ...route('request_buffering: on') },
      'did you mean "buffer"?',
    ],
    ['words of Traefik', route('buffer: { request: { memRequestBodyBytes: 1MiB } }'), 'did you mean "memory"?'],
    ['a size of nginx', route('buffer: { response: { proxy_max_temp_file_size: 1GiB } }'), 'did you mean "max"?'],
    ['a folder of nginx', { more: 'buffers: { proxy_temp_path: /tmp }' }, 'did you mean "directory"?'],
    ['a word that is none', route('buffer: yes'), 'expected "auto", "on", "off"'],
  ])('%s', (_, parts, problem) => {
    expect(problemsOf(documentOf(parts)).join('\n')).toContain(problem)
  })

  test('nothing is said of what is right', () => {
    expect(problemsOf(documentOf(route('longPoll: true, buffer: off')))).toEqual([])
    expect(problemsOf(documentOf(route('buffer: { request: on, response: { memory: 4MiB, max: 10GiB } }')))).toEqual([])
  })
})
