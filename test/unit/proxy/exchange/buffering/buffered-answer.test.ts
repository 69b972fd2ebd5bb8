// A client that keeps up is given copies of a large answer, and one that stalls holds one small copy: nothing of what was read.

import { tmpdir } from 'node:os'
import { describe, expect, test } from 'vitest'
import {
  BufferedAnswer,
  type BufferedExchange,
  PIECE_BYTES,
  planFor,
} from '../../../../../src/proxy/exchange/buffering/buffered-answer.ts'
import { ACCOUNT, UNIT_BYTES } from '../../../../../src/shared/buffer-accounts.ts'
import { spooling } from '../../../../support/spooling.ts'

const KIB = 1024
const PLAN = { mode: 'on', memoryBytes: 1024 * KIB, maxBytes: 2 ** 30 } as const
const CHUNK = Buffer.from(Array.from({ length: 128 * KIB }, (_, at) => (at * 7 + (at >> 8)) & 255))

/** A client whose socket takes so many pieces, then none until `drain`. */
function answerTo(takes: number) {
  const { buffers, accounts } = spooling({ directory: tmpdir() })
  const given: Buffer[] = []
  const exchange: BufferedExchange & { holdsPieces: boolean } = {
    holdsPieces: false,
    giveBuffered(piece) {
      given.push(piece)
      exchange.holdsPieces = given.length > takes
      return !exchange.holdsPieces
    },
    readOn() {},
    onBufferedEnd() {},
    onBufferLost() {},
    safely: step => step(),
  }
  const answer = new BufferedAnswer(PLAN, buffers, exchange)
  const drain = () => {
    takes = Number.POSITIVE_INFINITY
    exchange.holdsPieces = false
    answer.drained()
  }
  return { answer, given, drain, memory: () => accounts.held(ACCOUNT.memory) * UNIT_BYTES }
}

describe('a large read of the upstream', () => {
  test('for a client that keeps up nothing waits, and no memory is held', () => {
    const { answer, given, memory } = answerTo(Number.POSITIVE_INFINITY)
    const sizes: number[] = []
    answer.pass(CHUNK, 5, 100_000)
    for (const { length } of given) sizes.push(length)
    expect(sizes).toEqual([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES, 99_995 - 3 * PIECE_BYTES])
    expect([answer.heldBytes, answer.isHolding, memory()]).toEqual([0, false, 0])
  })

  test('a client that stalls holds one piece of other memory, the rest waits, and all comes in its order', () => {
    const { answer, given, drain, memory } = answerTo(1)
    answer.pass(CHUNK, 0, CHUNK.length)
    const stalled = given.at(-1)!
    expect([given.length, answer.isHolding, answer.heldBytes]).toEqual([2, true, CHUNK.length - 2 * PIECE_BYTES])
    expect(stalled.buffer).not.toBe(CHUNK.buffer)
    expect(stalled.buffer.byteLength).toBe(PIECE_BYTES)
    expect(memory()).toBe(CHUNK.length - PIECE_BYTES)
    const seen = Buffer.from(stalled)
    answer.add(CHUNK, 0, 1000)
    expect(stalled).toEqual(seen)
    drain()
    expect(Buffer.concat(given.slice(2))).toEqual(
      Buffer.concat([CHUNK.subarray(2 * PIECE_BYTES), CHUNK.subarray(0, 1000)]),
    )
    expect([answer.isHolding, answer.isEmpty]).toEqual([false, true])
  })
})

test('an answer that does not fit into its memory goes to its file early', () => {
  expect(planFor(1024 * KIB + 1, PLAN)).toEqual({ ...PLAN, memoryBytes: 64 * KIB })
  expect(planFor(1024 * KIB + 1, { ...PLAN, memoryBytes: 10 })).toEqual({ ...PLAN, memoryBytes: 10 })
  expect(planFor(1024 * KIB, PLAN)).toBe(PLAN)
  expect(planFor(-1, PLAN)).toBe(PLAN)
})
