import { expect, test } from 'vitest'
import type { StatusReport } from '../../../../src/admin/contract/status.ts'
import type { UpstreamReport } from '../../../../src/admin/contract/upstreams.ts'
import { formatStatus } from '../../../../src/commands/words/status-table.ts'
import { formatAge } from '../../../../src/util/words.ts'

const NOW = Date.parse('2026-03-01T03:00:12Z')
const PLAIN = { color: false, zone: 'UTC' }
const NONE = { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }

function upstream(name: string, more: Partial<UpstreamReport>): UpstreamReport {
  return {
    name,
    url: 'http://127.0.0.1:8101',
    resolved: null,
    state: 'available',
    why: 'healthy',
    since: '2026-03-01T03:00:00Z',
    weight: 100,
    effectiveWeight: 100,
    weightOverride: null,
    priority: 0,
    holds: [],
    drain: null,
    lastProbe: null,
    lastFailure: null,
    probes: { ok: 1, failed: 0 },
    inFlight: 0,
    limit: null,
    places: 0,
    longPolls: 0,
    connections: 0,
    idleLimitedUntil: null,
    holdsWorkers: null,
    tunnels: 0,
    rate: 0,
    p50Ms: null,
    p99Ms: null,
    responses: NONE,
    errors: 0,
    failures: { connect: 0, transport: 0, timeout: 0 },
    retries: 0,
    inDoubt: 0,
    clientAborts: 0,
    connectionsOpened: 0,
    connectionsReused: 0,
    bytesIn: 0,
    bytesOut: 0,
    ...more,
  }
}

function report(upstreams: UpstreamReport[], more: Partial<StatusReport> = {}): StatusReport {
  return {
    version: '1.2.3',
    revision: 4,
    configuration: {
      revision: 4,
      appliedAt: '2026-03-01T00:00:00Z',
      source: 'start',
      file: './vigia.yaml',
      lastReload: null,
      fileDiffers: null,
    },
    state: 'ready',
    startedAt: '2026-03-01T00:00:00Z',
    uptimeS: 10_812,
    listeners: [],
    workers: [{ worker: 0, state: 'ready', revision: 4, since: '2026-03-01T00:00:00Z', restarts: 0, stalls: 0 }],
    clients: { connections: 17, limit: 10_000, limitWarning: null, rejects: 0, overLimit: 0, answers: NONE },
    accessLog: { enabled: false, destination: 'stdout', sampled: false },
    store: null,
    pools: [
      {
        name: 'erp',
        rate: 0,
        p50Ms: null,
        p99Ms: null,
        available: upstreams.filter(each => each.state === 'available').length,
        waiting: 0,
        queue: { max: null, queued: 0, waitedS: 0, full: 0, timeouts: 0 },
        breaker: { requests: 0, pending: 0, refusals: 0 },
        answers: NONE,
        inDoubtOpen: 0,
        inDoubt: 0,
        failback: 'automatic',
        priorities: { inUse: 0, floor: 0, awaitsFailback: null, standby: [] },
        outage: null,
        upstreams,
      },
    ],
    ...more,
  }
}

test('the table lines up, and says what, since when and why', () => {
  const busy = {
    inFlight: 12,
    rate: 123.4,
    p99Ms: 1240,
    responses: { ...NONE, '2xx': 123_456, '5xx': 3 },
    errors: 10,
    tunnels: 31,
    priority: 1,
  }
  const text = formatStatus(
    report([
      upstream('erp-1', busy),
      upstream('erp-long-name', { state: 'out', why: 'unhealthy: status 503, expected 200-299' }),
    ]),
    NOW,
    PLAIN,
  )
  expect(text.split('\n')).toEqual([
    'vigia 1.2.3 is ready, up 3 h 0 min, configuration revision 4, 1 of 1 workers listen, 1 of 2 upstreams available, 17 client connections',
    '2026-03-01 03:00:12; all times are UTC',
    '',
    'POOL  UPSTREAM       STATE      SINCE PRI BUSY TUN  RATE   P99 REQS ERRS  WHY',
    'erp   erp-1          available  12 s    1   12  31 123/s 1.2 s 123k   10  healthy',
    'erp   erp-long-name  out        12 s    0    0   0   0/s     -    0    0  unhealthy: status 503, expected 200-299',
  ])
})

test('a pool that nobody serves and a worker that was lost are said in a sentence', () => {
  const text = formatStatus(
    report([upstream('erp-1', { state: 'out' })], {
      workers: [{ worker: 3, state: 'starting', revision: 0, since: '2026-03-01T00:00:00Z', restarts: 2, stalls: 0 }],
    }),
    NOW,
    PLAIN,
  )
  expect(text).toContain('Pool erp has no available upstream')
  expect(text).toContain('Worker 3 is starting, restarted 2 times.')
})

test('it is said where fewer clients are let in than configured', () => {
  const { clients, ...rest } = report([upstream('erp-1', {})])
  const limitWarning = 'this process may open 400 descriptors only'
  expect(formatStatus({ ...rest, clients: { ...clients, limitWarning } }, NOW, PLAIN)).toMatch(
    /Few clients: this process may open 400 descriptors only\.$/,
  )
})

test('requests in doubt are said where there are some, with the place of their list', () => {
  const quiet = report([upstream('erp-1', {})])
  expect(formatStatus(quiet, NOW, PLAIN)).not.toContain('doubt')
  const text = formatStatus(
    { ...quiet, pools: quiet.pools.map(pool => ({ ...pool, inDoubtOpen: 3, inDoubt: 5 })) },
    NOW,
    PLAIN,
  )
  expect(text).toMatch(/Pool erp: 3 requests in doubt .*vigia in-doubt/)
})

test('colours do not move the columns, and what an upstream sent can not steer the terminal', () => {
  const upstreams = [upstream('a', {}), upstream('b', { state: 'out', why: 'its \u001b[2Jbanner' })]
  const colored = formatStatus(report(upstreams), NOW, { ...PLAIN, color: true })
  expect(colored).toContain('\u001b[31mout\u001b[39m')
  expect(colored).not.toContain('\u001b[2J')
  // biome-ignore lint/complexity/useRegexLiterals: the escape character reads better so
  expect(colored.replace(new RegExp('\u001b\\[\\d+m', 'g'), '')).toBe(formatStatus(report(upstreams), NOW, PLAIN))
})

test('ages are short and never negative', () => {
  const ages = [-5, 0, 12_400, 119_000, 120_000, 7_199_000, 7_200_000, 171_000_000, 200_000_000]
  expect(ages.map(formatAge)).toEqual([
    '0 s',
    '0 s',
    '12 s',
    '119 s',
    '2 min',
    '119 min',
    '2 h 0 min',
    '47 h 30 min',
    '2 d 7 h',
  ])
})

test('a drain has a line of its own under its upstream: who is still there, and until when', () => {
  const drain = {
    since: '2026-03-01T02:50:12Z',
    by: 'ana',
    reason: 'patching',
    deadline: null,
    remaining: { inFlight: 2, longPolls: 0, tunnels: 1, sessions: 40 },
    freeAt: '2026-03-01T03:04:12Z',
  }
  const nodes = [
    upstream('erp-1', { state: 'draining', why: 'draining by ana: patching', drain }),
    upstream('erp-2', {}),
  ]
  const lines = formatStatus(report(nodes), NOW, PLAIN).split('\n')
  expect(lines.slice(4)).toEqual([
    'erp   erp-1     draining   12 s    0    0   0  0/s   -    0    0  draining by ana: patching',
    '      drain of 10 min: 2 requests, 1 tunnel and about 40 sessions left, free in about 4 min',
    'erp   erp-2     available  12 s    0    0   0  0/s   -    0    0  healthy',
  ])
})

test('a pool whose second site carries load says who, and for how long', () => {
  const [pool] = report([upstream('erp-1', {}), upstream('dr-1', { priority: 1 })]).pools
  const standby = [{ priority: 1, since: new Date(NOW - 240_000).toISOString(), requests: 7 }]
  const used = { ...pool!, priorities: { inUse: 1, floor: 0, awaitsFailback: null, standby } }
  expect(formatStatus(report([], { pools: [used] }), NOW, PLAIN)).toContain(
    'Pool erp: priority 1 (dr-1) carries load, for 4 min now.',
  )
  const idle = { ...used, priorities: { ...used.priorities, standby: [{ ...standby[0]!, since: null }] } }
  expect(formatStatus(report([], { pools: [idle] }), NOW, PLAIN)).not.toContain('carries load')
})

test('a pool whose load waits for a failback says how to ask for it', () => {
  const [pool] = report([upstream('erp-1', {})]).pools
  const waiting = { ...pool!, priorities: { inUse: 1, floor: 1, awaitsFailback: 0, standby: [] } }
  expect(formatStatus(report([], { pools: [waiting] }), NOW, PLAIN)).toContain(
    'Pool erp is served by priority 1; priority 0 can serve again and waits for: vigia failback erp',
  )
})

test('in a terminal of 80 columns no line is longer: reasons stand under their rows, sentences go on in the next line', () => {
  const why = 'ejected after 5 failures in a row: connection reset by peer; back on trial at 2026-03-01T03:05:00.000Z'
  const limitWarning = 'this process may open 400 descriptors only, which is too few for 10000 clients of each worker'
  const busy = { tunnels: 12_000, rate: 22_222, p99Ms: 999, errors: 12_345, since: '2026-02-28T00:00:00Z', priority: 1 }
  const nodes = [
    upstream('erp-1', { state: 'out', why, ...busy }),
    upstream('erp-node-2', { responses: { ...NONE, '2xx': 5e6 } }),
  ]
  const plain = report(nodes)
  const text = formatStatus({ ...plain, clients: { ...plain.clients, limitWarning } }, NOW, {
    color: false,
    columns: 80,
    zone: 'America/Sao_Paulo',
  })
  const lines = text.split('\n')
  expect(lines.filter(line => line.length > 80)).toEqual([])
  expect(lines).toContain('2026-03-01 00:00:12; all times are America/Sao_Paulo, UTC-03:00')
  expect(text).toContain(
    '\n      ejected after 5 failures in a row: connection reset by peer; back on trial\n      at 2026-03-01 00:05:00\n',
  )
  expect(text).not.toMatch(/healthy$/m)
})

test('dates of windows are in the zone of the screen too', () => {
  const why = 'drained by window night until 2026-03-01 06:00 (America/Sao_Paulo)'
  expect(formatStatus(report([upstream('erp-1', { why })]), NOW, PLAIN)).toMatch(/until 2026-03-01 09:00$/m)
})

test.each([
  [
    { why: 'refused', problem: 'vigia.yaml:3:1: unknown key', nextStart: 'fails' },
    'NOT IN USE: what ./vigia.yaml says was refused at 2026-03-01 02:00:00: vigia.yaml:3:1: unknown key. Revision 4 goes on; the next start would FAIL.',
  ],
  [
    { why: 'refused', problem: 'x', nextStart: 'last-good' },
    'NOT IN USE: what ./vigia.yaml says was refused at 2026-03-01 02:00:00: x. Revision 4 goes on; the next start would use the last good configuration.',
  ],
  [
    { why: 'frozen', problem: 'change freeze close protects the configuration', nextStart: 'file' },
    'NOT IN USE: what ./vigia.yaml says was refused at 2026-03-01 02:00:00: change freeze close protects the configuration. A change of the file is tried again when the freeze is over; the next start would use the file as it is.',
  ],
  [
    { why: 'not-in-file', problem: null, nextStart: 'file' },
    'NOT IN THE FILE: revision 4 was applied at 2026-03-01 02:00:00 and is not what ./vigia.yaml says; the next reload or change of the file would undo it, and the next start would use the file as it is.',
  ],
  [
    { why: 'last-good', problem: 'x', nextStart: 'last-good' },
    "LAST GOOD CONFIGURATION: ./vigia.yaml can't be used: x. It is used as soon as it can be; the next start would use the last good configuration.",
  ],
] as const)('where the file does not say what is in use, that stands above the table: %j', (differs, line) => {
  const plain = report([upstream('erp-1', {})])
  const fileDiffers = { since: '2026-03-01T02:00:00Z', ...differs }
  const lines = formatStatus({ ...plain, configuration: { ...plain.configuration, fileDiffers } }, NOW, PLAIN).split(
    '\n',
  )
  expect(lines.slice(2, 5)).toEqual(['', line, ''])
})

test('a pool with nobody left stands above the table, what vigia answered itself below it', () => {
  const { pools, ...rest } = report([upstream('erp-1', { state: 'out' })])
  const answers = { ...NONE, '5xx': 12 }
  const outage = { since: '2026-03-01T02:56:12Z', answers, inDoubt: 1, planned: 0 }
  const queue = { max: 9, queued: 20, waitedS: 1, full: 3, timeouts: 4 }
  const lines = formatStatus({ ...rest, pools: [{ ...pools[0]!, answers, outage, queue }] }, NOW, PLAIN).split('\n')
  expect(lines[3]).toBe('Pool erp has NOBODY LEFT, for 4 min: its users got 12 answers 5xx; 1 request is in doubt.')
  expect(lines.at(-1)).toBe(
    'Pool erp: 12 requests were answered 5xx by vigia itself, without an upstream (3 the queue was full, 4 waited too long).',
  )
})
