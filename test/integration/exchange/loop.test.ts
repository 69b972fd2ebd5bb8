// A pool of which an upstream leads back to vigia: the second time that a request comes to it, it is answered 508.

import { createServer, request as requestTo } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { ask } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import { allOf } from '../../support/wire.ts'

/** Sends everything on to `target()`, with the path as `path` makes it, and every field. */
const between = createServer((asked, answer) => {
  const path = asked.url!.replace('/sign-in', '')
  const onward = requestTo({ port, path, method: asked.method, headers: asked.headers, agent: false }, got => {
    answer.writeHead(got.statusCode!, got.headers)
    got.pipe(answer)
  })
  asked.pipe(onward)
})
let port: number
let upstream: RawUpstream
let vigia: Vigia

beforeAll(async () => {
  await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve))
  const other = (between.address() as AddressInfo).port
  upstream = await RawUpstream.start()
  port = await freePort()
  const inner = await freePort()
  const off = (at: number) => ({ health: 'off', upstreams: [{ name: 'a', url: `http://127.0.0.1:${at}` }] })
  vigia = await startVigia({
    config: {
      workers: 2,
      listeners: [
        { name: 'web', address: `127.0.0.1:${port}` },
        { name: 'inner', address: `127.0.0.1:${inner}` },
      ],
      routes: [
        { match: { path: '/self' }, pool: 'self' },
        { match: { path: '/around' }, pool: 'around' },
        { match: { path: '/sign-in' }, pool: 'sign-in' },
        { match: { listener: 'web', path: '/twice' }, pool: 'twice' },
        { pool: 'erp' },
      ],
      pools: {
        self: off(port),
        around: off(other),
        'sign-in': off(other),
        twice: off(inner),
        erp: off(upstream.port),
      },
      accessLog: true,
    },
  })
})
beforeEach(() => upstream.forget())
afterAll(async () => {
  await vigia.stop()
  await upstream.close()
  between.close()
})

const send = (method: string, path: string, fields = '', body = '') =>
  ask(
    port,
    `${method} ${path} HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`,
    method,
  )

const countOf = (words: RegExp) => (vigia.stdout() + vigia.stderr()).match(words)?.length ?? 0

describe('a request that comes to its pool again is answered 508', () => {
  test.each([
    ['from a listener of vigia', '/self'],
    ['from another proxy, which passes on what it does not know', '/around'],
  ])('%s', async (_, path) => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await send(method, path, 'Accept: application/json\r\n', 'x')
      expect(status).toBe(508)
      expect(JSON.parse(body.toString())).toMatchObject({ status: 508, code: 'loop-detected' })
    }
    expect(upstream.requests).toEqual([])
  })

  test('and that is counted by pool, logged once a minute, and in the access log; nothing is in doubt', async () => {
    const metrics = await vigia.metrics()
    expect(metrics).toMatch(/^vigia_requests_looped_total\{pool="self"\} 2$/m)
    expect(metrics).toMatch(/^vigia_requests_looped_total\{pool="around"\} 2$/m)
    expect(metrics).toMatch(/^vigia_requests_looped_total\{pool="erp"\} 0$/m)
    await until('all is written', () => countOf(/"end":"loop-detected"/g) === 4)
    for (const pool of ['self', 'around']) {
      const lines = countOf(new RegExp(`pool .?"${pool}.?" leads back to vigia`, 'g'))
      expect([1, 2], 'once for each worker that met it').toContain(lines)
    }
    expect(metrics).toMatch(/^vigia_requests_in_doubt_open 0$/m)
  })

  test('what the check finds of it is said at the start, but does not keep vigia from starting', () => {
    expect(countOf(/pools\.self\.upstreams\[0\]\.url: this is vigia's own listener/g)).toBe(1)
    expect(countOf(/pools\.\w+\.upstreams\[0\]\.url/g)).toBe(1)
  })
})

describe('a request that passes vigia twice is served', () => {
  test.each([
    ['by another listener', '/twice'],
    ['by way of a proxy that sends it on to another pool', '/sign-in/app'],
  ])('%s', async (_, path) => {
    expect((await send('POST', path, '', 'x')).status).toBe(200)
    expect(upstream.requests).toHaveLength(1)
    const marks = allOf(upstream.requests[0]!.fields, 'cdn-loop').flatMap(each => each.split(', '))
    expect(marks).toHaveLength(2)
    expect(new Set(marks).size).toBe(2)
  })

  test('and so is one of another installation, whose mark is passed on', async () => {
    const foreign = 'cloudflare; loops=1, vigia-1-0123456789abcdef'
    expect((await send('GET', '/', `CDN-Loop: ${foreign}\r\n`)).status).toBe(200)
    const [first, own] = allOf(upstream.requests[0]!.fields, 'cdn-loop')
    expect(first).toBe(foreign)
    expect(own).toMatch(/^vigia-\d+-[0-9a-f]{16}$/)
  })
})
