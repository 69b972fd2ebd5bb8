import { describe, expect, it } from 'vitest'
import { ReadBuffer } from '../../../../src/proxy/upstream/read-buffer.ts'

/** A connection, and the memory of its next read. @param read bytes of the first one */
function connection(read = 0) {
  const buffer = new ReadBuffer()
  const { buffer: memory, callback } = buffer.reads(() => {})
  const next = () => (memory as () => Buffer)()
  if (read > 0) callback(read, next())
  return { buffer, next }
}

/** One whose first read was full. */
const fast = () => connection(16_384)

describe('what a connection is read into', () => {
  it('is the same for each read, and another while bytes of the last one wait elsewhere', () => {
    const { buffer, next } = connection()
    const first = next()
    expect(next()).toBe(first)
    buffer.kept = true
    const second = next()
    expect(second).not.toBe(first)
    expect(next()).toBe(second)
  })

  it('is small until a read was full: the small one is freed, unless bytes of it wait elsewhere', () => {
    const { next } = connection(16_383)
    expect(next().length).toBe(16_384)
    for (const kept of [false, true]) {
      const buffer = new ReadBuffer()
      const reads = buffer.reads(() => {
        buffer.kept = kept
      })
      const nextOf = reads.buffer as () => Buffer
      const small = nextOf()
      reads.callback(16_384, small)
      expect([nextOf().length, small.length]).toEqual([131_072, kept ? 16_384 : 0])
    }
  })

  it('goes to the next connection when its own is closed', () => {
    const { buffer, next } = fast()
    const first = next()
    buffer.end()
    expect(fast().next()).toBe(first)
  })

  it('goes to nobody while bytes of its last read wait elsewhere', () => {
    const { buffer, next } = fast()
    const first = next().fill('mine')
    buffer.kept = true
    buffer.end()
    const others = Array.from({ length: 8 }, () => fast().next())
    expect(others).not.toContain(first)
    expect(first.toString('latin1', 0, 4)).toBe('mine')
  })

  it('is freed at once where there is enough of it', () => {
    const all = Array.from({ length: 8 }, () => {
      const { buffer, next } = fast()
      return { buffer, bytes: next() }
    })
    for (const { buffer } of all) buffer.end()
    expect(all.filter(({ bytes }) => bytes.length > 0).length).toBeLessThanOrEqual(4)
    expect(all.at(-1)!.bytes.length).toBe(0)
  })
})
