import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashKey } from '../../../src/policy/balance/hash.ts'
import { SessionTable } from '../../../src/shared/sessions.ts'
import { amount } from '../../support/thorough.ts'

function noteMany(table: SessionTable, slot: number, count: number, prefix = 'client'): void {
  for (let i = 0; i < count; i += 1) table.note(slot, hashKey(`${prefix}-${i}`))
}

describe('the count of sessions seen lately', () => {
  test('is exact for none and for one, however often it is seen', () => {
    const table = new SessionTable()
    expect(table.sessions(7)).toBe(0)
    for (let i = 0; i < 1000; i += 1) table.note(7, hashKey('one'))
    expect(table.sessions(7)).toBe(1)
    expect(table.sessions(6)).toBe(0)
    expect(table.sessions(8)).toBe(0)
  })

  test.each([
    [10, 0.1],
    [100, 0.05],
    [1_000, 0.05],
    [8_000, 0.05],
    [25_000, 0.15],
  ])('of %i sessions is right within a share of %f', (count, share) => {
    const table = new SessionTable()
    noteMany(table, 3, count)
    expect(Math.abs(table.sessions(3) - count)).toBeLessThanOrEqual(Math.max(1, count * share))
  })

  test('has an upper end where more were seen than it can tell apart', () => {
    const table = new SessionTable()
    for (let i = 0; i < 4096; i += 1) table.note(1, i)
    expect(table.sessions(1)).toBe(34_070)
  })

  test('keeps a session through one turn and forgets it at the second', () => {
    const table = new SessionTable()
    noteMany(table, 1, 100, 'early')
    table.turn()
    const early = table.sessions(1)
    expect(early).toBeGreaterThan(90)
    noteMany(table, 1, 100, 'early')
    expect(table.sessions(1), 'seen in both generations, counted once').toBe(early)
    noteMany(table, 1, 100, 'late')
    expect(table.sessions(1)).toBeGreaterThan(early + 80)
    table.turn()
    table.turn()
    expect(table.sessions(1)).toBe(0)
  })

  test('never depends on the order or the repetition of what is seen, nor on other slots', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8191), fc.integer())), notes => {
        const [one, other] = [new SessionTable(), new SessionTable()]
        for (const [slot, session] of notes) one.note(slot, session)
        for (const [slot, session] of notes.toReversed().concat(notes)) other.note(slot, session)
        for (const [slot] of notes) {
          expect(other.sessions(slot)).toBe(one.sessions(slot))
          expect(one.sessions(slot)).toBeLessThanOrEqual(notes.length * 2)
        }
      }),
      { numRuns: amount(50) },
    )
  })

  test('is one over all threads: none of them loses what another notes in the same word', async () => {
    const table = new SessionTable()
    const url = JSON.stringify(new URL('../../../src/shared/sessions.ts', import.meta.url).href)
    const code = `const { workerData } = require('node:worker_threads')
      import(${url}).then(({ SessionTable }) => {
        const table = new SessionTable(workerData.buffer)
        for (let i = workerData.from; i < 4000; i += 2) table.note(5, i)
      })`
    await Promise.all(
      [0, 1].map(from => {
        const worker = new Worker(code, { eval: true, workerData: { buffer: table.buffer, from } })
        return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject))
      }),
    )
    expect(table.sessions(5)).toBe(Math.round(-4096 * Math.log(96 / 4096)))
  })
})
