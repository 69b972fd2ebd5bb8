// Who is still on an upstream that is being drained: its affinity sessions, seen lately, as /status tells them.

import { request } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ok } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

let vigia: Vigia
let upstreams: RawUpstream[] = []
afterEach(async () => {
  await Promise.all(upstreams.splice(0).map(each => each.close()))
  await vigia.stop()
})

async function start(pool: object, config: Record<string, unknown> = {}): Promise<void> {
  upstreams = await Promise.all(
    ['erp-1', 'erp-2'].map(name =>
      RawUpstream.start(async ({ connection, whole }) => {
        const { fields } = await whole()
        if (fields.some(([each]) => each.toLowerCase() === 'upgrade')) {
          connection.takeOver()
          await connection.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
          )
        } else await connection.write(ok(name))
      }),
    ),
  )
  vigia = await lendVigia({
    upstreams: upstreams.map(each => each.port),
    pool: { balance: 'round-robin', ...pool },
    config,
  })
}

async function get(fields: string, from = '127.0.0.1'): Promise<{ upstream: string; cookie: string }> {
  const client = await RawClient.connect(vigia.port, { from })
  try {
    client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`)
    const answer = await client.response()
    const cookie = `Cookie: ${field(answer, 'set-cookie')?.split(';')[0]}\r\n`
    return { upstream: answer.body.toString(), cookie }
  } finally {
    client.close()
  }
}

/** Drains both, since only what is being drained is asked who is on it. */
async function sessions(): Promise<(number | undefined)[]> {
  await new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const options = { host: '127.0.0.1', port: vigia.adminPort, path: '/pools/erp/drain', method: 'POST', headers }
    request(options, answer => answer.resume().on('end', resolve))
      .on('error', reject)
      .end(JSON.stringify({ reason: 'who is there?', force: true }))
  })
  return (await vigia.status()).pools[0]!.upstreams.map(each => each.drain?.remaining.sessions)
}

test('a client with vigia’s cookie is one session of its upstream, over all workers, however often it asks', async () => {
  await start({ affinity: { cookie: 'VIGIA', keys: ['a-secret-of-at-least-thirty-two-characters'] } }, { workers: 2 })
  const expected: Record<string, number> = { 'erp-1': 0, 'erp-2': 0 }
  for (let i = 1; i <= 20; i += 1) {
    const from = `127.0.0.${i}`
    const first = await get('', from)
    // Every third never comes back, and is no session yet.
    if (i % 3 === 0) continue
    for (let again = 0; again < 5; again += 1) expect((await get(first.cookie, from)).upstream).toBe(first.upstream)
    expected[first.upstream]! += 1
  }
  const [one, two] = await sessions()
  expect(Math.abs(one! - expected['erp-1']!)).toBeLessThanOrEqual(1)
  expect(Math.abs(two! - expected['erp-2']!)).toBeLessThanOrEqual(1)
  expect(one! + two!).toBeGreaterThanOrEqual(12)
})

test('a followed cookie is one session for each of its values; a request without it is none', async () => {
  await start({ affinity: { follow: 'cookie:session_id' } })
  const expected: Record<string, Set<number>> = { 'erp-1': new Set(), 'erp-2': new Set() }
  for (let i = 0; i < 40; i += 1) {
    const { upstream } = await get(`Cookie: session_id=${i % 10}\r\n`)
    expected[upstream]!.add(i % 10)
    await get('')
  }
  expect(await sessions()).toEqual([expected['erp-1']!.size, expected['erp-2']!.size])
})

test('a WebSocket counts as its session does', async () => {
  await start({ affinity: { follow: 'cookie:session_id' } })
  const client = await RawClient.connect(vigia.port)
  client.send(
    'GET / HTTP/1.1\r\nHost: a.example\r\nCookie: session_id=1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  expect((await client.response()).status).toBe(101)
  await until('the tunnel is counted', async () =>
    (await vigia.status()).pools[0]!.upstreams.some(each => each.tunnels === 1),
  )
  expect((await sessions()).toSorted()).toEqual([0, 1])
  client.close()
})

test('without affinity there are none', async () => {
  await start({})
  for (let i = 0; i < 5; i += 1) await get('Cookie: session_id=1\r\n')
  expect(await sessions()).toEqual([0, 0])
})
