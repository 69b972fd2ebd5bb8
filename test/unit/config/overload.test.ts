// Limits of upstreams, queues, circuit breakers, failback and long polls: what they compile to, and every way to get them wrong.

import { describe, expect, test } from 'vitest'
import type { PoolPlan } from '../../../src/plan/pool.ts'
import type { RoutePlan } from '../../../src/plan/route.ts'
import { type Case, expectEach as expectProblems } from './cases.ts'
import { documentOf, problemsOf, snapshotOf } from './support.ts'

const LIMITED = '[{ name: a, url: "http://x", maxConnections: 8 }, { name: b, url: "http://y", maxConnections: 9 }]'
const UNLIMITED = '[{ name: a, url: "http://x" }, { name: b, url: "http://y" }]'
const POOL = 'pools.erp'

const poolOf = (pool: string): PoolPlan => snapshotOf(documentOf({ pool, upstreams: LIMITED })).pools[0]!
const routeOf = (keys: string): RoutePlan =>
  snapshotOf(documentOf({ routes: `- { pool: erp, ${keys} }`, pool: 'queue: { max: 5 }', upstreams: LIMITED }))
    .routes[0]!
const expectEach = (cases: readonly Case[]) => expectProblems(cases, { upstreams: LIMITED })

describe('limits of answers', () => {
  test('compile to numbers; what is not given is taken from the top level', () => {
    expect(poolOf('limits: { head: 64KiB, headers: 200 }').limits).toEqual({ headBytes: 65_536, headerCount: 200 })
    expect(poolOf('limits: { head: 1MiB }').limits).toEqual({ headBytes: 1_048_576 })
    expect(poolOf('failback: automatic').limits).toBeUndefined()
  })

  expectEach([
    ['both', { upstreams: UNLIMITED, pool: 'limits: { head: 64KiB, headers: 200 }' }],
    [
      'a head of nothing',
      { upstreams: UNLIMITED, pool: 'limits: { head: 0 }' },
      `7:21: ${POOL}.limits.head: 0 is not valid here, expected a size such as 512B, 64KiB, 8MiB or 1GiB`,
    ],
    [
      'no fields',
      { upstreams: UNLIMITED, pool: 'limits: { headers: 0 }' },
      `7:24: ${POOL}.limits.headers: 0 is not valid here, expected a whole number from 1 to 10000`,
    ],
    [
      'a limit of requests',
      { upstreams: UNLIMITED, pool: 'limits: { target: 8KiB }' },
      `7:15: ${POOL}.limits.target: unknown key, expected one of head, headers`,
    ],
  ])
})

describe('TCP keepalive', () => {
  test('compiles to ms, 0 = never', () => {
    expect(['30s', '0'].map(time => poolOf(`tcpKeepAlive: ${time}`).tcpKeepAliveMs)).toEqual([30_000, 0])
  })

  const whole = { upstreams: UNLIMITED }
  expectEach([
    ['up to 9 hours', { ...whole, pool: 'tcpKeepAlive: 9h' }],
    [
      'longer than the system takes, on both sides',
      { ...whole, pool: 'tcpKeepAlive: 10h', listeners: '- { name: web, address: ":8080", tcpKeepAlive: 541m }' },
      '2:50: listeners[0].tcpKeepAlive: is more than the system takes: at most 9h, or 0 (never asks)',
      `7:19: ${POOL}.tcpKeepAlive: is more than the system takes: at most 9h, or 0 (never asks)`,
    ],
  ])
})

describe('limits and the queue', () => {
  test('compile to numbers', () => {
    const pool = poolOf('queue: { max: 512 }')
    expect(pool.upstreams.map(({ maxConnections }) => maxConnections)).toEqual([8, 9])
    expect(pool.queue).toEqual({ max: 512, timeoutMs: 15_000 })
    expect(poolOf('queue: { max: 1, timeout: 250ms }').queue).toEqual({ max: 1, timeoutMs: 250 })
  })

  expectEach([
    ['a limit with a queue', { pool: 'queue: { max: 512, timeout: 15s }' }],
    [
      'a queue without a limit',
      { pool: 'queue: { timeout: 5s }' },
      `7:12: ${POOL}.queue: the key "max" is missing: a queue without a limit lets everybody wait for nothing; set it to what the upstreams serve within \`timeout\``,
    ],
    [
      'a queue of nothing in particular',
      { pool: 'queue: true' },
      `7:12: ${POOL}.queue: true is not valid here, expected a mapping`,
    ],
    [
      'a queue for nobody',
      { pool: 'queue: { max: 0 }' },
      `7:19: ${POOL}.queue.max: 0 is not valid here, expected a whole number from 1 to 100000`,
    ],
    [
      'a queue that nobody may wait in',
      { pool: 'queue: { max: 5, timeout: 0 }' },
      `7:31: ${POOL}.queue.timeout: 0 is not valid here, expected a duration (below 500h) such as 250ms, 2s, 5m or 8h`,
    ],
    [
      'a limit without a queue, told once',
      {},
      `9:36: warning: ${POOL}.upstreams[0].maxConnections: what is too many is answered 503 at once: give the pool a queue, such as queue: { max: 512 }`,
    ],
    [
      'a queue without any limit',
      { pool: 'queue: { max: 5 }', upstreams: UNLIMITED },
      `7:5: warning: ${POOL}.queue: is never used: no upstream of the pool has maxConnections`,
    ],
    [
      'a limit of nothing',
      { pool: 'queue: { max: 5 }', upstreams: '- { name: a, url: "http://x", maxConnections: 0 }' },
      `9:53: ${POOL}.upstreams[0].maxConnections: 0 is not valid here, expected a whole number from 1 to 1000000`,
    ],
    [
      'a limit of the pool instead of its upstreams',
      { pool: 'maxConnections: 8' },
      `7:5: ${POOL}.maxConnections: unknown key, expected one of balance, health, upstreams, allDown, firstVerdict, retryAfter, overprovisioning, spill, failback, minAvailable, queue, circuitBreaker, retry, outlier, onDown, affinity, application, assets, paths, slowStart, limits, idleConnections, idleTimeout, tcpKeepAlive`,
      `9:36: warning: ${POOL}.upstreams[0].maxConnections: what is too many is answered 503 at once: give the pool a queue, such as queue: { max: 512 }`,
    ],
  ])

  test('one upstream with a limit is enough for a queue', () => {
    const upstreams = '[{ name: a, url: "http://x" }, { name: b, url: "http://y", maxConnections: 1 }]'
    expect(problemsOf(documentOf({ pool: 'queue: { max: 5 }', upstreams }))).toEqual([])
  })
})

describe('circuit breakers', () => {
  test('compile to numbers', () => {
    const breakerOf = (breaker: string) => poolOf(`queue: { max: 5 }\n    circuitBreaker: ${breaker}`).breaker
    expect(breakerOf('{ requests: 1000 }')).toEqual({ requests: 1000, pending: undefined })
    expect(breakerOf('{ requests: 10, pending: 5 }')).toEqual({ requests: 10, pending: 5 })
  })

  const withQueue = (breaker: string) => ({ pool: `circuitBreaker: ${breaker}\n    queue: { max: 5 }` })
  const at = `${POOL}.circuitBreaker`
  const never = (most: number) =>
    `the queue of 5 never fills: those that wait in it count here, and from ${most} on they are refused`
  expectEach([
    ['that let the queue fill', withQueue('{ requests: 5, pending: 5 }')],
    ['without a number', withQueue('{}'), `7:5: ${at}: says not how many: set requests or pending, or remove it`],
    [
      'of which one number is never reached',
      withQueue('{ requests: 50, pending: 60 }'),
      `7:46: warning: ${at}.pending: has no effect: requests refuses from 50 on already`,
    ],
    ['that keep the queue empty', withQueue('{ pending: 4 }'), `7:32: warning: ${at}.pending: ${never(4)}`],
    ['that keep it empty otherwise', withQueue('{ requests: 4 }'), `7:33: warning: ${at}.requests: ${never(4)}`],
  ])

  test('work without a queue', () => {
    expect(problemsOf(documentOf({ pool: 'circuitBreaker: { pending: 1 }' }))).toEqual([])
  })
})

describe('spill', () => {
  const sites = (limit = '') => `[{ name: a, url: "http://x"${limit} }, { name: b, url: "http://y", priority: 1 }]`
  const limited = sites(', maxConnections: 8')

  test('is none by default, and capacity where a factor is set', () => {
    const spillOf = (pool: string) => {
      const { spill, overprovisioning } = snapshotOf(documentOf({ pool, upstreams: sites() })).pools[0]!
      return [spill, overprovisioning]
    }
    expect(spillOf('# nothing')).toEqual(['none', undefined])
    expect(spillOf('overprovisioning: 1.4')).toEqual(['capacity', 1.4])
    expect(spillOf('spill: capacity')).toEqual(['capacity', undefined])
  })

  test.each([
    [
      'capacity, where nothing says what a site can carry',
      'spill: capacity',
      sites(),
      'spill: has no effect: nothing says',
    ],
    [
      'a factor without spill',
      '{ spill: none, overprovisioning: 2 }',
      sites(),
      'overprovisioning: has no effect: with `spill',
    ],
    ['a factor with one priority', 'overprovisioning: 2', UNLIMITED, 'overprovisioning: has no effect: all upstreams'],
  ])('%s is warned of', (_, pool, upstreams, warning) => {
    const flat = pool.replace(/^\{ (.*), (.*) \}$/, '$1\n    $2')
    expect(problemsOf(documentOf({ pool: flat, upstreams })).join('\n')).toContain(warning)
  })

  test('capacity is fine with limits or a factor', () => {
    expect(problemsOf(documentOf({ pool: 'overprovisioning: 1', upstreams: sites() }))).toEqual([])
    expect(problemsOf(documentOf({ pool: 'spill: capacity\n    queue: { max: 8 }', upstreams: limited }))).toEqual([])
  })
})

describe('failback', () => {
  const SITES = '[{ name: a, url: "http://x" }, { name: b, url: "http://y", priority: 1 }]'

  test('is automatic unless it is said', () => {
    const failbackOf = (pool: string) => snapshotOf(documentOf({ pool, upstreams: SITES })).pools[0]?.failback
    expect(failbackOf('# nothing')).toBe('automatic')
    expect(failbackOf('failback: automatic')).toBe('automatic')
    expect(failbackOf('failback: manual')).toBe('manual')
  })

  expectEach([
    ['manual, with two sites', { pool: 'failback: manual', upstreams: SITES }],
    [
      'manual, with one priority',
      { pool: 'failback: manual', upstreams: UNLIMITED },
      `7:5: warning: ${POOL}.failback: has no effect: all upstreams of the pool have one priority`,
    ],
    [
      'a word that is none',
      { pool: 'failback: manuel', upstreams: SITES },
      `7:15: ${POOL}.failback: "manuel" is not valid here, expected "automatic" or "manual", did you mean "manual"?`,
    ],
  ])
})

describe('routes', () => {
  test('say what is a long poll, and who goes first', () => {
    expect(routeOf('longPoll: true')).toMatchObject({ longPoll: true, queuePriority: 0 })
    expect(routeOf('queuePriority: -9')).toMatchObject({ longPoll: false, queuePriority: -9 })
  })

  const queue = { pool: 'queue: { max: 5 }' }
  expectEach([
    [
      'a rank beyond the range',
      { ...queue, routes: '- { pool: erp, queuePriority: 10 }' },
      '4:33: routes[0].queuePriority: 10 is not valid here, expected a whole number from -9 to 9',
    ],
    [
      'a rank where nobody waits',
      { routes: '- { pool: erp, queuePriority: 1 }', upstreams: UNLIMITED },
      '4:18: warning: routes[0].queuePriority: has no effect: the pool of the route has no queue',
    ],
    [
      'a rank of what never waits',
      { ...queue, routes: '- { pool: erp, longPoll: true, queuePriority: 1 }' },
      '4:34: warning: routes[0].queuePriority: has no effect: a long poll never waits in the queue',
    ],
    [
      'a rank in a pool that is not there',
      { ...queue, routes: '[{ pool: erb, queuePriority: 1, match: { path: /a } }, { pool: erp }]' },
      '4:12: routes[0].pool: there is no pool "erb", did you mean "erp"?',
    ],
    [
      'a long poll that is neither',
      { ...queue, routes: '- { pool: erp, longPoll: 60s }' },
      '4:28: routes[0].longPoll: "60s" is not valid here, expected true or false',
    ],
  ])
})

test('what is wrong with a queue or a limit does not make the other look useless', () => {
  const routes = '- { pool: erp, queuePriority: 1 }'
  const withoutMax = documentOf({ routes, pool: 'queue: { timeout: 1s }', upstreams: LIMITED })
  expect(problemsOf(withoutMax)).toEqual([expect.stringContaining('the key "max" is missing')])
  const mistyped = '- { name: a, url: "http://x", maxConnections: many }'
  expect(problemsOf(documentOf({ pool: 'queue: { max: 5 }', upstreams: mistyped }))).toHaveLength(1)
  const priority = '[{ name: a, url: "http://x" }, { name: b, url: "http://y", priority: one }]'
  expect(problemsOf(documentOf({ pool: 'failback: manual', upstreams: priority }))).toHaveLength(1)
})
