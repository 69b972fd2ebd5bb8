// What the configuration says about windows: refused in words with its place, and compiled with its defaults.

import { hash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { loadBytes } from '../../../src/config/read/load.ts'
import { diffSnapshots, diffText } from '../../../src/config/shown/diff.ts'
import { maskConfiguration } from '../../../src/config/shown/mask.ts'
import { documentOf, type Parts, problemsOf, snapshotOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vigia-windows-'))
afterAll(() => rmSync(folder, { recursive: true }))

const TWO_NODES = `- { name: erp-1, url: "http://127.0.0.1:8101" }
      - { name: erp-2, url: "http://127.0.0.1:8102" }`
const COMMON: Parts = { routes: '- { name: web, pool: erp }' }
const TIMES = 'start: 2026-12-06T02:00, duration: 4h, timeZone: America/Sao_Paulo'

/** Each window on a line, from line 12 on. */
const windows = (...lines: readonly string[]): Parts => ({
  ...COMMON,
  upstreams: TWO_NODES,
  more: ['maintenance:', ...lines.map(line => `  - { ${line} }`)].join('\n'),
})
const problems = (...lines: readonly string[]) =>
  problemsOf(documentOf(windows(...lines)), {}, join(folder, 'v.yaml')).map(line => line.slice(folder.length + 1))

test('a window is compiled with its defaults, which depend on its scope', () => {
  const { maintenance, language, pools, routes } = snapshotOf(
    documentOf({
      ...windows(
        `name: night, pool: erp, ${TIMES}, repeat: "FREQ=MONTHLY;BYDAY=1SU", except: [2027-01-03, "2027-02-07T02:00"]`,
        `name: node, upstream: erp/erp-1, start: 2026-12-09T22:00, end: 2026-12-10T00:30, timeZone: Europe/Rome, lead: 15m, bypass: { header: { name: X-Check, value: "a-long-secret" } }`,
        `name: close, everything: true, freeze: true, ${TIMES}`,
      ),
      routes: '- { name: web, pool: erp, integration: true }',
      pool: 'minAvailable: 0',
    }),
  )
  expect(maintenance).toEqual([
    {
      name: 'night',
      kind: 'maintenance',
      reason: '',
      timeZone: 'America/Sao_Paulo',
      start: '2026-12-06T02:00',
      length: { by: 'elapsed', ms: 14_400_000 },
      recurrence: 'FREQ=MONTHLY;BYDAY=1SU',
      exceptDates: ['2027-01-03T02:00', '2027-02-07T02:00'],
      scope: { kind: 'pool', pool: 'erp' },
      behaviour: 'answer',
      leadMs: 0,
      overrun: 'reopen',
      onlyWhenHealthy: false,
      bypass: { addresses: [], header: undefined },
    },
    expect.objectContaining({
      length: { by: 'wall-clock', end: '2026-12-10T00:30' },
      scope: { kind: 'upstream', pool: 'erp', upstream: 'erp-1' },
      behaviour: 'drain',
      leadMs: 900_000,
      bypass: { addresses: [], header: { name: 'x-check', sha256: hash('sha256', 'a-long-secret') } },
    }),
    expect.objectContaining({ kind: 'freeze', scope: { kind: 'everything' } }),
  ])
  expect([language, pools[0]!.minAvailable, routes[0]!.integration]).toEqual(['en', 0, true])
})

describe('is refused', () => {
  test.each([
    [
      `name: a, ${TIMES}`,
      ['v.yaml:12:5: maintenance[0]: says not for what: set pool, upstream, route, or everything: true'],
    ],
    [
      `name: a, pool: erp, route: web, ${TIMES}`,
      [expect.stringMatching(/^v\.yaml:12:\d+: maintenance\[0\]\.route: the window is for pool already/)],
    ],
    [`name: a, pool: erpp, ${TIMES}`, [expect.stringContaining('pool: there is no pool "erpp", did you mean "erp"?')]],
    [`name: a, route: wbe, ${TIMES}`, [expect.stringContaining('route: there is no route "wbe", did you mean "web"?')]],
    [
      `name: a, upstream: erp/erp1, ${TIMES}`,
      [expect.stringContaining('there is no upstream "erp/erp1", did you mean "erp/erp-1"?')],
    ],
    [`name: a, upstream: erp-1, ${TIMES}`, [expect.stringContaining('there is no upstream "erp-1"')]],
    [
      `name: a, pool: erp, start: 2026-12-06T02:00, timeZone: Europe/Rome`,
      [expect.stringContaining('says not how long')],
    ],
    [
      `name: a, pool: erp, ${TIMES}, end: 2026-12-06T06:00`,
      [expect.stringContaining('end: its duration says already')],
    ],
    [
      `name: a, pool: erp, start: 2026-12-06, duration: 4h, timeZone: Rome`,
      [expect.stringContaining('start: "2026-12-06"'), expect.stringContaining('timeZone: "Rome" is no time zone')],
    ],
    [
      `name: a, pool: erp, ${TIMES}, repeat: "FREQ=MONTHLY;BYDAY=2SU"`,
      [expect.stringContaining('repeat: FREQ=MONTHLY...: the start 2026-12-06 02:00 (Sunday) is none of its dates')],
    ],
    [
      `name: a, everything: true, freeze: true, lead: 5m, ${TIMES}`,
      [expect.stringContaining('lead: a freeze leaves the traffic alone')],
    ],
    [
      `name: a, upstream: erp/erp-1, behaviour: answer, ${TIMES}`,
      [expect.stringContaining('behaviour: the other upstreams of the pool serve on')],
    ],
    [
      `name: a, route: web, behaviour: drain, ${TIMES}`,
      [expect.stringContaining('behaviour: a route has no upstreams of its own')],
    ],
    [`name: a, pool: erp, bypass: {}, ${TIMES}`, [expect.stringContaining('bypass: lets nobody pass')]],
    [
      `name: a, pool: erp, bypass: { addresses: [10.0.0.0/33] }, ${TIMES}`,
      [expect.stringContaining('bypass.addresses[0]: "10.0.0.0/33" is not an address or range')],
    ],
    [
      `name: a, pool: erp, bypass: { header: { name: X-A } }, ${TIMES}`,
      [expect.stringContaining('bypass.header: needs either value or valueFile')],
    ],
    [
      `name: a, pool: erp, bypass: { header: { name: X-A, valueFile: none } }, ${TIMES}`,
      [expect.stringContaining('valueFile: the file "none" does not exist')],
    ],
    [
      `name: a, pool: erp, behaviour: drain, ${TIMES}`,
      [expect.stringContaining('name: window a would leave pool erp with 0 of 2 upstreams, its minimum is 1')],
    ],
  ])('%s', (line, expected) => {
    vi.setSystemTime(new Date('2026-11-01'))
    try {
      expect(problems(line)).toEqual(expected)
    } finally {
      vi.useRealTimers()
    }
  })
})

test('two windows of one name, and windows that together leave too few, are found with the place of the second', () => {
  const node = (n: number, more = '') => `name: n${n}, upstream: erp/erp-${n}, ${TIMES}${more}`
  vi.setSystemTime(new Date('2026-11-01'))
  try {
    expect(problems(`name: a, pool: erp, ${TIMES}`, `name: a, route: web, ${TIMES}`)).toEqual([
      expect.stringMatching(/^v\.yaml:13:\d+: maintenance\[1\]\.name: "a" is the name of maintenance\[0\] already$/),
    ])
    const together = problems(node(1), node(2))
    expect(together).toEqual([
      expect.stringMatching(
        /^v\.yaml:13:\d+: maintenance\[1\]\.name: windows n1, n2 together would leave pool erp with 0 of 2 upstreams/,
      ),
    ])
    // What could be started yesterday must start today: then it is only a warning.
    const text = documentOf(windows(node(1), node(2)))
    const loaded = loadBytes(new TextEncoder().encode(text), 'v.yaml', {}, 1, 'start')
    expect(loaded.ok && loaded.warnings.map(({ severity }) => severity)).toEqual(['warning'])
  } finally {
    vi.useRealTimers()
  }
})

test('a minimum that the pool can not have is refused', () => {
  expect(problemsOf(documentOf({ pool: 'minAvailable: 2' }))).toEqual([
    'test.yaml:7:19: pools.erp.minAvailable: the pool has only 1 upstreams: no window could ever begin',
  ])
})

test('what lets a client through is shown nowhere, and a changed window is told by its name', () => {
  writeFileSync(join(folder, 'secret'), 'from-a-file-1234\n')
  const file = join(folder, 'v.yaml')
  const text = documentOf(
    windows(
      `name: night, pool: erp, ${TIMES}, bypass: { header: { name: X-Check, value: "quite-a-secret" } }`,
      `name: other, route: web, ${TIMES}, bypass: { header: { name: X-Check, valueFile: secret } }`,
    ),
  )
  const before = snapshotOf(text, {}, file)
  expect(JSON.stringify(before)).not.toMatch(/quite-a-secret|from-a-file-1234/)
  expect(before.maintenance![1]!.bypass.header?.sha256).toBe(hash('sha256', 'from-a-file-1234'))
  expect(maskConfiguration(text)).not.toContain('quite-a-secret')
  const after = snapshotOf(
    text.replace('quite-a-secret', 'another-secret').replace('duration: 4h', 'duration: 5h'),
    {},
    file,
  )
  expect(diffText(diffSnapshots(before, after))).toBe(
    '2 changes: window night: duration 4h -> 5h; window night: bypass.header.value changed',
  )
  const none = { ...before, maintenance: [] }
  expect(diffText(diffSnapshots(none, before))).toBe(
    '2 changes: window night added (2026-12-06T02:00 America/Sao_Paulo); window other added (2026-12-06T02:00 America/Sao_Paulo)',
  )
})
