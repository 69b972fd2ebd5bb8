// A gathered body goes up at its upstream's pace, whatever the disk does, and again from its beginning.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { NO_FIELDS } from '../../../../../src/http/fields.ts'
import { GatheredBody } from '../../../../../src/proxy/exchange/gathering/gathered-body.ts'
import type { UpstreamConnection } from '../../../../../src/proxy/upstream/connection.ts'
import { ACCOUNT } from '../../../../../src/shared/buffer-accounts.ts'
import { spooling } from '../../../../support/spooling.ts'
import { until } from '../../../../support/until.ts'

const KIB = 1024
const directory = mkdtempSync(join(tmpdir(), 'vigia-gathered-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** An upstream that takes as many bytes as it is told to. What it has not taken it looks at later, as a socket does. */
function upstream() {
  const queue: Buffer[] = []
  const taken: Buffer[] = []
  const state = { takes: Number.POSITIVE_INFINITY, sent: 0, isEnded: false, writeFailed: false }
  const take = () => {
    if (state.sent < state.takes) for (const piece of queue.splice(0)) taken.push(Buffer.from(piece))
    return queue.length === 0
  }
  const connection = {
    body(piece: Buffer) {
      queue.push(piece)
      state.sent += piece.length
    },
    end() {
      state.isEnded = true
    },
    flush: () => take() || state.writeFailed,
    get hasUnsent() {
      return !take()
    },
    get writeFailed() {
      return state.writeFailed
    },
  }
  const all = () => (take() ? Buffer.concat(taken) : undefined)
  return { connection: connection as unknown as UpstreamConnection, state, all }
}

function bytesOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 7 + (at >> 8) * 13) & 255
  return bytes
}

/** A body that has been gathered, and is pumped whenever it may be. */
function gathered(bytes: Buffer, maxBytes = 2 ** 30) {
  const spool = spooling({ directory })
  const body = new GatheredBody(bytes.length, spool.buffers, { mode: 'on', memoryBytes: 64 * KIB, maxBytes })
  let pumped = 0
  body.push(bytes, 0, 1000)
  body.gather({
    onHeldReady() {
      pumped += 1
      body.pump()
    },
    onHeldRoom() {},
    onHeldLost() {},
  })
  for (let at = 1000; at < bytes.length; at += 50_000) body.push(bytes, at, Math.min(bytes.length, at + 50_000))
  return { body, spool, pumped: () => pumped }
}

test('what the disk gives waits until the upstream has taken what it got', async () => {
  const bytes = bytesOf(2_000_000)
  const { body, spool, pumped } = gathered(bytes)
  body.end(NO_FIELDS)
  const { connection, state, all } = upstream()
  state.takes = 100_000
  body.start(connection)
  await until('it has been read ahead', () => pumped() >= 4 && !body.awaitsDisk)
  expect([body.sent, state.isEnded]).toEqual([false, false])
  expect(state.sent).toBeLessThan(100_000 + 64 * KIB)
  expect(body.bytesUp).toBe(state.sent)
  expect(spool.accounts.held(ACCOUNT.memory) * 4096).toBeLessThanOrEqual(8 * 64 * KIB)
  while (!body.sent) {
    state.takes = state.sent + 300_000
    body.pump()
    await until('it goes up', () => state.sent >= state.takes || body.sent)
  }
  state.takes = Number.POSITIVE_INFINITY
  expect(all()?.equals(bytes)).toBe(true)
  expect(state.isEnded).toBe(true)
  body.drop()
  expect(spool.accounts.held(ACCOUNT.memory)).toBe(0)
})

test('another attempt gets all of it; for one that takes nothing more the disk is not read', async () => {
  const bytes = bytesOf(500_000)
  const { body } = gathered(bytes)
  body.end(NO_FIELDS)
  const first = upstream()
  first.state.takes = 1
  body.start(first.connection)
  await until('a piece has gone up', () => first.state.sent > 0)
  first.state.writeFailed = true
  body.pump()
  expect([body.sent, first.state.sent <= 128 * KIB, body.replayable]).toEqual([true, true, true])
  body.detach()
  expect(body.sent).toBe(false)
  const second = upstream()
  body.start(second.connection)
  await until('it is sent', () => body.sent)
  expect(second.all()?.equals(bytes)).toBe(true)
  body.drop()
  expect(body.replayable).toBe(false)
})

test('what comes after it can be gathered no further goes up behind it, and then it can not be sent again', async () => {
  const bytes = bytesOf(300_000)
  const { body } = gathered(bytes.subarray(0, 200_000), 100_000)
  expect([body.room, body.trouble]).toEqual(['none', 'too-large'])
  const { connection, state } = upstream()
  body.start(connection)
  await until('what is held has gone up', () => state.sent === 200_000)
  expect([body.isWaiting, body.sent, body.replayable, body.flush()]).toEqual([false, false, true, true])
  body.push(bytes, 200_000, 300_000)
  body.end(NO_FIELDS)
  expect([state.sent, state.isEnded, body.sent, body.replayable]).toEqual([300_000, true, true, false])
  body.drop()
})

test('one that came with its head is as any other', () => {
  const spool = spooling({ directory })
  const body = new GatheredBody(5, spool.buffers, { mode: 'on', memoryBytes: 64 * KIB, maxBytes: 2 ** 30 })
  body.push(Buffer.from('hello'), 0, 5)
  body.end(NO_FIELDS)
  const { connection, all } = upstream()
  expect(body.start(connection)).toBe(true)
  expect([body.sent, body.replayable, all()?.toString(), spool.asked()]).toEqual([true, true, 'hello', 0])
})
