// Frames that are sound, but too many: each kind has its fault, and what a client has good reason for passes.

import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/http2/errors.ts'
import { encodeStatus } from '../../../src/http2/hpack/encoder.ts'
import { BlockEncoder } from '../../support/http2/block-encoder.ts'
import {
  CONTINUATION,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  PING,
  PRIORITY,
  PRIORITY_UPDATE,
  reset,
  settings,
  uint32,
  windowUpdate,
} from '../../support/http2/frames.ts'
import { codeOf, endOf, opened, type SessionRun } from './support.ts'

const GET = new BlockEncoder().block(
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'erp.example'],
  ],
  'plain',
)
const request = (stream: number, flags = END_STREAM): Buffer => frame(HEADERS, END_HEADERS | flags, stream, GET)
const MOST = 10_000

/** Sends on until the connection ends. @returns after how many */
function floodWith(run: SessionRun, bytes: (round: number) => Buffer): number {
  for (let round = 0; round < MOST; round += 1) {
    run.receive(bytes(round))
    if (run.listener.fault !== undefined) return round
  }
  return MOST
}

describe('a flood ends its connection', () => {
  test.each<[of: string, bytes: (round: number) => Buffer, fault: Parameters<typeof codeOf>[0], most: number]>([
    [
      'requests that are reset at once',
      i => Buffer.concat([request(2 * i + 3), reset(2 * i + 3, 8)]),
      'reset-flood',
      300,
    ],
    [
      'requests that are malformed',
      i => Buffer.concat([frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 3), reset(2 * i + 3, 8)]),
      'reset-flood',
      300,
    ],
    [
      'requests that break the rules of streams',
      i => Buffer.concat([request(2 * i + 3), windowUpdate(2 * i + 3, 0)]),
      'reset-flood',
      300,
    ],
    ['requests beyond the most at once', i => request(2 * i + 3), 'reset-flood', 400],
    ['pings', () => frame(PING, 0, 0, Buffer.alloc(8)), 'ping-flood', 500],
    ['settings', () => settings([3, 100]), 'settings-flood', 50],
    ['old priorities', () => frame(PRIORITY, 0, 9, Buffer.alloc(5)), 'priority-flood', 2000],
    ['priorities', () => frame(PRIORITY_UPDATE, 0, 0, uint32(9)), 'priority-flood', 2000],
    ['window updates', () => windowUpdate(0, 1), 'window-update-flood', 3000],
    ['window updates of a stream that has ended', () => windowUpdate(1, 1), 'window-update-flood', 3000],
    ['empty data', () => data(1, ''), 'empty-frame-flood', 200],
    ['data of padding alone', () => data(1, '\x03\0\0\0', 8), 'empty-frame-flood', 200],
    [
      'empty parts of header blocks',
      i => Buffer.concat([frame(HEADERS, END_STREAM, 2 * i + 3, GET), frame(CONTINUATION, END_HEADERS, 2 * i + 3)]),
      'empty-frame-flood',
      300,
    ],
    ['unknown frames', () => frame(0xee, 0, 0), 'unknown-frame-flood', 200],
    ['resets of a stream that has ended', () => reset(1, 8), 'closed-stream-flood', 2001],
  ])('of %s', (_, bytes, fault, most) => {
    const run = opened()
    // One that stays open, so that frames may name it.
    run.receive(request(1, 0))
    const rounds = floodWith(run, bytes)
    expect(run.listener.fault).toBe(fault)
    expect(codeOf(fault)).toBe(ERROR.enhanceYourCalm)
    expect(rounds).toBeGreaterThan(most / 2)
    expect(rounds).toBeLessThanOrEqual(most)
    expect(endOf(run.sent())).toMatchObject({ code: ERROR.enhanceYourCalm, debug: fault })
  })

  test('of data on streams that vigia has reset', () => {
    const run = opened()
    run.receive(request(1, 0))
    run.session.reset(run.listener.opened[0]!, ERROR.noError)
    floodWith(run, () => data(1, 'a'))
    expect(run.listener.fault).toBe('closed-stream-flood')
  })
})

describe('what is no flood', () => {
  test('the same frames, over a longer time', () => {
    const run = opened()
    for (let second = 0; second < 200; second += 1) {
      run.nowMs += 1000
      const stream = 2 * second + 1
      run.receive(request(stream), reset(stream, 8), frame(PING, 0, 0, Buffer.alloc(8)), settings([3, 100]))
      for (let i = 0; i < 50; i += 1) run.receive(windowUpdate(0, 1))
      run.sent()
    }
    expect(run.listener.fault).toBeUndefined()
  })

  test('a page that is left with a hundred requests under way, twice', () => {
    const run = opened()
    for (let page = 0; page < 2; page += 1) {
      for (let i = 0; i < 100; i += 1) run.receive(request(200 * page + 2 * i + 1))
      for (let i = 0; i < 100; i += 1) run.receive(reset(200 * page + 2 * i + 1, 8))
    }
    expect(run.listener.fault).toBeUndefined()
    expect(run.told.filter(line => line.startsWith('request'))).toHaveLength(200)
  })

  test('requests that are given up, as long as as many are answered', () => {
    const run = opened()
    for (let i = 0; i < 2000; i += 1) {
      run.receive(request(4 * i + 1), request(4 * i + 3), reset(4 * i + 3, 8))
      run.session.headers(run.listener.opened.at(-2)!, encodeStatus(204), true)
      run.sent()
    }
    expect(run.listener.fault).toBeUndefined()
  })

  test('a download of which each frame is acknowledged twice', () => {
    const run = opened()
    run.receive(request(1))
    const piece = Buffer.alloc(1000)
    for (let i = 0; i < 5000; i += 1) {
      expect(run.session.data(run.listener.opened[0]!, piece, 0, 1000, false)).toBe(1000)
      run.receive(windowUpdate(0, 1000), windowUpdate(1, 1000))
      run.sent()
    }
    expect(run.listener.fault).toBeUndefined()
  })

  test('but a download of a few bytes at a time is one', () => {
    const run = opened()
    run.receive(settings([4, 1]), request(1))
    const piece = Buffer.alloc(MOST)
    let at = 0
    const rounds = floodWith(run, () => {
      at = run.session.data(run.listener.opened[0]!, piece, at, MOST, true)
      return windowUpdate(1, 1)
    })
    expect(rounds).toBeLessThanOrEqual(3000)
    expect(run.listener.fault).toBe('window-update-flood')
  })
})
