import type { Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as ws from 'ws'
import { beginsClose, closeFrame, FrameTracker, type Sender } from '../../../src/websocket/frames.ts'
import { amount } from '../../support/thorough.ts'

/** Its types leave out what it exports. */
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable }

interface Frame {
  readonly first: number
  readonly payload: Buffer
  /** Length field: 0, 2 or 8 bytes beyond the second byte; a longer one than needed can be read all the same. */
  readonly extended: 0 | 2 | 8
}

function bytesOf({ first, payload, extended }: Frame, sender: Sender): Buffer {
  const maskBit = sender === 'client' ? 0x80 : 0
  const head = Buffer.alloc(2 + extended)
  head[0] = first
  head[1] = maskBit | (extended === 0 ? payload.length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(payload.length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, sender === 'client' ? Buffer.from([0xff, 0x88, 0x00, 0x7f]) : Buffer.alloc(0), payload])
}

const senders = fc.constantFrom<Sender>('client', 'server')
const dataFrames = fc
  .record({
    first: fc.tuple(fc.constantFrom(0, 1, 2), fc.nat(15)).map(([opcode, bits]) => (bits << 4) | opcode),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 130 }),
      fc.nat(70_000).map(length => new Uint8Array(length).fill(0x88)),
    ),
    wide: fc.boolean(),
  })
  .map(({ first, payload, wide }): Frame => {
    const extended = payload.length > 65_535 || wide ? 8 : payload.length > 125 ? 2 : 0
    return { first, payload: Buffer.from(payload), extended }
  })
const controlFrames = fc
  .record({ opcode: fc.constantFrom(8, 9, 10), payload: fc.uint8Array({ maxLength: 125 }) })
  .map(({ opcode, payload }): Frame => ({ first: 0x80 | opcode, payload: Buffer.from(payload), extended: 0 }))
const conversations = fc.array(fc.oneof(dataFrames, controlFrames), { maxLength: 12 })

/** Positions at which the tracker says a frame has ended, read in pieces that end at `cuts`. */
function boundaries(bytes: Buffer, cuts: readonly number[], sender: Sender): number[] {
  const tracker = new FrameTracker(sender)
  const found: number[] = []
  let before = 0
  for (const cut of [...new Set(cuts.map(each => each % (bytes.length + 1))), bytes.length].sort((a, b) => a - b)) {
    const piece = bytes.subarray(before, cut)
    for (let at = 0; at < piece.length; ) {
      const next = tracker.advance(piece, at)
      expect(next).toBeGreaterThan(at)
      at = next
      if (tracker.atBoundary) found.push(before + at)
    }
    before = cut
  }
  expect(tracker.valid).toBe(true)
  return found
}

describe('the frames of a WebSocket', () => {
  test('end where they end, however the bytes are cut', () => {
    fc.assert(
      fc.property(senders, conversations, fc.array(fc.nat(), { maxLength: 40 }), (sender, frames, cuts) => {
        const pieces = frames.map(frame => bytesOf(frame, sender))
        const bytes = Buffer.concat(pieces)
        let end = 0
        const expected = pieces.map(piece => {
          end += piece.length
          return end
        })
        expect(boundaries(bytes, cuts, sender)).toEqual(expected)
        const whole = new FrameTracker(sender)
        whole.push(bytes)
        expect(whole.atBoundary).toBe(true)
        expect(whole.closed).toBe(frames.some(({ first }) => beginsClose(first)))
      }),
      { numRuns: amount(300) },
    )
  })

  test('end where they end when each byte comes alone', () => {
    fc.assert(
      fc.property(
        senders,
        fc.array(fc.oneof(dataFrames, controlFrames), { minLength: 1, maxLength: 3 }),
        (sender, frames) => {
          const bytes = Buffer.concat(frames.map(frame => bytesOf(frame, sender))).subarray(0, 5_000)
          const tracker = new FrameTracker(sender)
          const all = new FrameTracker(sender)
          for (let at = 0; at < bytes.length; at += 1) tracker.push(bytes.subarray(at, at + 1))
          all.push(bytes)
          expect([tracker.atBoundary, tracker.closed, tracker.valid]).toEqual([all.atBoundary, all.closed, all.valid])
        },
      ),
      { numRuns: amount(100) },
    )
  })

  test('never changes a byte, and takes any bytes without an exception', () => {
    fc.assert(
      fc.property(senders, fc.array(fc.uint8Array()), (sender, pieces) => {
        const tracker = new FrameTracker(sender)
        let valid = true
        for (const piece of pieces) {
          const before = Uint8Array.from(piece)
          tracker.push(piece)
          expect(piece).toEqual(before)
          expect(valid || !tracker.valid, 'what is no frame once stays none').toBe(true)
          expect(tracker.atBoundary && !tracker.valid).toBe(false)
          valid = tracker.valid
        }
      }),
    )
  })

  test('of all lengths that a head can say have the end that it says', () => {
    const tracker = new FrameTracker('server')
    const head = Buffer.from([0x82, 127, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    tracker.push(head)
    expect([tracker.valid, tracker.atBoundary]).toEqual([true, false])
  })

  test.each([
    ['a reserved opcode for data', 'server', [0x83]],
    ['a reserved opcode for control', 'server', [0x8b]],
    ['a control frame that is not final', 'server', [0x09]],
    ['a control frame longer than 125 bytes', 'server', [0x89, 126]],
    ['a masked frame of a server', 'server', [0x82, 0x81]],
    ['an unmasked frame of a client', 'client', [0x82, 0x01]],
    ['a length of more than 53 bits', 'server', [0x82, 127, 0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['a length with its highest bit set', 'server', [0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]],
    ['text', 'client', [...Buffer.from('hello')]],
  ] as const)('are none after %s', (_, sender, bytes) => {
    const tracker = new FrameTracker(sender)
    tracker.push(Buffer.from(bytes))
    expect(tracker.valid).toBe(false)
    tracker.push(Buffer.from([0x82, 0]))
    expect([tracker.valid, tracker.atBoundary]).toEqual([false, false])
  })
})

describe('a Close frame', () => {
  test.each([
    [1012, 'service restart', undefined],
    [1001, 'going away', Buffer.from([1, 2, 3, 4])],
    [1001, '', Buffer.from([0, 0, 0, 0])],
    [1000, 'x'.repeat(123), Buffer.from([255, 254, 253, 252])],
  ])('of status %i and reason "%s" is read by another implementation as it was meant', async (status, reason, key) => {
    const frame = closeFrame(status, reason, key)
    const receiver = new Receiver({ isServer: key !== undefined })
    const read = new Promise((resolve, reject) => {
      receiver.on('conclude', (code: number, text: Buffer) => resolve([code, String(text)])).on('error', reject)
    })
    receiver.write(Buffer.from(frame))
    expect(await read).toEqual([status, reason])
    const tracker = new FrameTracker(key === undefined ? 'server' : 'client')
    tracker.push(frame)
    expect([tracker.closed, tracker.atBoundary]).toEqual([true, true])
  })
})
