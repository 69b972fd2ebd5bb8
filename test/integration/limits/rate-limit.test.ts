// How often a client may ask: one bucket over all workers, kept over a reload, and an answer that says when to come back.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOk } from '../../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { sleep, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const get = (target: string, ...fields: string[]) =>
  `${[`GET ${target} HTTP/1.1`, 'Host: a.example', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`

describe.each([1, 2])('with %i workers', workers => {
  let upstream: RawUpstream
  let vigia: Vigia
  const config = {
    workers,
    trustedProxies: ['127.0.0.9'],
    routes: [
      { name: 'limited', match: { path: '/limited' }, pool: 'erp', rateLimit: { rate: '1/m', burst: 8 } },
      { name: 'other', match: { path: '/other' }, pool: 'erp', rateLimit: { rate: '1/m', burst: 8 } },
      { name: 'quick', match: { path: '/quick' }, pool: 'erp', rateLimit: { rate: '4/s', burst: 1 } },
      { name: 'post', match: { path: '/post' }, pool: 'erp', rateLimit: { rate: '1/m', burst: 1 } },
      { pool: 'erp' },
    ],
  }

  beforeAll(async () => {
    upstream = await RawUpstream.start(answerOk)
    vigia = await startVigia({ upstreams: [upstream.port], config })
  })

  afterAll(async () => {
    await vigia?.stop()
    await upstream?.close()
  })

  /** Each on a connection of its own, all at once: the kernel spreads them over the workers. */
  async function statuses(from: string, count: number, target: string, ...fields: string[]): Promise<number[]> {
    const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(vigia.port, { from })))
    const answers = await Promise.all(
      clients.map(async client => {
        client.send(get(target, ...fields))
        const { status } = await client.final()
        client.close()
        return status
      }),
    )
    return answers.sort()
  }

  const expected = (let_: number, refused: number) => [...Array(let_).fill(200), ...Array(refused).fill(429)]

  test('a client gets its burst over all workers and not one request more, another client its own', async () => {
    const before = upstream.requests.length
    expect(await statuses('127.0.0.1', 20, '/limited')).toEqual(expected(8, 12))
    expect(await statuses('127.0.0.2', 10, '/limited')).toEqual(expected(8, 2))
    expect(upstream.requests.length - before).toBe(16)
  })

  test('each route has its own bucket, a route without a limit none', async () => {
    expect(await statuses('127.0.0.3', 9, '/limited')).toEqual(expected(8, 1))
    expect(await statuses('127.0.0.3', 9, '/other')).toEqual(expected(8, 1))
    expect(await statuses('127.0.0.3', 20, '/')).toEqual(expected(20, 0))
  })

  test('behind a trusted proxy it is the client that counts, and a /64 of IPv6 is one client', async () => {
    const via = (address: string) => `X-Forwarded-For: ${address}`
    expect(await statuses('127.0.0.9', 9, '/limited', via('192.0.2.1'))).toEqual(expected(8, 1))
    expect(await statuses('127.0.0.9', 1, '/limited', via('::ffff:192.0.2.1'))).toEqual([429])
    expect(await statuses('127.0.0.9', 1, '/limited', via('192.0.2.2'))).toEqual([200])
    expect(await statuses('127.0.0.9', 8, '/limited', via('2001:db8::1'))).toEqual(expected(8, 0))
    expect(await statuses('127.0.0.9', 1, '/limited', via('2001:db8:0:0:ffff::2'))).toEqual([429])
    expect(await statuses('127.0.0.9', 1, '/limited', via('2001:db8:0:1::1'))).toEqual([200])
  })

  test('nobody gets a new bucket by what it writes about itself', async () => {
    await statuses('127.0.0.4', 8, '/limited')
    expect(await statuses('127.0.0.4', 1, '/limited', 'X-Forwarded-For: 192.0.2.77')).toEqual([429])
  })

  test('the answer is 429 with Retry-After, and the connection stays', async () => {
    await statuses('127.0.0.5', 8, '/limited')
    const client = await RawClient.connect(vigia.port, { from: '127.0.0.5' })
    client.send('GET /limited HTTP/1.1\r\nHost: a.example\r\nAccept: application/json\r\n\r\n')
    const answer = await client.final()
    expect(answer.status).toBe(429)
    const seconds = Number(field(answer, 'retry-after'))
    expect(seconds).toBeGreaterThan(50)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 429, code: 'rate-limited' })
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect((await client.final()).status).toBe(200)
    client.close()
  })

  test('who comes back after Retry-After is let', async () => {
    const from = { from: '127.0.0.6' }
    const once = async () => {
      const client = await RawClient.connect(vigia.port, from)
      client.send(get('/quick'))
      const answer = await client.final()
      client.close()
      return answer
    }
    const refused = await until('one is refused', async () => {
      const answer = await once()
      return answer.status === 429 ? answer : undefined
    })
    expect(field(refused, 'retry-after')).toBe('1')
    await sleep(1000)
    expect((await once()).status).toBe(200)
  })

  test('a POST that is refused is not sent on, its body is thrown away, and the refusal can be read', async () => {
    expect(
      (await ask(vigia.port, `POST /post HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi`, 'POST')).status,
    ).toBe(200)
    const before = upstream.requests.length
    const { responses, ending } = await exchange(
      vigia.port,
      `POST /post HTTP/1.1\r\nHost: a.example\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`,
      ['POST'],
    )
    expect(responses.map(each => each.status)).toEqual([429])
    expect(ending).toBe('fin')
    expect(upstream.requests.length).toBe(before)
  })

  test('what a client has used is remembered over a reload', async () => {
    expect(await statuses('127.0.0.7', 8, '/limited')).toEqual(expected(8, 0))
    const { revision } = await vigia.status()
    await vigia.writeConfig({ ...config, shutdown: '20s' })
    vigia.kill('SIGHUP')
    await until('the configuration is reloaded', async () => {
      const status = await vigia.status()
      return status.revision > revision && status.workers.every(each => each.revision === status.revision)
    })
    expect(await statuses('127.0.0.7', 3, '/limited')).toEqual(expected(0, 3))
  })

  test('refusals are counted at the pool', async () => {
    const metrics = await vigia.metrics()
    expect(Number(/^vigia_requests_rate_limited_total\{pool="erp"\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(20)
  })
})
