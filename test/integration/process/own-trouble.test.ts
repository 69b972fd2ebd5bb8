// What vigia itself runs out of, or sleeps through, is no verdict on an upstream.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { ok } from '../../support/raw-answers.ts'
import { ask, closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { sleep, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const request = (method: string, body = '') =>
  `${method} / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${body.length}\r\n\r\n${body}`

let upstreams: (HttpUpstream | RawUpstream)[] = []
let vigia: Vigia

afterEach(async () => {
  closeClients()
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close()
  upstreams = []
})

/** The soft limit only: it may be raised again. */
function limitDescriptors(limit: string): void {
  execFileSync('prlimit', ['--pid', String(vigia.pid), `--nofile=${limit}:`])
}

const softLimit = () => /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${vigia.pid}/limits`, 'utf8'))![1]!
const sample = (metrics: string, name: string) =>
  Number(
    metrics
      .split('\n')
      .find(line => line.startsWith(name))
      ?.split(' ')
      .at(-1),
  )

describe('without a descriptor left', () => {
  test('upstreams stay as they are, requests get 503 and no node is ejected; it is said, counted, and over at once', async () => {
    upstreams = [await startHttpUpstream('a'), await startHttpUpstream('b')]
    vigia = await startVigia({
      ownProcess: true,
      upstreams: upstreams.map(({ port }) => port),
      pool: {
        idleConnections: 0,
        health: { path: '/', interval: '1s', timeout: '1s', fall: 1, rise: 1 },
        outlier: { consecutiveFailures: 1 },
      },
      config: { workers: 1 },
    })
    expect((await ask(vigia.port, request('GET'))).status).toBe(200)
    const client = await RawClient.connect(vigia.port)
    client.send(request('GET'))
    expect((await client.final()).status).toBe(200)
    const before = softLimit()
    const highest = Math.max(...readdirSync(`/proc/${vigia.pid}/fd`).map(Number))
    limitDescriptors('3')
    expect(highest).toBeGreaterThan(3)
    for (const method of ['GET', 'POST', 'GET']) {
      client.send(request(method, method === 'POST' ? 'x' : ''))
      const { status, body } = await client.final(method)
      expect([status, body.toString()]).toEqual([503, expect.stringContaining('no connections left')])
    }
    const log = () => vigia.stdout() + vigia.stderr()
    await until('no upstream can be probed', () => log().match(/can't be probed/g)?.length === 2)
    limitDescriptors(before)
    client.send(request('POST', 'x'))
    expect((await client.final('POST')).status).toBe(200)
    const metrics = await vigia.metrics()
    expect(sample(metrics, 'vigia_own_trouble_total')).toBeGreaterThanOrEqual(3)
    expect(sample(metrics, 'vigia_probes_total{pool="erp",upstream="erp-1",result="void"}')).toBeGreaterThan(0)
    expect(sample(metrics, 'vigia_probes_total{pool="erp",upstream="erp-1",result="failed"}')).toBe(0)
    expect(log().match(/vigia itself has run out of something/g)?.length).toBe(1)
    expect(log().match(/can't be probed, by trouble of vigia itself/g)?.length).toBe(2)
    expect(log()).not.toMatch(/available -> out|eject/)
  })
})

describe('with few descriptors', () => {
  test.each([undefined, 5000])(
    'fewer clients are served at once than limits.connections (%s) says, others wait, and there is room for upstreams and probes',
    async connections => {
      upstreams = [await startHttpUpstream('a')]
      vigia = await startVigia({
        descriptors: 400,
        upstreams: [upstreams[0]!.port],
        // Three hundred clients at once: on a busy machine a probe waits its turn.
        pool: { health: { path: '/', interval: '500ms', timeout: '500ms', fall: 10 } },
        config: { workers: 1, limits: { connections } },
      })
      // (400 - 200 reserved - 1 probe - 64 idle connections) / 3 are served, as many wait, the rest is turned away.
      expect(vigia.stdout() + vigia.stderr()).toMatch(/may open 400 descriptors only .*limits.connections is 45 /)
      expect((await vigia.status()).clients).toMatchObject({
        limit: 45,
        limitWarning: expect.stringMatching(/400 descriptors only/),
      })
      const clients = await Promise.all(Array.from({ length: 300 }, () => RawClient.connect(vigia.port)))
      for (const client of clients) client.send(request('GET'))
      const statuses = await Promise.all(
        clients.map(async client => {
          const { status } = await client.final().catch(() => ({ status: 0 }))
          client.close()
          return status
        }),
      )
      // Which of the others wait, and whether any is turned away, depends on when they are accepted.
      expect(statuses.filter(status => status === 200).length).toBeGreaterThan(45)
      expect([0, 200]).toEqual(expect.arrayContaining([...new Set(statuses)]))
      const metrics = await vigia.metrics()
      expect(sample(metrics, 'vigia_own_trouble_total')).toBe(0)
      expect(sample(metrics, 'vigia_probes_total{pool="erp",upstream="erp-1",result="void"}')).toBe(0)
    },
  )
})

describe('after vigia stood still', () => {
  test('what came meanwhile is read before a deadline fires, and no probe counts as late', async () => {
    const raw = await RawUpstream.start()
    upstreams = [raw]
    raw.answer = async arrival => {
      const { target } = await arrival.whole()
      if (target === '/slow') await sleep(900)
      else if (target === '/health') await sleep(400)
      await arrival.connection.write(ok('here'))
    }
    vigia = await startVigia({
      ownProcess: true,
      upstreams: [raw.port],
      pool: { health: { path: '/health', interval: '1s', timeout: '1s', fall: 1 } },
      config: { timeouts: { response: '2s' } },
    })
    const client = await RawClient.connect(vigia.port)
    client.send('GET /slow HTTP/1.1\r\nHost: a.example\r\n\r\n')
    await until('the request is there', () => raw.connections.some(each => each.received.includes('GET /slow')))
    // Long enough for the deadline to be armed in a tick that was not late.
    await sleep(300)
    process.kill(vigia.pid, 'SIGSTOP')
    await sleep(4000)
    process.kill(vigia.pid, 'SIGCONT')
    expect((await client.final()).status).toBe(200)
    await sleep(500)
    const metrics = await vigia.metrics()
    expect(sample(metrics, 'vigia_probes_total{pool="erp",upstream="erp-1",result="failed"}')).toBe(0)
  })
})
