// Bodies that say no length, towards upstreams that refuse or lose them.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { H2Client } from '../../support/h2-client.ts'
import { ok } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'
import { field, type RequestMessage } from '../../support/wire.ts'

const KIB = 1024
/** As Apache with WSGI: of what says no length nothing is carried out. */
const wantsLength: Answer = async ({ connection, head, whole }) => {
  await whole()
  const refused = 'HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n'
  await connection.write(field(head, 'content-length') === undefined ? refused : ok())
}

let vigia: Vigia
const upstreams: Record<string, RawUpstream> = {}

beforeAll(async () => {
  const names = ['learning', 'early', 'asis', 'twisted', 'tryton']
  for (const name of names) upstreams[name] = await RawUpstream.start()
  const more: Record<string, object> = {
    asis: { requestBody: 'as-is' },
    tryton: { application: 'tryton' },
  }
  vigia = await startVigia({
    http2: true,
    config: {
      routes: names.map(name => ({
        match: { path: `/${name}` },
        pool: name,
        buffer: name === 'tryton' ? { request: { memory: '16KiB', max: '200KiB' } } : 'off',
      })),
      pools: Object.fromEntries(
        names.map(name => [
          name,
          { health: 'off', ...more[name], upstreams: [{ name, url: `http://127.0.0.1:${upstreams[name]!.port}` }] },
        ]),
      ),
    },
  })
})

beforeEach(async () => {
  for (const upstream of Object.values(upstreams)) await upstream.forget(wantsLength)
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    for (const upstream of Object.values(upstreams)) await upstream.close()
  }
})

const chunk = (bytes: number, letter = 'a') => `${bytes.toString(16)}\r\n${letter.repeat(bytes)}\r\n`
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`

async function status(bytes: string): Promise<number> {
  const client = await RawClient.connect(vigia.port)
  client.send(bytes)
  const answer = await client.final('POST')
  client.close()
  return answer.status
}

/** How a request came, and how much of it. */
const formOf = ({ fields, body, trailers }: RequestMessage) => [
  field({ fields }, 'content-length') ?? field({ fields }, 'transfer-encoding'),
  body.length,
  trailers.length,
]
const seenBy = (name: string) => upstreams[name]!.requests.map(formOf)

describe('an upstream that answers 411', () => {
  test('gets the same request again with its length, and all others so from the start', async () => {
    const body = `${chunk(10)}${chunk(10)}0\r\nX-Sum: 1\r\n\r\n`
    expect(await status(post('/learning', body))).toBe(200)
    expect(seenBy('learning')).toEqual([
      ['chunked', 20, 1],
      ['20', 20, 0],
    ])
    expect(await status(post('/learning', body))).toBe(200)
    const client = new H2Client(vigia.port)
    const answer = await client.ask({ ':method': 'POST', ':path': '/learning' }, { body: 'b'.repeat(100 * KIB) })
    client.close()
    expect(answer.status).toBe(200)
    expect(seenBy('learning').slice(2)).toEqual([
      ['20', 20, 0],
      [String(100 * KIB), 100 * KIB, 0],
    ])
    await until('it is told', () =>
      /"pool":"learning","upstream":"learning".*answered 411/.test(vigia.stdout() + vigia.stderr()),
    )
    expect(await vigia.metrics()).toMatch(/^vigia_retries_total\{.*learning.*refused.*\} 1$/m)
  })

  test('has its answer passed on where not all of the request is at hand', async () => {
    expect(await status(post('/early', `${chunk(100 * KIB)}0\r\n\r\n`))).toBe(411)
    expect(await status(post('/early', `${chunk(100 * KIB)}0\r\n\r\n`))).toBe(200)
    expect(seenBy('early')).toEqual([
      ['chunked', 100 * KIB, 0],
      [String(100 * KIB), 100 * KIB, 0],
    ])
  })

  test('is left alone where its pool says so', async () => {
    for (const _ of [1, 2]) expect(await status(post('/asis', `${chunk(10)}0\r\n\r\n`))).toBe(411)
    expect(seenBy('asis')).toEqual([
      ['chunked', 10, 0],
      ['chunked', 10, 0],
    ])
  })
})

test('an upstream that says it is Twisted, which would lose it, gets every body with its length from then on', async () => {
  await upstreams.twisted!.forget(async ({ connection, whole }) => {
    await whole()
    await connection.write(ok('ok', ['Server: TwistedWeb/22.4.0']))
  })
  expect(await status('POST /twisted HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n')).toBe(200)
  expect(await status(post('/twisted', `${chunk(10)}0\r\n\r\n`))).toBe(200)
  expect(seenBy('twisted')).toEqual([
    ['0', 0, 0],
    ['10', 10, 0],
  ])
})

describe('a pool that wants a length', () => {
  test('never sees a request without one, whatever its size, and no trailers', async () => {
    for (const bytes of [1, 10 * KIB, 150 * KIB]) {
      const client = await RawClient.connect(vigia.port)
      client.send(post('/tryton', chunk(bytes)))
      client.send('0\r\nX-Sum: 1\r\n\r\n')
      expect((await client.final('POST')).status).toBe(200)
      client.close()
    }
    expect(await status(post('/tryton', '0\r\n\r\n'))).toBe(200)
    expect(seenBy('tryton')).toEqual([1, 10 * KIB, 150 * KIB, 0].map(bytes => [String(bytes), bytes, 0]))
  })

  test('is not asked by what is too long to be gathered', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send(post('/tryton', chunk(250 * KIB)))
    const answer = await client.final('POST')
    client.close()
    expect(answer.status).toBe(411)
    expect(upstreams.tryton!.requests).toEqual([])
  })
})
