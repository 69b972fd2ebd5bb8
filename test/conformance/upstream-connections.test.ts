// How vigia uses its connections to an upstream: again where that is safe, by one request at a time, never mixing clients.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { lendVigia } from '../support/lent-vigia.ts'
import { answerOk, ok } from '../support/raw-answers.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { sleep, until } from '../support/until.ts'
import type { Vigia } from '../support/vigia.ts'

// Both anew for each test: what vigia has learned of an upstream's habits is part of what is tested.
let upstream: RawUpstream
let vigia: Vigia

beforeEach(async () => {
  upstream = await RawUpstream.start()
  vigia = await lendVigia({ upstreams: [upstream.port] })
})

afterEach(async () => {
  try {
    await vigia.stop()
  } finally {
    await upstream.close()
  }
})

const get = (target: string, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`
const post = (target: string) => `POST ${target} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello`

test('requests that may be repeated use one connection again and again', async () => {
  const client = await RawClient.connect(vigia.port)
  for (let i = 0; i < 20; i += 1) {
    client.send(get(`/${i}`))
    await client.final()
  }
  client.close()
  expect(upstream.connections).toHaveLength(1)
})

test('clients share connections one after another, and each gets its own answer', async () => {
  for (let i = 0; i < 20; i += 1) {
    const { responses } = await exchange(vigia.port, get(`/${i}`, 'Connection: close\r\n'))
    expect(responses[0]?.body.toString()).toBe(`GET /${i}`)
  }
  expect(upstream.connections.length).toBeLessThanOrEqual(2)
})

test('a connection carries one request at a time', async () => {
  let inFlight = 0
  let most = 0
  upstream.answer = async arrival => {
    inFlight += 1
    most = Math.max(most, inFlight)
    await until('eight at once', () => most >= 8)
    const { bytes } = await arrival.whole()
    if (arrival.connection.unread.length > bytes.length) throw new Error('two requests at once on one connection')
    await answerOk(arrival)
    inFlight -= 1
  }
  const all = Array.from({ length: 8 }, (_, i) => exchange(vigia.port, get(`/${i}`, 'Connection: close\r\n')))
  const bodies = (await Promise.all(all)).map(each => each.responses[0]?.body.toString())
  expect(bodies).toEqual(Array.from({ length: 8 }, (_, i) => `GET /${i}`))
  expect(upstream.violations).toEqual([])
})

test('an upstream that says Connection: close, or speaks HTTP/1.0, gets no second request on that connection', async () => {
  const client = await RawClient.connect(vigia.port)
  for (const answer of [
    ok('a', ['Connection: close']),
    ok('a', ['Connection: x, Close']),
    ok('a').replace('HTTP/1.1', 'HTTP/1.0'),
  ]) {
    upstream.answer = async ({ connection, whole }) => {
      await whole()
      // The upstream itself leaves its side open: it is vigia that must not come back.
      await connection.write(answer)
    }
    client.send(get('/1'))
    expect((await client.final()).body.toString()).toBe('a')
  }
  client.close()
  expect(upstream.connections.map(each => each.requests.length)).toEqual([1, 1, 1])
})

test('POSTs ride an idle connection once the upstream has shown that it keeps them open', async () => {
  const client = await RawClient.connect(vigia.port)
  await until('one connection carries two POSTs', async () => {
    client.send(post('/p'))
    expect((await client.final('POST')).status).toBe(200)
    await sleep(150)
    return upstream.connections.some(each => each.requests.length > 1)
  })
  client.close()
})

test('a keep-alive time that the upstream announces is respected', async () => {
  upstream.answer = async ({ connection, whole }) => {
    await whole()
    await connection.write(ok('a', ['Keep-Alive: timeout=1']))
  }
  const client = await RawClient.connect(vigia.port)
  client.send(get('/1'))
  await client.final()
  await sleep(1_000)
  client.send(get('/2'))
  await client.final()
  client.close()
  expect(upstream.connections).toHaveLength(2)
})

test.each([
  [
    'a chunked body of which the server leaves the end unread',
    'POST',
    'Transfer-Encoding: chunked\r\n',
    '2\r\nhi\r\n0\r\n\r\n',
    200,
  ],
  ['a body that is refused unread', 'POST', 'Content-Length: 2\r\n', 'hi', 403],
  ['HEAD, to which the server sends the body', 'HEAD', '', '', 200],
])(
  'after %s no request follows on the connection, where what is left could be its answer',
  async (_, method, fields, body, status) => {
    upstream.answer = async ({ connection, target, whole }) => {
      await whole()
      if (target === '/next') return connection.write(ok('good'))
      await connection.write(`HTTP/1.1 ${status} A\r\nContent-Length: 38\r\n\r\n`)
      const late = ok('poison')
      if (method !== 'HEAD') await connection.write('x'.repeat(38))
      await sleep(20)
      await connection.write(late).catch(() => {})
    }
    const client = await RawClient.connect(vigia.port)
    client.send(`${method} /first HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n${body}${get('/next')}`)
    expect((await client.final(method)).status).toBe(status)
    expect((await client.final()).body.toString()).toBe('good')
    client.close()
    expect(upstream.connections).toHaveLength(2)
  },
)
