// Requests that are held open on purpose: they take nobody's place, and their waiting is nobody's slowness.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { HoldingUpstream } from '../../support/holding-upstream.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ask } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

let upstream: HoldingUpstream
let vigia: Vigia

beforeAll(async () => {
  upstream = await HoldingUpstream.start()
  vigia = await lendVigia({
    pool: {
      upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}`, maxConnections: 1 }],
      queue: { max: 1, timeout: '5s' },
      circuitBreaker: { requests: 1 },
    },
    config: {
      routes: [{ match: { path: '/bus' }, pool: 'erp', longPoll: true }, { pool: 'erp' }],
    },
  })
})

afterAll(async () => {
  upstream.releaseAll()
  await vigia.stop()
  await upstream.close()
})

test('long polls neither take places, nor count as in flight, nor against the breaker, nor in the durations', async () => {
  const get = (target: string) => ask(vigia.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
  const polls = ['/bus/1', '/bus/2', '/bus/3', '/bus/4'].map(get)
  await upstream.holds(4)
  const report = async () => (await vigia.status()).pools[0]!.upstreams[0]!
  expect(await report()).toMatchObject({ longPolls: 4, inFlight: 0, places: 0, limit: 1 })
  expect(await vigia.metrics()).toMatch(/^vigia_upstream_long_polls\{pool="erp",upstream="erp-1"\} 4$/m)
  const plain = get('/plain')
  await upstream.holds(5)
  expect(await report()).toMatchObject({ longPolls: 4, inFlight: 1, places: 1 })
  // The upstream is full now, and the breaker too: a long poll goes through all the same.
  const another = get('/bus/5')
  await upstream.holds(6)
  upstream.releaseAll()
  for (const answer of await Promise.all([...polls, plain, another])) expect(answer.status).toBe(200)
  await until('nothing is left', async () => {
    const { longPolls, inFlight, places } = await report()
    return longPolls + inFlight + places === 0
  })
  const metrics = await vigia.metrics()
  expect(metrics).toMatch(/^vigia_request_duration_seconds_count\{pool="erp",upstream="erp-1"\} 1$/m)
  expect(metrics).toMatch(/^vigia_requests_total\{pool="erp",upstream="erp-1",method="safe",code="2xx"\} 6$/m)
})
