// Lines gathered into chunks: nothing is lost, nothing is cut in two, no chunk is too large.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChunkSink, LineBuffer } from '../../../src/logging/line-buffer.ts'
import { ANY_UNIT } from '../../support/any-text.ts'
import { addLine } from './add-line.ts'

const CHUNK = 128
const line = fc
  .oneof(fc.string({ maxLength: 60 }), fc.string({ unit: ANY_UNIT, maxLength: 60 }))
  .map(text => text.replaceAll('\n', ' '))

/** Chunks with little room beyond their size; `room` tells whether there is one. */
function sink(room: () => boolean = () => true) {
  const chunks: Buffer[] = []
  let lines = 0
  const chunkSink: ChunkSink = {
    take: bytes => (room() ? Buffer.alloc(Math.max(CHUNK + 20, bytes)) : undefined),
    give: (chunk, bytes, count) => {
      if (bytes > 0) chunks.push(Buffer.from(chunk.subarray(0, bytes)))
      lines += count
      // What comes after must not show in what was handed over.
      chunk.fill(0)
    },
  }
  return { chunks, chunkSink, lines: () => lines }
}

test('every line comes out once, whole and in order, in chunks of the size that was asked for', () => {
  const step = fc.record({ line, flush: fc.boolean(), spare: fc.nat(300) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const { chunks, chunkSink, lines: counted } = sink()
      const buffer = new LineBuffer(CHUNK, chunkSink)
      for (const { line: text, flush, spare } of steps) {
        addLine(buffer, text, spare)
        if (flush) buffer.flush()
      }
      buffer.flush()
      const lines = steps.map(step => Buffer.from(`${step.line}\n`))
      expect(Buffer.concat(chunks)).toEqual(Buffer.concat(lines))
      expect(counted()).toBe(lines.length)
      expect(buffer.dropped).toBe(0)
      for (const chunk of chunks) {
        expect(chunk.at(-1)).toBe(10)
        const single = lines.some(each => each.equals(chunk))
        if (!single) expect(chunk.length).toBeLessThanOrEqual(CHUNK)
      }
    }),
  )
})

test('where there is no room, lines are dropped whole and counted, and those before and after are not touched', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ line, room: fc.boolean() }), { maxLength: 60 }), steps => {
      let room = true
      const { chunks, chunkSink } = sink(() => room)
      const buffer = new LineBuffer(CHUNK, chunkSink)
      const kept: string[] = []
      for (const [i, each] of steps.entries()) {
        room = each.room
        const before = buffer.dropped
        addLine(buffer, `${i} ${each.line}`)
        if (buffer.dropped === before) kept.push(`${i} ${each.line}\n`)
      }
      buffer.flush()
      expect(Buffer.concat(chunks).toString()).toBe(Buffer.from(kept.join('')).toString())
      expect(kept.length + buffer.dropped).toBe(steps.length)
    }),
  )
})

test('a line that was begun and never ended leaves nothing behind', () => {
  const { chunks, chunkSink } = sink()
  const buffer = new LineBuffer(CHUNK, chunkSink)
  buffer.begin(10)
  buffer.flush()
  addLine(buffer, 'x'.repeat(400))
  addLine(buffer, 'y')
  buffer.flush()
  expect(Buffer.concat(chunks).toString()).toBe(`${'x'.repeat(400)}\ny\n`)
})
