// What a session tells and sends is a function of the bytes, not of how they were cut; and whatever comes, it ends in a defined way.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONNECTION_FAULTS } from '../../../src/http2/errors.ts'
import { encodeStatus } from '../../../src/http2/hpack/encoder.ts'
import { BlockEncoder, type Field } from '../../support/http2/block-encoder.ts'
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  type Frame,
  frame,
  HEADERS,
  OPENING,
  PADDED,
  PREFACE,
  settings,
  WITH_PRIORITY,
} from '../../support/http2/frames.ts'
import { amount } from '../../support/thorough.ts'
import { codeOf, endOf, SessionRun } from './support.ts'

const RUNS = Number(process.env.VIGIA_FUZZ_RUNS ?? amount(3000, 300))

const pseudo: readonly Field[] = [
  [':method', 'POST'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'erp.example'],
]
const field = fc.constantFrom<Field[]>(
  ['cookie', 'a=1'],
  ['cookie', 'b=2'],
  ['x', 'y'],
  ['content-length', '3'],
  ['Bad', ''],
  ['te', 'gzip'],
)
const block = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(field, { maxLength: 4 })
      .map(fields => new BlockEncoder().block([...pseudo, ...fields], 'plain', fields.length % 2 === 0)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)) },
)
const stream = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(1, 3, 5, 7, 9) },
  { weight: 1, arbitrary: fc.constantFrom(0, 2, 11, 0x7fff_ffff) },
)
const endsStream = fc.constantFrom(0, 1)
const number = fc.oneof(fc.constantFrom(0, 1, 16_383, 65_535, 0x7fff_ffff, 0xffff_ffff), fc.nat(100_000))

const headers = fc.tuple(stream, endsStream, block, fc.nat(3)).map(([id, ends, bytes, form]) => {
  if (form === 0) return frame(HEADERS, END_HEADERS | ends, id, bytes)
  if (form === 1)
    return frame(
      HEADERS,
      END_HEADERS | PADDED | WITH_PRIORITY | ends,
      id,
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 9]), bytes, Buffer.alloc(2)]),
    )
  const half = bytes.length >> 1
  return Buffer.concat([
    frame(HEADERS, ends, id, bytes.subarray(0, half)),
    frame(CONTINUATION, END_HEADERS, id, bytes.subarray(half)),
  ])
})
const body = fc
  .tuple(stream, endsStream, fc.uint8Array({ maxLength: 40 }), fc.boolean())
  .map(([id, ends, bytes, padded]) =>
    padded
      ? frame(DATA, PADDED | ends, id, Buffer.concat([Buffer.from([3]), bytes, Buffer.alloc(3)]))
      : frame(DATA, ends, id, bytes),
  )
/** More than a window in a few frames. */
const largeBody = stream.map(id =>
  Buffer.concat(Array.from({ length: 3 }, () => frame(DATA, 0, id, Buffer.alloc(16_384, 'l')))),
)
const anything = fc
  .tuple(fc.oneof(fc.nat(17), fc.nat(255)), fc.nat(255), stream, fc.uint8Array({ maxLength: 30 }))
  .map(([type, flags, id, payload]) => frame(type, flags, id, payload))
const control = fc
  .tuple(fc.constantFrom(2, 3, 6, 7, 8, 16), fc.constantFrom(0, 1), stream, number)
  .map(([type, flags, id, value]) => {
    const size = type === 2 ? 5 : type === 3 || type === 8 ? 4 : 8
    const payload = Buffer.alloc(size)
    payload.writeUInt32BE(value, 0)
    return frame(type, flags, type > 5 && type !== 8 ? 0 : id, payload)
  })
const someSettings = fc.array(fc.tuple(fc.nat(10), number), { maxLength: 3 }).map(pairs => settings(...pairs))
const frames = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: headers },
    { weight: 5, arbitrary: body },
    { weight: 1, arbitrary: largeBody },
    { weight: 3, arbitrary: control },
    { weight: 1, arbitrary: someSettings },
    { weight: 1, arbitrary: anything },
  ),
  { maxLength: 14 },
)
const streamOfFrames = frames.map(all => Buffer.concat([OPENING, ...all]))

interface Outcome {
  readonly told: readonly string[]
  readonly sent: readonly Frame[]
}

/** Answers each second request at once, and lets bodies come. */
function outcome(pieces: readonly Uint8Array[]): Outcome {
  const run = new SessionRun()
  run.listener.answer = opened => {
    if (opened.id % 4 === 1) {
      run.session.headers(opened, encodeStatus(200), false)
      run.session.data(opened, Buffer.alloc(20_000, 'd'), 0, 20_000, true)
    }
  }
  run.session.begin()
  run.receive(...pieces)
  return { told: run.told, sent: run.sent() }
}

function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const edges = [
    0,
    ...[...new Set(positions.map(each => each % (bytes.length + 1)))].sort((a, b) => a - b),
    bytes.length,
  ]
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i]!, edge))
}

test('a connection is read the same however its bytes are split', () => {
  fc.assert(
    fc.property(streamOfFrames, fc.array(fc.nat(2000), { maxLength: 12 }), (bytes, positions) => {
      expect(outcome(cut(bytes, positions))).toEqual(outcome([bytes]))
    }),
    { numRuns: RUNS },
  )
})

test('a connection is read byte by byte as it is in one piece', () => {
  fc.assert(
    fc.property(frames, all => {
      const bytes = Buffer.concat([OPENING, ...all.filter(each => each.length < 200)])
      expect(outcome([...bytes].map(byte => Buffer.from([byte])))).toEqual(outcome([bytes]))
    }),
    { numRuns: Math.ceil(RUNS / 10) },
  )
})

test('frames in any order leave a session whose books are right, or one that has said why it ended', () => {
  fc.assert(
    fc.property(frames, all => {
      const run = new SessionRun({ streams: 3 })
      run.session.begin()
      run.receive(OPENING, ...all)
      const { streams, over } = run.session
      const { fault, opened } = run.listener
      expect(over).toBe(fault !== undefined)
      expect(streams.size).toBeLessThanOrEqual(3)
      expect([...streams.values()]).toEqual(opened.filter(({ gone }) => !gone))
      for (const { held, taken, receiveWindow } of opened)
        expect(held + taken + receiveWindow).toBeLessThanOrEqual(65_535)
      if (fault !== undefined) expect(endOf(run.sent())).toMatchObject({ debug: fault, code: codeOf(fault) })
      // Nothing is told of a stream once it is gone or refused, but for a reset of the latter.
      for (const { id } of opened) {
        const lines = run.told.filter(line => line.split(' ')[1] === String(id) && !line.startsWith('window'))
        const ended = lines.findIndex(line => /^(reset|refused|malformed|end)/.test(line))
        if (ended >= 0) expect(lines.slice(ended + 1).filter(line => !line.startsWith('reset'))).toEqual([])
      }
    }),
    { numRuns: RUNS },
  )
})

test('arbitrary bytes never throw, whether a connection has begun or not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), raw => {
      for (const start of [Buffer.alloc(0), PREFACE, OPENING]) {
        const run = new SessionRun()
        run.receive(Buffer.concat([start, raw]))
        const { fault } = run.listener
        if (fault !== undefined) expect(Object.keys(CONNECTION_FAULTS)).toContain(fault)
      }
    }),
    { numRuns: RUNS },
  )
})
