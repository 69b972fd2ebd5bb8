import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { PoolReport } from '../../../../src/admin/contract/pools.ts'
import type { StatusReport } from '../../../../src/admin/contract/status.ts'
import type { UpstreamReport } from '../../../../src/admin/contract/upstreams.ts'
import { type Sort, topFrame, topPools } from '../../../../src/commands/words/explain/top-frame.ts'

/** What a picture looks at. */
function upstream(name: string, more: Partial<UpstreamReport> = {}): UpstreamReport {
  const numbers = { rate: 0, p50Ms: null, p99Ms: null, errors: 0, inFlight: 0, longPolls: 0, tunnels: 0 }
  return { name, state: 'available', ...numbers, ...more } as UpstreamReport
}
function pool(name: string, upstreams: readonly UpstreamReport[], more: Partial<PoolReport> = {}): PoolReport {
  const available = upstreams.filter(({ state }) => state === 'available').length
  const answers = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
  const numbers = { rate: 0, p50Ms: null, p99Ms: null, waiting: 0 }
  return { name, upstreams, available, answers, outage: null, ...numbers, ...more } as unknown as PoolReport
}
function report(pools: readonly PoolReport[]): StatusReport {
  const whole = { version: '1', state: 'ready', uptimeS: 60, workers: [], clients: { connections: 3 } }
  return { ...whole, configuration: { fileDiffers: null }, pools } as unknown as StatusReport
}
function frame(
  pools: readonly PoolReport[],
  more: { sort?: Sort; lines?: number; before?: readonly PoolReport[]; color?: boolean } = {},
) {
  const { sort = 'configuration', lines = Number.POSITIVE_INFINITY, before, color = false } = more
  const now = report(pools)
  const rows = topPools(now, before && { report: report(before), agoMs: 2000 }, sort)
  return topFrame(now, rows, 0, { color, columns: 80, lines, zone: 'UTC', sort, keys: 'q quits' })
}

describe('a picture of vigia top', () => {
  test('fits 80 columns, whatever the names and numbers, and colours change nothing of it', () => {
    const long = 'n'.repeat(90)
    const pools = [
      pool(long, [upstream(long, { rate: 123_456, p99Ms: 99_999, errors: 1e9, inFlight: 1e6, tunnels: 1e6 })]),
    ]
    const lines = frame(pools, { before: pools }).split('\n')
    expect(lines.filter(line => line.length > 80)).toEqual([])
    expect(lines.at(-3)).toMatch(/^ {2}n+~ available +123k +- +100 s/)
    expect(stripVTControlCharacters(frame(pools, { before: pools, color: true })).split('\n')).toEqual(lines)
  })

  test('has errors a second as what came between two reports, and none below zero after a restart', () => {
    const before = [pool('erp', [upstream('a', { errors: 10 }), upstream('b', { errors: 10 })])]
    const now = [pool('erp', [upstream('a', { errors: 14 }), upstream('b', { errors: 1 })])]
    const rows = topPools(report(now), { report: report(before), agoMs: 2000 }, 'configuration')
    expect(rows[0]?.errorsPerS).toBe(2)
    expect(rows[0]?.upstreams.map(({ errorsPerS }) => errorsPerS)).toEqual([2, 0])
    expect(topPools(report(now), undefined, 'rate')[0]?.errorsPerS).toBeNull()
  })

  test.each([
    ['configuration', ['a', 'b', 'c']],
    ['rate', ['c', 'b', 'a']],
    ['p99', ['b', 'a', 'c']],
    ['busy', ['a', 'b', 'c']],
  ] as const)('sorted by %s: %j', (sort, expected) => {
    const upstreams = [
      upstream('a', { rate: 1, p99Ms: 5, inFlight: 3 }),
      upstream('b', { rate: 2, p99Ms: 9 }),
      upstream('c', { rate: 3 }),
    ]
    expect(topPools(report([pool('erp', upstreams)]), undefined, sort)[0]?.upstreams.map(({ name }) => name)).toEqual(
      expected,
    )
  })

  test('counts the rows that find no room', () => {
    const upstreams = Array.from({ length: 30 }, (_, at) => upstream(`u${at}`))
    const lines = frame([pool('erp', upstreams)], { lines: 20 }).split('\n')
    expect(lines.length).toBeLessThan(20)
    expect(lines.at(-3)).toMatch(/^ {2}and \d+ more rows$/)
    expect(lines.at(-1)).toBe('sorted by configuration; q quits')
  })

  test('lets no name steer the terminal', () => {
    expect(frame([pool('erp', [upstream('x\u001b[2J')])])).not.toContain('\u001b')
  })
})
