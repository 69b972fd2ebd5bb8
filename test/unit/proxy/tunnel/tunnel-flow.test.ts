// For how long a receiver has taken nothing of what waits for it.

import { Duplex, PassThrough } from 'node:stream'
import { beforeEach, expect, test } from 'vitest'
import { TunnelFlow } from '../../../../src/proxy/tunnel/tunnel-flow.ts'

/** Takes the next piece when it is told to. */
class Receiver extends Duplex {
  takeOne: () => void = () => {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.takeOne = callback
  }

  override _read(): void {}
}

const PIECE = Buffer.alloc(1000)
let receiver: Receiver
let flow: TunnelFlow

beforeEach(() => {
  receiver = new Receiver()
  flow = new TunnelFlow(new PassThrough(), receiver, undefined)
})

test('nothing is stuck where nothing waits', () => {
  expect([flow.stuckMs(500), flow.stuckMs(500)]).toEqual([0, 0])
})

test('the time without movement adds up, whatever is said by the clock', () => {
  flow.take(PIECE)
  expect([500, 500, 500].map(ms => flow.stuckMs(ms))).toEqual([0, 500, 1000])
})

test('one piece that leaves is a movement, although as much waits as before', async () => {
  flow.take(PIECE)
  flow.take(PIECE)
  for (const ms of [500, 500]) flow.stuckMs(ms)
  receiver.takeOne()
  await new Promise(resolve => setImmediate(resolve))
  flow.take(PIECE)
  expect(receiver.writableLength).toBe(2 * PIECE.length)
  expect([500, 500].map(ms => flow.stuckMs(ms))).toEqual([0, 500])
})

test('a sender that adds to what waits moves nothing', () => {
  flow.take(PIECE)
  expect(flow.stuckMs(500)).toBe(0)
  flow.take(PIECE)
  expect(flow.stuckMs(500)).toBe(500)
})
