// The memory of the cache: what is found, what goes where there is no room, and what becomes of what a dead worker held.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { BLOCK_BYTES } from '../../../../src/shared/cache/blocks.ts'
import { allocateCache } from '../../../../src/shared/cache/layout.ts'
import { CacheMemory } from '../../../../src/shared/cache/memory.ts'
import type { CacheThreadStart } from './fixtures/cache-thread.ts'

const MIB = 1024 ** 2

interface Put {
  readonly bytes?: number
  readonly variant?: number
  readonly nowS?: number
  readonly worthlessS?: number
}

function put(memory: CacheMemory, key: string, value: number, put: Put = {}): boolean {
  const { bytes = 100, variant = 0, nowS = 1, worthlessS = 1000 } = put
  memory.aim([key])
  const epochs = memory.epochs()
  const writing = memory.claim(nowS)
  if (writing === undefined) return false
  if (!memory.append(writing, Buffer.alloc(bytes, value), 0, bytes, nowS)) {
    memory.abandon(writing)
    return false
  }
  return memory.publish(writing, { metaBytes: 10, bodyBytes: bytes - 10, nowS, worthlessS, variant, epochs })
}

/** All entries of a key: the bytes of each. */
function get(memory: CacheMemory, key: string): Buffer[] {
  memory.aim([key])
  const found: Buffer[] = []
  for (let cell = memory.next(-1); cell !== -1; cell = memory.next(cell)) {
    if (!memory.pin(cell, memory.word(cell))) continue
    const { metaBytes, bodyBytes } = memory.facts(cell)
    const bytes = Buffer.alloc(metaBytes + bodyBytes)
    memory.copy(memory.blocksOf(cell), 0, bytes.length, bytes)
    memory.unpin(cell)
    found.push(bytes)
  }
  return found
}

const firstBytes = (memory: CacheMemory, key: string) => get(memory, key).map(bytes => bytes[0])

describe('entries', () => {
  test('what one thread stores, another finds, to the byte', () => {
    const shared = allocateCache(MIB)
    const [one, other] = [new CacheMemory(shared, 2, 0), new CacheMemory(shared, 2, 1)]
    expect(put(one, 'a', 7, { bytes: 3 * BLOCK_BYTES + 5 })).toBe(true)
    const [bytes] = get(other, 'a')
    expect(bytes).toEqual(Buffer.alloc(3 * BLOCK_BYTES + 5, 7))
    expect(get(other, 'b')).toEqual([])
  })

  test('a part is copied from where it lies, over the borders of blocks', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    const all = Buffer.from(Array.from({ length: 2 * BLOCK_BYTES }, (_, i) => (i * 31) & 0xff))
    memory.aim(['a'])
    const writing = memory.claim(1)!
    for (let at = 0; at < all.length; at += 1000) memory.append(writing, all, at, Math.min(at + 1000, all.length), 1)
    memory.publish(writing, {
      metaBytes: 0,
      bodyBytes: all.length,
      nowS: 1,
      worthlessS: 9,
      variant: 0,
      epochs: memory.epochs(),
    })
    const cell = memory.next(-1)
    memory.pin(cell, memory.word(cell))
    const part = Buffer.alloc(100)
    memory.copy(memory.blocksOf(cell), BLOCK_BYTES - 50, BLOCK_BYTES + 50, part)
    expect(part).toEqual(all.subarray(BLOCK_BYTES - 50, BLOCK_BYTES + 50))
  })

  test('nobody finds one before it is complete, or after it was given up', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    memory.aim(['a'])
    const writing = memory.claim(1)!
    memory.append(writing, Buffer.alloc(10), 0, 10, 1)
    expect(memory.next(-1)).toBe(-1)
    memory.abandon(writing)
    expect(memory.next(-1)).toBe(-1)
    expect(memory.sums()).toMatchObject({ entries: 0, bytes: 0 })
  })

  test('a newer one takes the place of the older one of the same variant, beside those of others', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    put(memory, 'a', 1, { variant: 1 })
    put(memory, 'a', 2, { variant: 2 })
    put(memory, 'a', 3, { variant: 1 })
    expect(firstBytes(memory, 'a').sort()).toEqual([2, 3])
  })

  test('a key has a bounded number of variants', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    for (let variant = 0; variant < 100; variant += 1) put(memory, 'a', 1, { variant })
    expect(get(memory, 'a').length).toBeLessThanOrEqual(8)
  })
})

describe('readers', () => {
  test('what is read is not overwritten, though it was replaced, and is free when it has been read', () => {
    const shared = allocateCache(MIB)
    const [writer, reader] = [new CacheMemory(shared, 2, 0), new CacheMemory(shared, 2, 1)]
    put(writer, 'a', 1)
    reader.aim(['a'])
    const cell = reader.next(-1)
    expect(reader.pin(cell, reader.word(cell))).toBe(true)
    const blocks = reader.blocksOf(cell)
    put(writer, 'a', 2)
    for (let i = 0; i < 1000; i += 1) put(writer, `other ${i}`, 3, { bytes: 5000 })
    const bytes = Buffer.alloc(100)
    reader.copy(blocks, 0, 100, bytes)
    expect(bytes).toEqual(Buffer.alloc(100, 1))
    const { entries } = writer.sums()
    reader.unpin(cell)
    expect(reader.pin(cell, reader.word(cell))).toBe(false)
    expect(writer.sums().entries).toBe(entries)
  })

  test('what has gone can not be pinned', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    put(memory, 'a', 1)
    memory.aim(['a'])
    const cell = memory.next(-1)
    const word = memory.word(cell)
    memory.drop(cell, word)
    put(memory, 'a', 2)
    expect(memory.pin(cell, word)).toBe(false)
  })
})

describe('room', () => {
  test('the memory is bounded, and never full for good', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    for (let i = 0; i < 2000; i += 1) expect(put(memory, `key ${i}`, i & 0xff, { bytes: 20_000, nowS: i })).toBe(true)
    const { bytes, capacityBytes, evicted } = memory.sums()
    expect(bytes).toBeLessThanOrEqual(capacityBytes)
    expect(bytes).toBeGreaterThan(capacityBytes / 2)
    expect(evicted).toBeGreaterThan(1900)
    expect(firstBytes(memory, 'key 1999')).toEqual([1999 & 0xff])
  })

  test('one larger than all of it is given up, and leaves nothing', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    expect(put(memory, 'large', 1, { bytes: 2 * MIB })).toBe(false)
    expect(memory.sums()).toMatchObject({ entries: 0, bytes: 0 })
    expect(put(memory, 'small', 1)).toBe(true)
  })

  test('a flood of addresses that are asked for once leaves what people ask for again', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    put(memory, 'shell', 1)
    memory.aim(['shell'])
    memory.used(memory.next(-1), 2)
    for (let i = 0; i < 2000; i += 1) put(memory, `flood ${i}`, 2, { bytes: 20_000, nowS: 3 + (i >> 8) })
    expect(firstBytes(memory, 'shell')).toEqual([1])
  })

  test('what is of no use any more goes first', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    for (let i = 0; i < 10; i += 1) put(memory, `old ${i}`, 1, { bytes: 90_000, nowS: 10, worthlessS: 11 })
    memory.aim(['old 3'])
    memory.used(memory.next(-1), 10)
    for (let i = 0; i < 10; i += 1) put(memory, `new ${i}`, 2, { bytes: 90_000, nowS: 20 })
    for (let i = 0; i < 10; i += 1) expect(firstBytes(memory, `new ${i}`)).toEqual([2])
  })
})

describe('invalidation', () => {
  test('drops all variants, and what was being fetched before it', () => {
    const memory = new CacheMemory(allocateCache(MIB), 1, 0)
    put(memory, 'a', 1, { variant: 1 })
    put(memory, 'a', 2, { variant: 2 })
    memory.aim(['a'])
    const epochs = memory.epochs()
    const writing = memory.claim(1)!
    memory.append(writing, Buffer.alloc(10, 3), 0, 10, 1)
    memory.aim(['a'])
    expect(memory.invalidate()).toBe(2)
    expect(memory.publish(writing, { metaBytes: 1, bodyBytes: 9, nowS: 1, worthlessS: 9, variant: 1, epochs })).toBe(
      false,
    )
    expect(get(memory, 'a')).toEqual([])
    expect(put(memory, 'a', 4)).toBe(true)
  })
})

describe('flights', () => {
  test('one thread fetches, another waits until that is over', async () => {
    const shared = allocateCache(MIB)
    const [one, other] = [new CacheMemory(shared, 2, 0), new CacheMemory(shared, 2, 1)]
    one.aim(['a'])
    const own = one.beginFlight()
    expect(own.whose).toBe('own')
    other.aim(['a'])
    const others = other.beginFlight()
    if (own.whose !== 'own' || others.whose !== 'other') throw new Error('not taken for the same')
    const ended = other.flightEnded(others.flight, 60_000)
    one.endFlight(own.flight)
    await ended
    other.aim(['a'])
    expect(other.beginFlight().whose).toBe('own')
  })

  test('nobody waits for longer than he says, nor for one that is over', async () => {
    const shared = allocateCache(MIB)
    const [one, other] = [new CacheMemory(shared, 2, 0), new CacheMemory(shared, 2, 1)]
    one.aim(['a'])
    one.beginFlight()
    other.aim(['a'])
    const flight = other.beginFlight()
    if (flight.whose !== 'other') throw new Error('not taken for the same')
    await other.flightEnded(flight.flight, 5)
  })
})

describe('a worker that has died', () => {
  test('leaves nothing pinned, half written or in flight', async () => {
    const shared = allocateCache(MIB)
    const [dead, living, control] = [0, 1, 2].map(thread => new CacheMemory(shared, 2, thread)) as [
      CacheMemory,
      CacheMemory,
      CacheMemory,
    ]
    put(dead, 'read', 1)
    dead.aim(['read'])
    const cell = dead.next(-1)
    dead.pin(cell, dead.word(cell))
    living.aim(['read'])
    living.invalidate()
    dead.aim(['written'])
    const writing = dead.claim(1)!
    dead.append(writing, Buffer.alloc(50_000), 0, 50_000, 1)
    dead.beginFlight()
    living.aim(['written'])
    const flight = living.beginFlight()
    if (flight.whose !== 'other') throw new Error('not taken for the same')
    const ended = living.flightEnded(flight.flight, 60_000)
    control.forget(0)
    await ended
    // All of the memory is there again.
    expect(put(living, 'whole', 1, { bytes: MIB - 1000 })).toBe(true)
  })
})

test('threads that write, read and invalidate the same keys never read half of one and half of another', async () => {
  const threads = 3
  const shared = allocateCache(MIB)
  const url = new URL('./fixtures/cache-thread.ts', import.meta.url)
  const told = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const start: CacheThreadStart = { shared, threads, thread, rounds: 3000 }
      const [said] = (await once(new Worker(url, { workerData: start }), 'message')) as [{ torn: number; hits: number }]
      return said
    }),
  )
  expect(told.map(({ torn }) => torn)).toEqual([0, 0, 0])
  expect(told.reduce((sum, { hits }) => sum + hits, 0)).toBeGreaterThan(0)
})
