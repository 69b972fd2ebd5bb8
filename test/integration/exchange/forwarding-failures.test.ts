// Upstreams that fail: what moves to another one, what is sent again, and what never is.

import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { askHttp } from '../../support/http-client.ts'
import { type SeenRequest, startHttpUpstream } from '../../support/http-upstream.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerBytes, answerOk, ok } from '../../support/raw-answers.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia, VigiaSetup } from '../../support/vigia.ts'

const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function rawUpstream(answer?: Answer): Promise<RawUpstream> {
  const upstream = await RawUpstream.start(answer)
  cleanUp.push(() => upstream.close())
  return upstream
}

async function vigiaBefore(ports: readonly number[], setup: VigiaSetup = {}): Promise<Vigia> {
  const vigia = await lendVigia({ upstreams: ports, ...setup })
  cleanUp.push(() => vigia.stop())
  return vigia
}

const post = (target: string) => `POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello`
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`

describe('a connect that fails', () => {
  test('moves the request to another upstream, for every method, and each arrives once', async () => {
    const good = await rawUpstream()
    const vigia = await vigiaBefore([await freePort(), good.port, await freePort()], {
      pool: { balance: 'round-robin' },
    })
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < 30; i += 1) {
      client.send(i % 2 === 0 ? post(`/${i}`) : get(`/${i}`))
      expect((await client.final()).status, `request ${i}`).toBe(200)
    }
    client.close()
    expect(good.requests.map(each => each.target)).toEqual(Array.from({ length: 30 }, (_, i) => `/${i}`))
    expect(good.requests.filter(each => each.method === 'POST').every(each => each.body.toString() === 'hello')).toBe(
      true,
    )
  })

  test('moves a large body too, whole', async () => {
    const good = await startHttpUpstream()
    cleanUp.push(() => good.close())
    const vigia = await vigiaBefore([await freePort(), await freePort(), good.port], {
      pool: { balance: 'round-robin' },
    })
    for (let i = 0; i < 6; i += 1) {
      const answer = await askHttp(vigia.port, '/up', { method: 'POST', patternBytes: 3_000_000, chunked: i % 2 === 0 })
      expect(answer.status).toBe(200)
      expect((JSON.parse(answer.body) as SeenRequest).bodyBytes).toBe(3_000_000)
    }
  })

  test('of every upstream is answered 502 or 503, and the connection serves on', async () => {
    const port = await freePort()
    const vigia = await vigiaBefore([port])
    const client = await RawClient.connect(vigia.port)
    client.send(get('/1'))
    expect([502, 503]).toContain((await client.final()).status)
    client.send(post('/2'))
    expect([502, 503]).toContain((await client.final('POST')).status)
    const upstream = await startHttpUpstream('back', port)
    cleanUp.push(() => upstream.close())
    await until('the upstream serves again', async () => (await ask(vigia.port, get('/3'))).status === 200)
    client.close()
  })
})

describe('an upstream that closes 1 ms after each answer, without a word', () => {
  test('costs 200 POSTs in a row not one error, and none is sent twice', async () => {
    const upstream = await rawUpstream(async arrival => {
      await answerOk(arrival)
      setTimeout(() => arrival.connection.end(), 1)
    })
    const vigia = await vigiaBefore([upstream.port])
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < 200; i += 1) {
      client.send(post(`/${i}`))
      expect((await client.final('POST')).status, `POST ${i}`).toBe(200)
      // Let the close fall before, onto and after the next request.
      if (i % 4 !== 0) await new Promise(resolve => setTimeout(resolve, i % 4))
    }
    client.close()
    expect(upstream.requests.map(each => each.target)).toEqual(Array.from({ length: 200 }, (_, i) => `/${i}`))
  })

  test('costs GETs in a row not one error', async () => {
    const upstream = await rawUpstream(async arrival => {
      await answerOk(arrival)
      setTimeout(() => arrival.connection.reset(), 1)
    })
    const vigia = await vigiaBefore([upstream.port])
    const client = await RawClient.connect(vigia.port)
    for (let i = 0; i < 200; i += 1) {
      client.send(get(`/${i}`))
      expect((await client.final()).status, `GET ${i}`).toBe(200)
      if (i % 4 !== 0) await new Promise(resolve => setTimeout(resolve, i % 4))
    }
    client.close()
  })
})

describe('an upstream that breaks off before its answer', () => {
  test('has a GET sent again to another upstream', async () => {
    const bad = await rawUpstream(answerBytes('', 'reset'))
    const good = await rawUpstream()
    const vigia = await vigiaBefore([bad.port, good.port], { pool: { balance: 'round-robin' } })
    for (let i = 0; i < 6; i += 1) expect((await ask(vigia.port, get(`/${i}`))).status).toBe(200)
    expect(good.requests).toHaveLength(6)
    expect(bad.requests.length).toBeGreaterThan(0)
  })

  test.each(['fin', 'reset'] as const)('never has a POST sent again (%s)', async how => {
    const bad = await rawUpstream(answerBytes('', how))
    const good = await rawUpstream()
    const vigia = await vigiaBefore([bad.port, good.port], { pool: { balance: 'round-robin' } })
    const statuses: number[] = []
    for (let i = 0; i < 6; i += 1) statuses.push((await ask(vigia.port, post(`/${i}`), 'POST')).status)
    const targets = [...bad.requests, ...good.requests].map(each => each.target)
    expect(new Set(targets).size, 'each POST arrives once').toBe(targets.length)
    expect(statuses.filter(status => status === 502)).toHaveLength(bad.requests.length)
    expect(statuses.filter(status => status === 200)).toHaveLength(good.requests.length)
    expect(bad.requests.length).toBeGreaterThan(0)
  })

  test('has its POST counted as in doubt', async () => {
    const bad = await rawUpstream(answerBytes('', 'reset'))
    const vigia = await vigiaBefore([bad.port])
    expect((await ask(vigia.port, post('/1'), 'POST')).status).toBe(502)
    await until('the POST is in doubt', async () => (await vigia.status()).pools[0]?.upstreams[0]?.inDoubt === 1)
  })

  test('does not have a PUT sent again whose body is no longer at hand', async () => {
    const bad = await rawUpstream(async ({ connection }) => {
      await connection.when(({ received }) => received.length > 2_000_000)
      connection.reset()
    })
    const good = await startHttpUpstream()
    cleanUp.push(() => good.close())
    const vigia = await vigiaBefore([bad.port, good.port], { pool: { balance: 'round-robin' } })
    for (let i = 0; i < 4; i += 1) {
      const answer = await askHttp(vigia.port, '/up', { method: 'PUT', patternBytes: 6_000_000 }).catch(() => undefined)
      // Either the good upstream got all of it, or the client was told.
      if (answer?.status === 200) expect((JSON.parse(answer.body) as SeenRequest).bodyBytes).toBe(6_000_000)
      else if (answer !== undefined) expect(answer.status).toBe(502)
    }
  })
})

test("an upstream's 500 is an answer, not a failure: it is passed on, once", async () => {
  const bad = await rawUpstream(answerBytes(ok('broken').replace('200 OK', '500 Internal Server Error')))
  const good = await rawUpstream()
  const vigia = await vigiaBefore([bad.port, good.port], { pool: { balance: 'round-robin' } })
  const statuses: number[] = []
  for (let i = 0; i < 4; i += 1) statuses.push((await ask(vigia.port, get(`/${i}`))).status)
  expect(statuses.sort()).toEqual([200, 200, 500, 500])
})
