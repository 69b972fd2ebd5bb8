// What a body has beyond its memory goes to a file and comes back as it was, in order; where the disk does not do, nothing is lost.

import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { HeldBytes, type HeldPlan } from '../../../../src/proxy/spool/held-bytes.ts'
import { ACCOUNT, UNIT_BYTES } from '../../../../src/shared/buffer-accounts.ts'
import { WORKER } from '../../../../src/shared/counter-cells.ts'
import { type Spooling, spooling } from '../../../support/spooling.ts'
import { STUCK_MS, until, within } from '../../../support/until.ts'

const directory = mkdtempSync(join(tmpdir(), 'vigia-held-'))
afterAll(() => rmSync(directory, { recursive: true }))

const KIB = 1024

/** Bytes that tell where they stand. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 7 + (at >> 8) * 13) & 255
  return bytes
}

interface Body {
  readonly held: HeldBytes
  readonly lost: string[]
  append(bytes: Buffer, pieceBytes: number): void
  /** All that is still to be read. */
  read(): Promise<Buffer>
}

function bodyOf({ buffers }: Spooling, plan: Partial<HeldPlan>, keeps: boolean): Body {
  const lost: string[] = []
  let isReady = () => {}
  const held = new HeldBytes(buffers, { memoryBytes: 64 * KIB, maxBytes: 2 ** 30, ...plan }, keeps, {
    onHeldReady: () => isReady(),
    onHeldRoom() {},
    onHeldLost: detail => lost.push(detail),
  })
  return {
    held,
    lost,
    append(bytes, pieceBytes) {
      for (let at = 0; at < bytes.length; at += pieceBytes)
        held.append(bytes, at, Math.min(bytes.length, at + pieceBytes))
    },
    async read() {
      const pieces: Buffer[] = []
      while (held.unread > 0) {
        const piece = held.next()
        // As a socket would have it: what is shown must not change afterwards.
        if (piece) pieces.push(piece)
        else {
          const ready = new Promise<void>(resolve => {
            isReady = resolve
          })
          await within(STUCK_MS, 'nothing is read', ready)
        }
      }
      return Buffer.concat(pieces)
    },
  }
}

/** Files of this process that nobody else can open. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter(fd => linkOf(fd).startsWith(directory)).length
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

const isAllGivenBack = ({ accounts }: Spooling) =>
  [ACCOUNT.memory, ACCOUNT.disk, ACCOUNT.files].every(account => accounts.held(account) === 0)

describe('bytes of a body', () => {
  for (const pieceBytes of [100, 5000, 65_536, 200_000]) {
    test(`in pieces of ${pieceBytes}: what is beyond the memory goes to a file, and is read from the beginning as often as asked`, async () => {
      const spool = spooling({ directory })
      const { held, append, read } = bodyOf(spool, {}, true)
      const bytes = bytesOf(700_001)
      append(bytes, pieceBytes)
      expect(held.isSpooled).toBe(true)
      expect((await read()).equals(bytes)).toBe(true)
      held.rewind()
      const first = await until('a piece is there', () => held.next())
      expect(first).toEqual(bytes.subarray(0, first.length))
      held.rewind()
      expect((await read()).equals(bytes)).toBe(true)
      await until('all is written', () => spool.row.own(WORKER.spooledBytes) === held.spooledBytes)
      expect(openFiles()).toBe(1)
      expect(readdirSync(directory)).toEqual([])
      // In memory: what fills no block yet.
      held.reuse()
      expect(spool.accounts.held(ACCOUNT.memory) * UNIT_BYTES).toBeLessThanOrEqual(64 * KIB)
      held.end()
      await until('its file is gone', () => openFiles() === 0)
      expect(isAllGivenBack(spool)).toBe(true)
    })
  }

  test('that fit into memory touch no disk', async () => {
    const spool = spooling({ directory })
    const { held, append, read } = bodyOf(spool, {}, true)
    const bytes = bytesOf(64 * KIB)
    append(bytes, 999)
    expect([held.isSpooled, spool.asked()]).toEqual([false, 0])
    expect(held.whole()).toEqual(bytes)
    expect((await read()).equals(bytes)).toBe(true)
    held.end()
    expect(isAllGivenBack(spool)).toBe(true)
  })

  test('of a queue hold one small piece while their reader is slow, and nothing once it has been taken', async () => {
    const spool = spooling({ directory })
    const { held, append } = bodyOf(spool, {}, false)
    const memory = () => spool.accounts.held(ACCOUNT.memory) * UNIT_BYTES
    const bytes = bytesOf(1024 * KIB)
    append(bytes, 128 * KIB)
    await until('all is written', () => spool.row.own(WORKER.spooledBytes) === bytes.length)
    expect(memory()).toBe(0)
    for (const at of [0, 16 * KIB, 32 * KIB]) {
      const piece = await until('a piece is there', () => held.next())
      expect(piece).toEqual(bytes.subarray(at, at + 16 * KIB))
      expect(memory()).toBe(16 * KIB)
      held.reuse()
      expect(memory()).toBe(0)
    }
    held.end()
    expect(isAllGivenBack(spool)).toBe(true)
  })

  test('of a queue are read while more come; read to its end, it has no file any more', async () => {
    const spool = spooling({ directory })
    const { held, append, read } = bodyOf(spool, { memoryBytes: 10_000 }, false)
    const bytes = bytesOf(3_000_000)
    const got: Buffer[] = []
    let at = 0
    for (const length of [9000, 200_000, 1, 700_000, 64 * KIB, 300_000, 100]) {
      append(bytes.subarray(at, at + length), 50_000)
      at += length
      got.push(await until('a piece is there', () => held.next()))
    }
    got.push(await read())
    expect(held.isSpooled || held.next()).toBe(undefined)
    expect(held.isSpooled).toBe(false)
    append(bytes.subarray(at), 100_000)
    got.push(await read())
    expect(Buffer.concat(got).equals(bytes)).toBe(true)
    held.end()
    await until('its files are gone', () => openFiles() === 0)
    expect(isAllGivenBack(spool)).toBe(true)
  })

  test('go to files at once where the memory of all is taken', () => {
    const spool = spooling({ directory, memoryBytes: 4096 })
    const { held, append } = bodyOf(spool, {}, true)
    append(bytesOf(10_000), 1000)
    expect([held.spooledBytes, held.trouble]).toEqual([10_000, undefined])
    held.end()
  })

  test('are too large at their most', () => {
    const spool = spooling({ directory })
    const { held, append } = bodyOf(spool, { maxBytes: 100_000 }, true)
    append(bytesOf(99_999), 10_000)
    expect([held.room, held.trouble]).toEqual(['free', undefined])
    append(bytesOf(1), 1)
    expect([held.room, held.trouble]).toEqual(['none', 'too-large'])
    held.end()
  })

  test('have to wait for a disk that does not take them, and then go on', async () => {
    const spool = spooling({ directory })
    const { held, append, read } = bodyOf(spool, {}, true)
    spool.hold()
    append(bytesOf(400_000), 50_000)
    expect(held.room).toBe('busy')
    spool.goOn()
    await until('there is room again', () => held.room === 'free')
    expect(await read()).toEqual(bytesOf(400_000))
    held.end()
  })
})

describe('trouble of the disk loses no byte, and is told', () => {
  async function readsAll(spool: Spooling, length: number, trouble: string): Promise<void> {
    const { held, append, read, lost } = bodyOf(spool, {}, true)
    const bytes = bytesOf(length)
    append(bytes, 30_000)
    // What is on its way may come back at any time.
    expect((await read()).equals(bytes)).toBe(true)
    await until(`it is ${trouble}`, () => held.trouble === trouble)
    held.rewind()
    expect((await read()).equals(bytes)).toBe(true)
    expect(lost).toEqual([])
    held.end()
    expect(isAllGivenBack(spool)).toBe(true)
  }

  test('a folder that is not there', async () => {
    const spool = spooling({ directory: join(directory, 'missing') })
    await readsAll(spool, 500_000, 'disk-failed')
    expect(spool.troubles).toEqual(['disk-failed'])
    // Nobody tries again for a while.
    const { held, append } = bodyOf(spool, {}, true)
    append(bytesOf(100_000), 30_000)
    expect([held.trouble, held.spooledBytes]).toEqual(['disk-failed', 0])
    held.end()
  })

  test('a file system that has no more to give than is to be left free', async () => {
    const spool = spooling({ directory, keepFreeBytes: 2 ** 50 })
    await readsAll(spool, 300_000, 'disk-full')
    expect(spool.troubles).toEqual(['disk-full'])
  })

  test('the disk space of all buffers, in the middle of a body', async () => {
    const spool = spooling({ directory, diskBytes: 150_000 })
    await readsAll(spool, 500_000, 'disk')
    // It says nothing of the disk.
    expect(spool.troubles).toEqual([])
  })

  test('too many files', async () => {
    await readsAll(spooling({ directory, files: 0 }), 100_000, 'files')
  })

  test('no disk at all', async () => {
    await readsAll(spooling({ directory, diskBytes: 0 }), 100_000, 'memory')
  })

  test('a disk that takes nothing for too long', () => {
    const spool = spooling({ directory })
    const { held, append } = bodyOf(spool, {}, true)
    spool.hold()
    append(bytesOf(300_000), 50_000)
    const fromMs = performance.now()
    const look = (firstMs: number, lastMs = firstMs) => {
      for (let ms = firstMs; ms <= lastMs; ms += 500) spool.buffers.spool.look(fromMs + ms)
    }
    // Its thread may still be starting.
    look(0, 29_000)
    expect(held.trouble).toBe(undefined)
    // This thread stood still itself.
    look(60_000)
    expect(held.trouble).toBe(undefined)
    look(60_500, 91_000)
    expect([held.trouble, spool.troubles]).toEqual(['disk-slow', ['disk-slow']])
    expect(spool.row.own(WORKER.firstBufferTrouble + 4)).toBe(1)
    held.end()
  })

  test('a thread that dies takes its files with it: who has something there is told', async () => {
    const spool = spooling({ directory })
    const one = bodyOf(spool, {}, true)
    const other = bodyOf(spool, {}, true)
    one.append(bytesOf(200_000), 50_000)
    other.append(bytesOf(1000), 1000)
    await until('it is written', () => one.held.room === 'free' && openFiles() === 1)
    spool.die()
    await until('it is told', () => one.lost.length === 1)
    expect(other.lost).toEqual([])
    expect(openFiles()).toBe(0)
    one.held.end()
    other.held.end()
    expect(isAllGivenBack(spool)).toBe(true)
  })
})
