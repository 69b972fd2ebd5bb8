// The encoders of a worker: they are bounded, and one that is used again does what a fresh one does.

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Coding, CompressionLevel } from '../../../../../src/plan/compression.ts'
import {
  type Encoder,
  type EncoderOwner,
  Encoders,
  type EncoderUse,
  encodeAtOnce,
} from '../../../../../src/proxy/exchange/compression/encoders.ts'
import { WORKER } from '../../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow } from '../../../../../src/shared/counters.ts'

const DECODE = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync } as const
const EACH = (['gzip', 'br', 'zstd'] as const).flatMap(coding =>
  (['fast', 'balanced', 'small'] as const).map(level => [coding, level] as const),
)
const NOBODY: EncoderOwner = { onOutput() {}, onEncoded() {}, onEncoderFailed() {} }

/** Text that is compressed to about a third, and much of it: more than one buffer of node:zlib's. */
function textOf(seed: number, length: number): Buffer {
  let state = seed
  const words = Array.from({ length: length / 6 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 18).toString(36).padStart(5, 'x')
  })
  return Buffer.from(words.join(' ').slice(0, length))
}

/** Encodes these pieces, one after the other, with an encoder of `encoders`, and gives it back. */
function encode(encoders: Encoders, coding: Coding, level: CompressionLevel, pieces: readonly Buffer[]) {
  const outputs: Buffer[] = []
  const left = [...pieces]
  let finished = false
  return new Promise<Buffer>((resolve, reject) => {
    let encoder: Encoder | undefined
    const next = () => {
      const piece = left.shift()
      if (piece) return encoder!.encode(piece)
      if (!finished) {
        finished = true
        return encoder!.finish()
      }
      encoders.giveBack(encoder!, true)
      resolve(Buffer.concat(outputs))
    }
    const owner = { onOutput: (bytes: Buffer) => outputs.push(bytes), onEncoded: next, onEncoderFailed: reject }
    encoder = encoders.take(coding, level, 'stream', 10, owner)
    next()
  })
}

function newEncoders(): { encoders: Encoders; inUse: () => number } {
  const row = new CounterRow(allocateCounters(1), 0)
  return { encoders: new Encoders(row), inUse: () => row.own(WORKER.encoders) }
}

describe.each(EACH)('%s, %s', (coding, level) => {
  test('one that is used again gives the same bytes as a fresh one', async () => {
    const { encoders, inUse } = newEncoders()
    const pieces = [textOf(1, 100_000), textOf(2, 30), textOf(3, 150_000)]
    const first = await encode(encoders, coding, level, pieces)
    // Another body in between: nothing of it may be left.
    await encode(encoders, coding, level, [textOf(9, 40_000)])
    const again = await encode(encoders, coding, level, pieces)
    expect(DECODE[coding](first).equals(Buffer.concat(pieces))).toBe(true)
    expect(again.equals(first)).toBe(true)
    expect(inUse()).toBe(0)
  })

  test('at once it gives what decodes to the same', () => {
    for (const body of [Buffer.alloc(0), textOf(4, 30), textOf(5, 8000)])
      expect(DECODE[coding](encodeAtOnce(coding, level, body)).equals(body)).toBe(true)
  })
})

describe('the room', () => {
  test('is what is in use, and no more', () => {
    const { encoders, inUse } = newEncoders()
    const take = () => encoders.take('gzip', 'fast', 'stream', 3, NOBODY)
    const taken = [take(), take(), take()]
    expect(take()).toBeUndefined()
    encoders.giveBack(taken[0]!, false)
    expect(inUse()).toBe(2)
    expect(take()).toBeDefined()
    expect(encoders.take('gzip', 'fast', 'stream', 0, NOBODY)).toBeUndefined()
  })

  test('is half of it for what may last', () => {
    const { encoders } = newEncoders()
    const take = (use: EncoderUse) => encoders.take('gzip', 'fast', use, 4, NOBODY)
    const first = take('lasting')
    take('lasting')
    expect(take('lasting')).toBeUndefined()
    expect(take('stream')).toBeDefined()
    encoders.giveBack(first!, false)
    expect(take('lasting')).toBeDefined()
  })
})

test('what nobody has needed since the last look is given up', async () => {
  const { encoders } = newEncoders()
  const take = () => encoders.take('gzip', 'fast', 'stream', 10, NOBODY)!
  const giveBack = (...each: Encoder[]) => {
    for (const encoder of each) encoders.giveBack(encoder, true)
  }
  const [first, second] = [take(), take()]
  giveBack(first, second)
  encoders.look(40_000)
  // One at a time is enough: the other one has been idle from look to look.
  expect(take()).toBe(second)
  giveBack(second)
  encoders.look(60_000)
  encoders.look(80_000)
  const again = [take(), take()]
  expect(again[0]).toBe(second)
  expect(again[1]).not.toBe(first)
})
