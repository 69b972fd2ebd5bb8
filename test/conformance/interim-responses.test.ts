// Interim (1xx) responses: 100-continue from end to end, 103 and others passed on, none for HTTP/1.0.

import { describe, expect, test } from 'vitest'
import { BUFFERED_HOST, BUFFERING, beginGathered, usePair } from '../support/pair.ts'
import { answerBytes, answerOk, ok } from '../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { field } from '../support/wire.ts'

const pair = usePair({ config: BUFFERING })

const HOST = 'Host: a.example\r\n'
const EXPECTING = `POST /x HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`

describe('Expect: 100-continue', () => {
  test('goes to the upstream, and 100 comes only when the upstream says so', async () => {
    let release: () => void = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    pair.upstream.answer = async arrival => {
      await released
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      return answerOk(arrival)
    }
    const client = await RawClient.connect(pair.port)
    client.send(EXPECTING)
    await until('the head is at the upstream', () => pair.upstream.received.includes('\r\n\r\n'))
    expect(pair.upstream.received.toString('latin1').toLowerCase()).toContain('expect: 100-continue')
    expect(client.pending.length).toBe(0)
    release()
    expect((await client.response()).status).toBe(100)
    client.send('hello')
    expect((await client.response()).status).toBe(200)
    expect(pair.upstream.requests[0]?.body.toString()).toBe('hello')
    client.close()
  })

  test("lets the upstream's refusal through, without a 100 and without the body", async () => {
    pair.upstream.answer = async ({ connection }) => {
      await connection.write('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno')
      connection.end()
    }
    const client = await RawClient.connect(pair.port)
    client.send(EXPECTING)
    const answer = await client.response()
    expect(answer.status).toBe(401)
    expect(answer.body.toString()).toBe('no')
    // Whether the body follows or not, it must never be read as a request.
    client.send('GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n')
    const { responses } = await client.untilClosed()
    for (const each of responses) expect(each.status).toBe(400)
    client.close()
    expect(pair.upstream.received.toString('latin1')).not.toContain('smuggled')
  })

  test('does not stop a client that sends its body at once', async () => {
    pair.upstream.answer = async arrival => {
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      return answerOk(arrival)
    }
    const answer = await ask(pair.port, `${EXPECTING}hello`, 'POST')
    expect(answer.status).toBe(200)
    expect(pair.upstream.requests[0]?.body.toString()).toBe('hello')
  })

  test('is served where the upstream never says 100', async () => {
    const answer = await ask(pair.port, `${EXPECTING}hello`, 'POST')
    expect(answer.status).toBe(200)
    expect(answer.interim).toEqual([])
  })

  test('works with a chunked body', async () => {
    pair.upstream.answer = async arrival => {
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      return answerOk(arrival)
    }
    const client = await RawClient.connect(pair.port)
    client.send(`POST /x HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n`)
    expect((await client.response()).status).toBe(100)
    client.send('5\r\nhello\r\n0\r\n\r\n')
    expect((await client.response()).status).toBe(200)
    client.close()
    expect(pair.upstream.requests[0]?.body.toString()).toBe('hello')
  })

  test('of an HTTP/1.0 client gets no 100', async () => {
    pair.upstream.answer = async arrival => {
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      return answerOk(arrival)
    }
    const { responses } = await exchange(pair.port, `${EXPECTING.replace('HTTP/1.1', 'HTTP/1.0')}hello`, ['POST'])
    expect(responses.map(each => each.status)).toEqual([200])
  })

  test('of one request has no effect on the next of the same connection', async () => {
    pair.upstream.answer = async arrival => {
      if (/expect/i.test(arrival.head.fields.map(([name]) => name).join())) {
        await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\n')
      }
      return answerOk(arrival)
    }
    const client = await RawClient.connect(pair.port)
    client.send(EXPECTING)
    expect((await client.response()).status).toBe(100)
    client.send('hello')
    expect((await client.response()).status).toBe(200)
    client.send(`GET /next HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.response()).body.toString()).toBe('GET /next')
    client.close()
    expect(field(pair.upstream.requests.at(-1)!, 'expect')).toBeUndefined()
  })
})

describe('Expect: 100-continue, where the body is gathered: vigia says it', () => {
  test.each([
    ['a body with a length', 'Content-Length: 5\r\n', 'hello'],
    ['a chunked one', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ])('of %s, and no 100 of an upstream goes further', async (_, framing, body) => {
    pair.upstream.answer = async arrival => {
      await arrival.connection.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n')
      return answerOk(arrival)
    }
    const client = await beginGathered(pair, framing)
    client.send(`${body}GET /next HTTP/1.1\r\n${HOST}\r\n`)
    const answer = await client.final('POST')
    expect([answer.status, answer.interim.map(({ status }) => status)]).toEqual([200, [103]])
    expect((await client.final()).body.toString()).toBe('GET /next')
    client.close()
    expect(pair.upstream.requests.map(request => field(request, 'expect'))).toEqual([undefined, undefined])
    expect(pair.upstream.requests[0]?.body.toString()).toBe('hello')
  })

  test('to nobody who has begun to send, and to no HTTP/1.0 client', async () => {
    const head = EXPECTING.replace('a.example', BUFFERED_HOST)
    for (const version of ['1.1', '1.0']) {
      const client = await RawClient.connect(pair.port)
      client.send(`${head.replace('HTTP/1.1', `HTTP/${version}`)}he`)
      client.send('llo')
      const answer = await client.final('POST')
      expect([answer.status, answer.interim]).toEqual([200, []])
      client.close()
    }
    expect(pair.upstream.requests.map(({ body }) => body.toString())).toEqual(['hello', 'hello'])
  })

  test('and a refusal comes once the body is there', async () => {
    pair.upstream.answer = async ({ connection }) => {
      await connection.write('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno')
      connection.end()
    }
    const client = await beginGathered(pair, 'Content-Length: 5\r\n')
    client.send('hello')
    const answer = await client.final('POST')
    expect([answer.status, answer.body.toString()]).toEqual([401, 'no'])
    client.close()
  })
})

describe('other interim responses', () => {
  const GET = `GET /x HTTP/1.1\r\n${HOST}\r\n`

  test('103 is passed on with its fields, before the answer', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n${ok('done')}`)
    const answer = await ask(pair.port, GET)
    expect(answer.body.toString()).toBe('done')
    expect(answer.interim.map(each => each.status)).toEqual([103])
    expect(field(answer.interim[0]!, 'link')).toBe('</a.css>; rel=preload')
  })

  test('several are passed on in their order', async () => {
    pair.upstream.answer = answerBytes(
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n${ok('done')}`,
    )
    expect((await ask(pair.port, GET)).interim.map(each => each.status)).toEqual([102, 103])
  })

  test('none reach an HTTP/1.0 client', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n${ok('done')}`)
    const { responses } = await exchange(pair.port, `GET /x HTTP/1.0\r\n${HOST}\r\n`)
    expect(responses.map(each => each.status)).toEqual([200])
    expect(responses[0]!.body.toString()).toBe('done')
  })

  test('a 100 that nobody asked for does not disturb the answer', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 100 Continue\r\n\r\n${ok('done')}`)
    expect((await ask(pair.port, GET)).body.toString()).toBe('done')
  })

  test('one that announces a body has none', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nContent-Length: 500\r\nX-A: 1\r\n\r\n${ok('done')}`)
    const answer = await ask(pair.port, GET).catch(error => error as Error)
    if (answer instanceof Error) throw answer
    if (answer.status === 200) expect(answer.body.toString()).toBe('done')
    else expect(answer.status).toBe(502)
  })
})
