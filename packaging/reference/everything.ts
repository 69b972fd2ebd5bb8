// A vigia that has one of everything, so that each metric has something to tell. The numbers mean nothing.

import { type MetricsSource, PROBE_BUCKETS_S } from '../../src/metrics/source.ts'
import { BUFFER_TROUBLES } from '../../src/policy/request/buffering/trouble.ts'
import { allocateCounters, CounterTable } from '../../src/shared/counters.ts'

const probes = { ok: 1, failed: 1, void: 1, durationSumS: 1, buckets: [...PROBE_BUCKETS_S, Infinity].map(() => 1) }
const reloads = { tally: { applied: 1, unchanged: 1, refused: 1 }, appliedMs: 1, last: { error: undefined } }

const held = {
  ...{ waiting: 1, sending: 1, inDoubt: 1, dead: 1, bytes: 1, oldestS: 1, emptyS: 1 },
  totals: {
    ...{ held: 1, repeats: 1, refused: 1, forwarded: 1, dead: 1, inDoubt: 1, dropped: 1 },
    answered: { '2xx': 1, '3xx': 1, '4xx': 1, '5xx': 1 },
  },
}

export const EVERYTHING: Required<MetricsSource> = {
  version: '',
  counters: countedOnce(),
  revision: () => 1,
  routes: () => [{ name: 'web', pool: 'erp', slot: 1 }],
  admin: () => ({ refusals: 1, turnedAway: 1 }),
  inDoubtOpen: () => 1,
  cache: () => ({ entries: 1, bytes: 1, capacityBytes: 1, oldestS: 1, evicted: 1 }),
  buffers: () => ({
    ...{ memoryBytes: 1, memoryLimitBytes: 1, diskBytes: 1, diskLimitBytes: 1, files: 1 },
    ...{ requests: 1, answers: 1, answerBytes: 1, spooledBytes: 1, savedSeconds: { requests: 1, answers: 1 } },
    troubles: Object.fromEntries(BUFFER_TROUBLES.map(trouble => [trouble, 1])),
  }),
  workers: () => [{ restarts: 1, isStalled: true, stalls: 1 }],
  controlStalls: () => ({ count: 1, seconds: 1 }),
  windows: () => [{ name: 'patch night', active: true, nextStartMs: 1 }],
  names: () => ({ names: [{ host: 'erp', addresses: 1, up: true }], lookups: { found: 1, 'not-found': 1, away: 1 } }),
  certificates: () =>
    (['rsa', 'ecdsa'] as const).map(keyType => ({
      ...{ listener: 'secure', name: 'erp.example.com', keyType, fromMs: 1, untilMs: 1, refused: false },
    })),
  authorities: () =>
    (['authority', 'revocation-list'] as const).map(kind => ({
      ...{ kind, name: 'Partner CA', fromMs: 1, untilMs: 1, refused: false },
    })),
  acme: () => ({ issued: 1, failed: 1, names: [{ name: 'erp.example.com', failures: 1, nextMs: 1 }] }),
  held: () => ({
    ...{ up: true, callbacks: 1 },
    routes: [{ name: 'shop', paused: true, gateOpen: true, counts: held }],
  }),
  reloads: () => reloads,
  fileDiffers: () => undefined,
  store: () => ({ up: true, waiting: 1, dropped: 1 }),
  pools: () => [
    {
      ...{ name: 'erp', slot: 1, queueMax: 1, outages: { count: 1, seconds: 1 } },
      levels: { inUse: 1, floor: 1, awaitsFailback: true, standby: [{ priority: 1, active: true, requests: 1 }] },
      upstreams: [
        {
          ...{ name: 'erp-1', slot: 2, state: 'available', weight: 1, ejections: 1, idleLimited: true },
          ...{ holdsWorkers: true, drainDeadlineMs: 1, limit: 1, probes },
        },
      ],
    },
  ],
}

/** Everything that can be counted has been: what has never been counted may be left out of a scrape. */
function countedOnce(): CounterTable {
  const memory = allocateCounters(1)
  new Float64Array(memory).fill(1)
  return new CounterTable(memory, 1)
}
