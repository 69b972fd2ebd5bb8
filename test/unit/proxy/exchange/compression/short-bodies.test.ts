// Short bodies on their way through the encoders: a few at a time, in the order they came, and nobody's in another's answer.

import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { Encoders } from '../../../../../src/proxy/exchange/compression/encoders.ts'
import { ShortBodies } from '../../../../../src/proxy/exchange/compression/short-bodies.ts'
import { WORKER } from '../../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow } from '../../../../../src/shared/counters.ts'
import { until } from '../../../../support/until.ts'

const DECODE = { gzip: gunzipSync, zstd: zstdDecompressSync } as const

function rig(most = 100) {
  const row = new CounterRow(allocateCounters(1), 0)
  const bodies = new ShortBodies(new Encoders(row))
  const ended: string[] = []
  let peak = 0
  const encode = (text: string, coding: 'gzip' | 'zstd' = 'gzip') => {
    const owner = {
      onShortBody: (encoded: Buffer) => ended.push(DECODE[coding](encoded).toString()),
      onEncoderFailed: (error: unknown) => ended.push(String(error)),
    }
    const body = bodies.encode(coding, 'fast', Buffer.from(text), most, owner)
    peak = Math.max(peak, row.own(WORKER.encoders))
    return body
  }
  return { encode, ended, inUse: () => row.own(WORKER.encoders), mostInUse: () => peak }
}

test('each gets its own bytes, by encoders that are used again, of which there are four', async () => {
  const { encode, ended, inUse, mostInUse } = rig()
  const texts = Array.from({ length: 40 }, (_, index) => `${index} `.repeat(index * 70))
  texts.forEach((text, index) => {
    encode(text, index % 3 === 0 ? 'zstd' : 'gzip')
  })
  await until('all are encoded', () => ended.length === 40)
  expect(ended.toSorted()).toEqual(texts.toSorted())
  expect([mostInUse(), inUse()]).toEqual([4, 0])
})

test('one that nobody wants any more is not told of, whether it has begun or waits', async () => {
  const { encode, ended, inUse } = rig()
  const bodies = Array.from({ length: 8 }, (_, index) => encode(`text ${index}`))
  bodies[0]!.cancel()
  bodies[5]!.cancel()
  await until('the others are encoded', () => ended.length === 6)
  await until('no encoder is in use', () => inUse() === 0)
  expect(ended.toSorted()).toEqual([1, 2, 3, 4, 6, 7].map(index => `text ${index}`))
})

test('where there is no room nothing waits', async () => {
  expect(rig(0).encode('text')).toBeUndefined()
  const { encode, ended } = rig(3)
  const taken = Array.from({ length: 5 }, (_, index) => encode(`text ${index}`))
  expect(taken.map(body => body !== undefined)).toEqual([true, true, true, false, false])
  await until('those are encoded', () => ended.length === 3)
})
