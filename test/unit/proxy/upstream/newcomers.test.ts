// Many new connections at once: which servers are found starved, and which are only slow. Time passes in steps of a millisecond.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import { Newcomers } from '../../../../src/proxy/upstream/newcomers.ts'
import { GAUGE, TOTAL } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow, CounterTable } from '../../../../src/shared/counters.ts'

const SLOT = 3
const LOOK_MS = 50

interface Server {
  /** Requests that it works on at a time; the others wait for their turn. */
  readonly atATime: number
  /** A worker keeps its connection until that is closed. */
  readonly keepsWorkers: boolean
  readonly serviceMs: (n: number) => number
}

/** @param counts of requests, each on a connection of its own, at once; the next ones come when these are done */
function burstsTo(server: Server, counts: readonly number[], workers = 1) {
  const buffer = allocateCounters(workers)
  const rows = Array.from({ length: workers }, (_, each) => new CounterRow(buffer, each))
  const counters = new CounterTable(buffer, workers)
  const told: string[] = []
  const idle: number[] = []
  let closed = 0
  const end = () => {
    if (idle.shift() === undefined) return false
    rows[0]!.move(SLOT, GAUGE.connections, -1)
    return true
  }
  const closeIdle = () => {
    closed += 1
    return end()
  }
  const parties = rows.map(row => {
    const report = ({ type }: { type: string }) => told.push(type)
    return new Newcomers(SLOT, { row, counters, report } as unknown as Runtime, () => idle.length > 0 && closeIdle())
  })
  let nowMs = 1000
  let n = 0
  for (const count of counts) {
    const waiting = Array.from({ length: count }, () => ({
      awaitsUpstream: true,
      party: parties[n++ % workers]!,
      doneMs: Number.POSITIVE_INFINITY,
    }))
    for (const each of waiting) {
      rows[0]!.move(SLOT, GAUGE.connections, 1)
      rows[0]!.add(SLOT, TOTAL.connectionsOpened, 1)
      each.party.add(each, nowMs)
    }
    for (let begun = 0, done = 0; done < count; nowMs += 1) {
      const room = () => server.atATime - (begun - done) - (server.keepsWorkers ? idle.length : 0)
      for (; begun < count && room() > 0; begun += 1) waiting[begun]!.doneMs = nowMs + server.serviceMs(begun)
      for (const each of waiting) {
        if (each.doneMs > nowMs) continue
        each.doneMs = Number.POSITIVE_INFINITY
        done += 1
        each.party.answered(each, nowMs)
        idle.push(done)
        if (each.party.takeRoom(nowMs)) closeIdle()
      }
      if (nowMs % LOOK_MS === 0) for (const party of parties) party.look(nowMs)
    }
    // By and by the others are closed by themselves.
    while (!server.keepsWorkers && idle.length > 0) end()
  }
  // Closed for those that wait.
  return { told: told.filter(type => type === 'starved'), closed }
}

test('128 requests at once to a server that answers one after the other: it is slow, and nothing is taken for more', () => {
  const server = { atATime: 1, keepsWorkers: false, serviceMs: () => 20 }
  expect(burstsTo(server, [128])).toEqual({ told: [], closed: 0 })
  expect(burstsTo(server, [128, 128], 2).told).toEqual([])
})

test('to one that answers all of them at once after a while, too', () => {
  expect(burstsTo({ atATime: 128, keepsWorkers: false, serviceMs: () => 1500 }, [128, 128, 128]).told).toEqual([])
})

test('a server that works off a queue, at any pace, is never found starved', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }),
      (atATime, services) => {
        const serviceMs = (n: number) => services[n % services.length]!
        expect(burstsTo({ atATime, keepsWorkers: false, serviceMs }, [15, 15, 15, 15]).told).toEqual([])
      },
    ),
    { numRuns: 20 },
  )
})

test('a server whose workers keep their connections is found starved by the fourth burst', () => {
  for (const atATime of [1, 2, 4]) {
    const server = { atATime, keepsWorkers: true, serviceMs: () => 20 }
    expect(burstsTo(server, [6, 6, 6, 6]).told.length).toBeGreaterThan(0)
  }
})
