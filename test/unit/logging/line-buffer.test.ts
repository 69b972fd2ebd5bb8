// Lines gathered into chunks: nothing is lost, nothing is cut in two, no chunk is too large.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineBuffer } from '../../../src/logging/line-buffer.ts'

test('every line comes out once, whole and in order, in chunks of the size that was asked for', () => {
  const line = fc
    .oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 60 }))
    .map(text => text.replaceAll('\n', ' '))
  fc.assert(
    fc.property(fc.array(fc.record({ line, flush: fc.boolean() }), { maxLength: 60 }), steps => {
      const chunks: Buffer[] = []
      const buffer = new LineBuffer(128, chunk => chunks.push(chunk))
      for (const { line: text, flush } of steps) {
        buffer.add(text)
        if (flush) buffer.flush()
      }
      buffer.flush()
      const lines = steps.map(step => Buffer.from(`${step.line}\n`))
      expect(Buffer.concat(chunks)).toEqual(Buffer.concat(lines))
      for (const chunk of chunks) {
        expect(chunk.at(-1)).toBe(10)
        const single = lines.some(each => each.equals(chunk))
        if (!single) expect(chunk.length).toBeLessThanOrEqual(128)
      }
    }),
  )
})
