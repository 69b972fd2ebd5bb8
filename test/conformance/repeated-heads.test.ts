// A client's next head is often the last one again, to the byte or nearly: each is judged and rewritten for itself,
// whatever an implementation remembers of the one before.

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes, answerOk, ok } from '../support/raw-answers.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { field } from '../support/wire.ts'

const pair = usePair({ config: { headers: { via: 'vigia' } } })

describe('the same fields with another start line', () => {
  test('without Host pass with HTTP/1.0 and are refused with HTTP/1.1', async () => {
    const fields = 'Connection: keep-alive\r\nX-A: b\r\n\r\n'
    const { responses } = await exchange(pair.port, `GET /1 HTTP/1.0\r\n${fields}GET /2 HTTP/1.1\r\n${fields}`)
    expect(responses.map(each => each.status)).toEqual([200, 400])
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1'])
  })

  test('with Transfer-Encoding pass with HTTP/1.1 and are refused with HTTP/1.0', async () => {
    const rest = 'Host: a.example\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    const { responses } = await exchange(pair.port, `POST /1 HTTP/1.1\r\n${rest}POST /2 HTTP/1.0\r\n${rest}`)
    expect(responses.map(each => (each.status === 501 ? 400 : each.status))).toEqual([200, 400])
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1'])
  })

  test('are forwarded with the Via of their own version', async () => {
    const fields = 'Host: a.example\r\nConnection: keep-alive\r\n\r\n'
    const client = await RawClient.connect(pair.port)
    for (const version of ['1.1', '1.0', '1.1']) {
      client.send(`GET /${version} HTTP/${version}\r\n${fields}`)
      await client.final()
    }
    client.close()
    expect(pair.upstream.requests.map(each => field(each, 'via'))).toEqual(['1.1 vigia', '1.0 vigia', '1.1 vigia'])
  })

  test('in absolute-form and origin-form get the Host that each names', async () => {
    const client = await RawClient.connect(pair.port)
    for (const [target, host] of [
      ['http://a.example:80/1', 'a.example'],
      ['/2', 'a.example'],
      ['http://A.EXAMPLE/3', 'a.example'],
      ['/4', 'a.example'],
    ]) {
      client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      expect((await client.final()).status).toBe(200)
    }
    client.close()
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1', '/2', '/3', '/4'])
    for (const request of pair.upstream.requests)
      expect(field(request, 'host')?.toLowerCase()).toMatch(/^a\.example(:80)?$/)
    expect(field(pair.upstream.requests[1]!, 'host')).toBe('a.example')
    expect(field(pair.upstream.requests[3]!, 'host')).toBe('a.example')
  })
})

test('a refused head does not spoil the next connection that sends good ones like it', async () => {
  const bad = 'GET /1 HTTP/1.1\r\nHost: a.example\r\nX-A : b\r\n\r\n'
  const good = bad.replace('X-A :', 'X-A:').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
  for (let i = 0; i < 3; i += 1) {
    expect((await exchange(pair.port, bad)).responses.map(each => each.status)).toEqual([400])
    expect((await exchange(pair.port, good)).responses.map(each => each.status)).toEqual([200])
  }
})

describe('the same response head', () => {
  test('has a body for GET and none for HEAD', async () => {
    const client = await RawClient.connect(pair.port)
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD', 'GET']) {
      const bytes = ok('hello', ['X-A: b'])
      pair.upstream.answer = answerBytes(method === 'HEAD' ? bytes.slice(0, -5) : bytes)
      client.send(`${method} /x HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      const answer = await client.final(method)
      expect(field(answer, 'content-length')).toBe('5')
      expect(answer.body.toString()).toBe(method === 'HEAD' ? '' : 'hello')
    }
    client.close()
  })

  test('goes to clients of both versions, each with its own framing', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
    for (const version of ['1.1', '1.0', '1.1', '1.0']) {
      const { responses } = await exchange(
        pair.port,
        `GET /x HTTP/${version}\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
      )
      expect(responses.map(each => [each.framing, each.body.toString()])).toEqual([
        [version === '1.1' ? 'chunked' : 'close', 'hello'],
      ])
    }
  })

  test('with another status or reason is not taken for the one before', async () => {
    const client = await RawClient.connect(pair.port)
    for (const line of ['200 OK', '201 Created', '200 Fine', '404 Not Found', '200 OK']) {
      pair.upstream.answer = answerBytes(ok('hello').replace('200 OK', line))
      client.send('GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n')
      const answer = await client.final()
      expect(`${answer.status} ${answer.reason}`).toBe(line)
    }
    client.close()
    pair.upstream.answer = answerOk
  })
})
