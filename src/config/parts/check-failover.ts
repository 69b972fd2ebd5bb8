// Cross-checks of retries and passive health: keys that contradict each other, or promise what can't be kept.

import { DEFAULTS } from '../defaults.ts'
import { error, type Finding, type Path, quote, warning } from '../read/problem.ts'
import type { OutlierDocument, PoolDocument, RouteDocument } from '../schema.ts'
import { formatSize, parseDuration, parseShare, parseSize } from '../units.ts'

/** Beyond that, a few thousand uploads at once fill the memory. */
const MUCH_REPLAY_BYTES = 1024 ** 2
/** What these are called in every ERP changes something. */
const WRITES = new Set([
  'create',
  'write',
  'unlink',
  'delete',
  'copy',
  'save',
  'set',
  'update',
  'execute',
  'execute_kw',
])

export function* checkPoolFailover(pool: PoolDocument, at: Path): Iterable<Finding> {
  yield* checkRetry(pool.retry, [...at, 'retry'])
  if (typeof pool.outlier === 'object') yield* checkOutlier(pool.outlier, pool, [...at, 'outlier'])
  const isNeverOut = isOff(pool.health) && isOff(pool.outlier)
  if (pool.slowStart !== undefined && parseDuration(pool.slowStart) !== 0 && isNeverOut) {
    yield warning(
      [...at, 'slowStart'],
      'has no effect: without health checks and outlier no upstream ever returns',
      'key',
    )
  }
}

export function* checkRouteRetry(retry: RouteDocument['retry'], at: Path): Iterable<Finding> {
  if (retry === undefined) return
  const replay = parseSize(retry.replay ?? DEFAULTS.retry.replay)!
  if (replay > MUCH_REPLAY_BYTES) {
    yield warning([...at, 'replay'], `every request in flight may hold that much memory: most need no more than 64KiB`)
  }
  if (retry.idempotencyKey === true && replay === 0) {
    yield warning([...at, 'idempotencyKey'], 'without a replay buffer no request with a body is tried again', 'key')
  }
  if (retry.rpcReads === undefined) return
  const { methods, maxBody } = retry.rpcReads
  if (parseSize(maxBody)! > replay) {
    yield error(
      [...at, 'rpcReads', 'maxBody'],
      `is larger than the replay buffer of ${formatSize(replay)}: such a body could not be sent again; lower it, or raise replay`,
    )
  }
  for (const [i, method] of methods.entries()) {
    const last = method.slice(method.lastIndexOf('.') + 1)
    if (!WRITES.has(last.toLowerCase())) continue
    yield error(
      [...at, 'rpcReads', 'methods', i],
      `${quote(method)} changes data: a call that is sent again would be carried out twice; remove it`,
    )
  }
}

function* checkRetry(retry: PoolDocument['retry'], at: Path): Iterable<Finding> {
  const { attempts = DEFAULTS.retry.attempts, budget, statuses = [], timeouts } = retry ?? {}
  if (attempts > 1) {
    if (typeof budget !== 'boolean' && budget !== undefined && parseShare(budget) === 0) {
      yield warning(
        [...at, 'budget'],
        'with 0 only requests of which nothing was sent are tried again, whatever attempts says',
      )
    }
    return
  }
  const none = 'has no effect with attempts: 1'
  if (statuses.length > 0) yield warning([...at, 'statuses'], none, 'key')
  if (timeouts === true) yield warning([...at, 'timeouts'], none, 'key')
}

function* checkOutlier(
  outlier: Exclude<OutlierDocument, string | false>,
  { upstreams }: PoolDocument,
  at: Path,
): Iterable<Finding> {
  const { consecutiveFailures, consecutiveGatewayErrors, serverErrors, latency } = outlier
  const judgesRows = (consecutiveFailures ?? DEFAULTS.outlier.consecutiveFailures) + (consecutiveGatewayErrors ?? 0) > 0
  if (!judgesRows && serverErrors === undefined && latency === undefined) {
    yield error(at, 'nothing is judged: set consecutiveFailures or another rule, or write outlier: off', 'key')
  }
  const { ejection = DEFAULTS.outlier.ejection, maxEjection = DEFAULTS.outlier.maxEjection } = outlier
  if (parseDuration(maxEjection)! < parseDuration(ejection)!) {
    const key = outlier.maxEjection === undefined ? 'ejection' : 'maxEjection'
    yield error([...at, key], `the longest ejection (${maxEjection}) is shorter than the first one (${ejection})`)
  }
  if (outlier.window !== undefined && serverErrors === undefined && latency === undefined) {
    yield warning([...at, 'window'], 'has no effect: only serverErrors and latency are judged over a window', 'key')
  }
  if (upstreams.length > 1) return
  if (latency !== undefined) {
    yield error([...at, 'latency'], 'compares an upstream with the others: the pool needs at least two', 'key')
  } else yield warning(at, 'has no effect: the only upstream of a pool is never ejected', 'key')
}

function isOff(setting: unknown): boolean {
  return setting === 'off' || setting === false
}
