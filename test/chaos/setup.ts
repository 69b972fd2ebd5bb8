// The configuration of one round, drawn from the seed: what of vigia is on, and how many upstreams there are. Keys that the
// configuration schema does not know (yet) are never drawn.

import { configSchema } from '../../src/config/document.ts'
import { branch, pick, type Random, whole } from '../support/random.ts'
import { type Buffering, drawBuffering } from './buffering.ts'

export interface RoundSetup {
  readonly seed: number
  readonly seconds: number
  readonly nodes: number
  readonly lanes: number
  readonly webSockets: number
  /** 0 = upstreams announce nothing and keep connections. */
  readonly keepAliveMs: number
  /** Keys of the pool in vigia's configuration. */
  readonly pool: Readonly<Record<string, unknown>>
  readonly upstreamKeys: Readonly<Record<string, unknown>>
  readonly longPollRoute: boolean
  readonly buffering: Buffering
  /** Answers of most routes are compressed for clients that accept it. */
  readonly compress: boolean
  readonly attempts: number
  readonly budgeted: boolean
  readonly retryTimeouts: boolean
  readonly breaker: boolean
  readonly responseMs: number
  /** Most upstreams with a fault at once: one less than attempts, and one is always well. */
  readonly mostFaults: number
  /** From the end of a fault until vigia must use the upstream again: see README.md, "well". */
  readonly graceMs: number
}

interface Timing {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly rise: number
  readonly fall: number
}

/** Passive health looks once a second whether an ejection is over. */
const TICK_MS = 1000
const SLACK_MS = 500

export function drawSetup(seed: number, seconds: number): RoundSetup {
  const random = branch(seed, 'setup')
  const short = seconds < 10
  const nodes = short ? 4 : whole(3, 4, random)
  const attempts = pick([2, 3, 3, 4], random)
  const budget = pick(['off', 'off', '100%', '20%'], random)
  const retryTimeouts = random() < 0.5
  const timing: Timing = {
    intervalMs: pick(short ? [500] : [500, 1000], random),
    timeoutMs: 500,
    rise: pick([1, 2], random),
    fall: pick([2, 3], random),
  }
  const outlier = random() < 0.6 ? drawOutlier(random) : undefined
  const limits = drawLimits(random)
  const buffering = drawBuffering(seed)
  return {
    seed,
    seconds,
    nodes,
    lanes: short ? 12 : pick([12, 24, 32], random),
    webSockets: short ? 3 : 6,
    keepAliveMs: pick([0, 0, 5000], random),
    pool: {
      balance: drawBalance(random),
      health: healthOf(timing),
      retry: {
        attempts,
        budget,
        ...(retryTimeouts ? { timeouts: true } : {}),
        ...(random() < 0.4 ? { statuses: [502, 503, 504] } : {}),
      },
      outlier: outlier?.keys ?? 'off',
      ...drawAffinity(random),
      ...(random() < 0.3 ? { slowStart: '2s' } : {}),
      idleConnections: pick([2, 16, 64], random),
      ...limits.pool,
      buffer: buffering.buffer,
    },
    upstreamKeys: limits.upstream,
    longPollRoute: knows('longPoll') && random() < 0.5,
    buffering,
    compress: branch(seed, 'compress')() < 0.5,
    attempts,
    budgeted: budget !== 'off',
    retryTimeouts,
    breaker: limits.breaker,
    responseMs: short ? 6000 : 3000,
    mostFaults: Math.min(attempts, nodes) - 1,
    graceMs: graceOf(timing, outlier?.maxEjectionMs),
  }
}

/** What differs from one vigia to the next, and within a run. */
export interface Place {
  readonly accessLog: string
  /** Folder for what is buffered. */
  readonly spool: string
  /** Of the listeners, without their host. */
  readonly plain: number
  readonly secure: number
  readonly moving: readonly number[]
  readonly certificate: { readonly certFile: string; readonly keyFile: string }
  readonly ticketKeyFile: string
}

/** The document for startVigia: listeners, routes by what each declares, and the access log, which is evidence. */
export function documentOf(setup: RoundSetup, place: Place): Record<string, unknown> {
  const { responseMs, longPollRoute, compress, buffering } = setup
  const { accessLog, spool, plain, secure, moving, certificate, ticketKeyFile } = place
  // Slow clients take as long as nobody else would, on a machine that has other things to do.
  const tls = { certificates: [certificate], handshakeTimeout: '40s' }
  return {
    workers: 2,
    listeners: [
      { name: 'web', address: `127.0.0.1:${plain}` },
      { name: 'secure', address: `127.0.0.1:${secure}`, tls },
      ...moving.map(port => ({ name: `moving-${port}`, address: `127.0.0.1:${port}`, tls })),
    ],
    tls: { ticketKeyFile },
    accessLog: { path: accessLog },
    buffers: { directory: spool, disk: buffering.disk, keepFree: '1MiB' },
    timeouts: { response: `${responseMs}ms`, connect: '1s', idle: '3s', tunnel: '1m' },
    compress: compress ? { types: ['text/plain', 'application/json'], minBytes: '200B' } : false,
    routes: [
      { name: 'keyed', match: { path: '/keyed' }, pool: 'erp', retry: { idempotencyKey: true } },
      {
        name: 'rpc',
        match: { path: '/rpc' },
        pool: 'erp',
        retry: { rpcReads: { methods: ['model.*.search_read'], maxBody: '16KiB' } },
      },
      { name: 'poll', match: { path: '/poll' }, pool: 'erp', ...(longPollRoute ? { longPoll: true } : {}) },
      { name: 'assets', match: { path: '/assets' }, pool: 'erp', cache: { staleIfError: '1h' } },
      // Whoever is slow on purpose is slower still on a machine that has other things to do.
      { name: 'slow', match: { path: '/slow' }, pool: 'erp', timeouts: { idle: '20s' } },
      { name: 'rest', pool: 'erp' },
    ],
  }
}

export function describeSetup(setup: RoundSetup): string {
  const { seed, nodes, lanes, keepAliveMs, pool, upstreamKeys, longPollRoute, compress, mostFaults, graceMs } = setup
  const { disk } = setup.buffering
  const keys = { ...pool, ...upstreamKeys, disk, longPollRoute, compress, keepAliveMs }
  return `seed ${seed}: ${nodes} upstreams, ${lanes} lanes, at most ${mostFaults} with a fault at once, well after ${graceMs} ms; ${JSON.stringify(keys)}`
}

function healthOf({ intervalMs, timeoutMs, rise, fall }: Timing): object {
  const times = { interval: `${intervalMs}ms`, timeout: `${timeoutMs}ms`, downInterval: `${intervalMs}ms` }
  return { path: '/health', ...times, rise, fall }
}

/** One probe may still fail, the next comes after an interval with its jitter, then `rise` in all at the faster pace. */
function graceOf({ intervalMs, timeoutMs, rise }: Timing, maxEjectionMs: number | undefined): number {
  const probes = timeoutMs + intervalMs * 1.1 + rise * (intervalMs / 4 + 50)
  return Math.round(probes + (maxEjectionMs === undefined ? 0 : maxEjectionMs + TICK_MS) + SLACK_MS)
}

function drawBalance(random: Random): unknown {
  const kind = pick(['round-robin', 'least-connections', 'random-two', 'peak-ewma', 'hash'], random)
  return kind === 'hash' ? { algorithm: 'hash', key: 'header:x-lane' } : kind
}

function drawOutlier(random: Random): { keys: object; maxEjectionMs: number } {
  const keys = {
    consecutiveFailures: pick([2, 5], random),
    ejection: '500ms',
    maxEjection: '1s',
    maxEjected: pick(['50%', '100%'], random),
    ...(random() < 0.3 ? { consecutiveGatewayErrors: 5 } : {}),
  }
  return { keys, maxEjectionMs: 1000 }
}

function drawAffinity(random: Random): Record<string, unknown> {
  const kind = pick(['none', 'none', 'cookie', 'header', 'address'], random)
  switch (kind) {
    case 'cookie':
      return { affinity: { cookie: 'VIGIA', keys: ['a-secret-that-is-only-good-for-chaos-runs'] } }
    case 'header':
      return { affinity: { follow: 'header:x-lane' } }
    case 'address':
      return { affinity: { by: 'address' } }
    default:
      return {}
  }
}

function drawLimits(random: Random): {
  pool: Record<string, unknown>
  upstream: Record<string, unknown>
  breaker: boolean
} {
  const limited = random() < 0.5 && knows('maxConnections') && knows('queue')
  const breaker = random() < 0.3 && knows('circuitBreaker')
  return {
    pool: {
      ...(limited ? { queue: { max: 500, timeout: '15s' } } : {}),
      ...(breaker ? { circuitBreaker: { requests: 40 } } : {}),
    },
    upstream: limited ? { maxConnections: pick([4, 8, 16], random) } : {},
    breaker,
  }
}

/** Whether the configuration schema has a key of this name, anywhere. */
function knows(key: string): boolean {
  return JSON.stringify(configSchema).includes(`"${key}":`)
}
