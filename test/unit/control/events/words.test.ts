// What people read of what happens, in the log and in the feed: each kind of event once, byte for byte.

import { expect, test } from 'vitest'
import { commentsOf } from '../../../../packaging/reference/comments.ts'
import type { VigiaEvent } from '../../../../src/control/events/event.ts'
import { wordsOf } from '../../../../src/control/events/words.ts'
import type { InDoubtRecord } from '../../../../src/shared/messages.ts'

/** What the reference says of each type of entry. */
const TYPES = commentsOf('admin/contract/events.ts', 'EVENT_TYPES')

const REQUEST: InDoubtRecord = {
  requestId: 'r-1',
  atMs: 1,
  route: 'all',
  pool: 'erp',
  upstream: 'erp-1',
  method: 'POST',
  path: '/invoices',
  idempotencyKey: undefined,
  client: '192.0.2.1',
  bytesSent: 1,
  stage: 'sent',
  cause: 'reset: ECONNRESET',
}
const OUT = { atMs: 1, pool: 'erp', upstream: 'erp-1', from: 'available', to: 'out', cause: 'unhealthy' } as const
const WINDOW = {
  type: 'window',
  atMs: 1,
  window: 'night',
  kind: 'overrun',
  occurrence: 'night@2026-12-06T02:00:00',
  by: 'schedule',
  reason: 'updates',
  cause: 'past its end',
} as const
const ADDED = { ...WINDOW, kind: 'added', occurrence: undefined, by: 'ana', cause: 'added by ana' } as const
const SETTLED = { resolution: 'done', note: 'seen', by: 'ana', atMs: 2 } as const
const reload = { type: 'reload', atMs: 1, request: { source: 'file' }, revision: 3, input: undefined } as const

test.each<[VigiaEvent, string[], string[]]>([
  [
    { type: 'transition', transition: OUT },
    ['warn: upstream erp/erp-1 is out: unhealthy'],
    ['erp/erp-1 is out: unhealthy'],
  ],
  [
    {
      type: 'notice',
      notice: { level: 'info', pool: 'erp', upstream: undefined, text: 'priority 1 carries the load' },
    },
    ['info: pool erp: priority 1 carries the load'],
    ['pool erp: priority 1 carries the load'],
  ],
  [
    { type: 'notice', notice: { level: 'warn', pool: 'erp', upstream: 'erp-1', text: 'asks for 0%' } },
    ['warn: upstream erp/erp-1 asks for 0%'],
    ['erp/erp-1: asks for 0%'],
  ],
  [WINDOW, ['warn: window night: past its end'], ['window night: past its end']],
  [
    { type: 'order', who: { by: 'ana' }, effects: [{ kind: 'window', facts: [], event: ADDED }] },
    ['info: window night: added by ana'],
    ['window night: added by ana'],
  ],
  [
    { type: 'in-doubt', record: REQUEST },
    ['warn: in doubt: POST /invoices may or may not have been carried out by erp/erp-1'],
    ['in doubt: POST /invoices on erp/erp-1 may or may not have been carried out'],
  ],
  [
    { type: 'settled', requestId: 'r-1', requests: [REQUEST, REQUEST], ...SETTLED },
    ['info: in doubt: request r-1 is settled: done'],
    [
      'no longer in doubt: POST /invoices on erp/erp-1 is settled as done: seen',
      'no longer in doubt: POST /invoices on erp/erp-1 is settled as done: seen',
    ],
  ],
  [
    { type: 'worker-lost', worker: 1, lost: { total: 2, upstreams: { 'erp/erp-1': 1 } }, isReplaced: true },
    [
      "warn: in doubt: a worker ended with 2 requests in flight, which can't be named; those that change something may have been carried out",
    ],
    ['worker 1 ended with 2 requests in flight; another takes its place'],
  ],
  [{ type: 'worker-lost', worker: 1, lost: { total: 0, upstreams: {} }, isReplaced: false }, [], []],
  [
    { type: 'worker-stalled', worker: 1, phase: 'begins', forMs: 1100 },
    ['error: worker 1 stands still: its clients wait; others no longer wait for those that it has in a queue'],
    ['worker 1 stands still: its clients wait; others no longer wait for those that it has in a queue'],
  ],
  [
    { type: 'worker-stalled', worker: 1, phase: 'ends', forMs: 6100 },
    ['info: worker 1 goes on, after 6.1 s'],
    ['worker 1 goes on, after 6.1 s'],
  ],
  [
    { type: 'worker-stalled', worker: 1, phase: 'replaced', forMs: 10_100 },
    ['error: worker 1 has stood still for 10.1 s: it is ended (watchdog.worker)'],
    ['worker 1 has stood still for 10.1 s: it is ended (watchdog.worker)'],
  ],
  [
    { type: 'control-stalled', forMs: 2500, alone: true },
    [
      'warn: the control plane stood still for 2.5 s: no probe, no order and no signal was looked at meanwhile; traffic went on',
    ],
    [
      'the control plane stood still for 2.5 s: no probe, no order and no signal was looked at meanwhile; traffic went on',
    ],
  ],
  [
    {
      type: 'memory',
      residentBytes: 2 ** 31,
      totalBytes: 2 ** 30,
      heapBytes: 2 ** 29,
      renewal: { worker: 1, why: 'total' },
    },
    ['warn: vigia has 2048 MiB of memory, and limits.memory is 1024 MiB: worker 1 is drained and replaced'],
    ['vigia has 2048 MiB of memory, and limits.memory is 1024 MiB: worker 1 is drained and replaced'],
  ],
  [
    {
      type: 'memory',
      residentBytes: 2 ** 31,
      totalBytes: 2 ** 30,
      heapBytes: 2 ** 29,
      renewal: { worker: 0, why: 'heap' },
    },
    ['warn: the heap of worker 0 is nearly full (its bound is 512 MiB): worker 0 is drained and replaced'],
    ['the heap of worker 0 is nearly full (its bound is 512 MiB): worker 0 is drained and replaced'],
  ],
  [
    { type: 'memory', residentBytes: 2 ** 31, totalBytes: 2 ** 30, heapBytes: 2 ** 29, renewal: undefined },
    ['warn: vigia has 2048 MiB of memory, and limits.memory is 1024 MiB'],
    ['vigia has 2048 MiB of memory, and limits.memory is 1024 MiB'],
  ],
  [{ ...reload, result: 'applied' }, [], ['configuration applied, revision 3 (file)']],
  [{ ...reload, result: 'unchanged' }, [], []],
  [
    { ...reload, result: 'refused', problems: ['one', 'two'], frozen: false, waits: false },
    [],
    ['configuration refused (file): one (and 1 more)'],
  ],
  [
    { type: 'started', version: '1', revision: 7, file: './vigia.yaml', text: undefined, keeps: false },
    [
      `info: vigia 1 starts: process ${process.pid}, ./vigia.yaml, configuration revision 7`,
      'info: no store: a restart forgets drains and other orders, and there is no audit (configuration key "store")',
    ],
    [],
  ],
  [
    { type: 'pool', phase: 'begins', atMs: 0, pool: 'erp', upstreams: ['erp-1 is out: status 503'], isPlanned: false },
    ['error: pool erp has nobody left: erp-1 is out: status 503'],
    ['pool erp has nobody left: erp-1 is out: status 503'],
  ],
  [{ type: 'disabled', slot: 1 }, [], []],
])('%j', (event, lines, entries) => {
  const words = wordsOf(event)
  expect((words.lines ?? []).map(({ level, text }) => `${level}: ${text}`)).toEqual(lines)
  expect((words.entries ?? []).map(({ text }) => text)).toEqual(entries)
  for (const { type, detail = {} } of words.entries ?? [])
    expect(Object.keys(detail).filter(key => !TYPES.get(type)!.includes(`\`${key}\``))).toEqual([])
})
