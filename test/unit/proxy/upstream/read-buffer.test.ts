import { describe, expect, it } from 'vitest'
import { ReadBuffer } from '../../../../src/proxy/upstream/read-buffer.ts'

/** A connection, and the memory of its next read. */
function connection() {
  const buffer = new ReadBuffer()
  const { buffer: next } = buffer.reads(() => {})
  return { buffer, next: () => (next as () => Buffer)() }
}

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

  it('goes to the next connection when its own is closed', () => {
    const { buffer, next } = connection()
    const first = next()
    buffer.end()
    expect(connection().next()).toBe(first)
  })

  it('goes to nobody while bytes of its last read wait elsewhere', () => {
    const { buffer, next } = connection()
    const first = next().fill('mine')
    buffer.kept = true
    buffer.end()
    const others = Array.from({ length: 8 }, () => connection().next())
    expect(others).not.toContain(first)
    expect(first.toString('latin1', 0, 4)).toBe('mine')
  })

  it('is freed at once where there is enough of it', () => {
    const all = Array.from({ length: 8 }, () => {
      const { buffer, next } = connection()
      return { buffer, bytes: next() }
    })
    for (const { buffer } of all) buffer.end()
    expect(all.filter(({ bytes }) => bytes.length > 0).length).toBeLessThanOrEqual(4)
    expect(all.at(-1)!.bytes.length).toBe(0)
  })
})
