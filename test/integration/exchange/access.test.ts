// Who may use a route, by the address that vigia believes, and which paths nobody gets, however they are written.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import type { Vigia } from '../../support/vigia.ts'

let upstream: RawUpstream
let vigia: Vigia

beforeAll(async () => {
  upstream = await RawUpstream.start(answerOk)
  vigia = await lendVigia({
    upstreams: [upstream.port],
    config: {
      trustedProxies: ['127.0.0.9'],
      routes: [
        {
          match: { path: '/office' },
          pool: 'erp',
          access: { allow: ['127.0.0.2', '192.0.2.0/24', '2001:db8::/32'], deny: ['192.0.2.66'] },
        },
        { match: { path: '/denied' }, pool: 'erp', access: { deny: ['127.0.0.0/30'] } },
        { pool: 'erp', access: { denyPaths: ['/web/database*'] }, rateLimit: { rate: '1/h', burst: 100 } },
      ],
    },
  })
})

afterAll(async () => {
  await vigia?.stop()
  await upstream?.close()
})

async function get(target: string, from: string, forwardedFor?: string): Promise<number> {
  const client = await RawClient.connect(vigia.port, { from })
  const claim = forwardedFor === undefined ? '' : `X-Forwarded-For: ${forwardedFor}\r\n`
  client.send(`GET ${target} HTTP/1.1\r\nHost: a.example\r\n${claim}\r\n`)
  const { status } = await client.final()
  client.close()
  return status
}

test.each([
  ['/office', '127.0.0.2', undefined, 200],
  ['/office', '127.0.0.1', undefined, 403],
  ['/office', '127.0.0.1', '127.0.0.2', 403],
  ['/office', '127.0.0.9', '192.0.2.1', 200],
  ['/office', '127.0.0.9', '::ffff:192.0.2.1', 200],
  ['/office', '127.0.0.9', '192.0.2.66', 403],
  ['/office', '127.0.0.9', '192.0.2.1, 203.0.113.1', 403],
  ['/office', '127.0.0.9', '2001:db8::1', 200],
  ['/office', '127.0.0.9', '2001:db9::1', 403],
  ['/office', '127.0.0.9', 'unknown', 403],
  ['/office', '127.0.0.9', undefined, 403],
  ['/denied', '127.0.0.3', undefined, 403],
  ['/denied', '127.0.0.4', undefined, 200],
  ['/', '127.0.0.1', undefined, 200],
])('%s from %s (X-Forwarded-For: %s) is answered %i', async (target, from, forwardedFor, status) => {
  expect(await get(target, from, forwardedFor)).toBe(status)
})

test.each([
  '/web/database/manager',
  '/web//database/manager',
  '//web/database',
  '/web/%64atabase',
  '/web/./database',
  '/web/x/../database',
  '/web/database;x',
  '/x/..;/web/database',
  '/web%2Fdatabase',
  '/web%252Fdatabase',
  '/web\\database',
  'http://a.example/web/database',
])('nobody gets %s', async target => {
  upstream.connections = []
  expect([400, 403]).toContain(await get(target, '127.0.0.1'))
  expect(upstream.requests).toEqual([])
})

test('what is forbidden costs its client nothing of its rate, is counted, and is told as JSON to programs', async () => {
  for (let i = 0; i < 120; i += 1) await get('/web/database', '127.0.0.5')
  expect(await get('/', '127.0.0.5')).toBe(200)
  const client = await RawClient.connect(vigia.port)
  client.send('GET /web/database HTTP/1.1\r\nHost: a.example\r\nAccept: application/json\r\n\r\n')
  const answer = await client.final()
  client.close()
  expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 403, code: 'forbidden' })
  const metrics = await vigia.metrics()
  expect(Number(/^vigia_requests_forbidden_total\{pool="erp"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(120)
})
