// What a response's head looks like at the client: hop-by-hop fields gone, all else as it came.

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes, ok } from '../support/raw-answers.ts'
import { ask } from '../support/raw-client.ts'
import { allOf, field } from '../support/wire.ts'

const pair = usePair()

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n'

describe('the fields of a response', () => {
  test('pass in their order, byte for byte; those of the upstream hop do not', async () => {
    const kept = [
      'Set-Cookie: a=1',
      'X-Latin: \xe9\xff',
      'Set-Cookie: b=2; Path=/',
      'X-Empty:',
      'wWw: v',
      'Server: gunicorn',
      'Date: Mon, 01 Jan 2029 00:00:00 GMT',
    ]
    const hop = [
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Upgrade: h2c',
    ]
    pair.upstream.answer = answerBytes(ok('hello', [...kept, ...hop]))
    const answer = await ask(pair.port, GET)
    const names = new Set(kept.map(line => line.slice(0, line.indexOf(':'))))
    expect(answer.fields.filter(([name]) => names.has(name))).toEqual(
      kept.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
    )
    for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'upgrade'])
      expect(field(answer, name), name).toBeUndefined()
    expect(allOf(answer.fields, 'content-length')).toEqual(['5'])
  })

  test.each([
    ['200 with a reason of its own', 'HTTP/1.1 200 Sehr gut \xe9\r\nContent-Length: 0\r\n\r\n', 200],
    ['an empty reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', 200],
    ['an unregistered status', 'HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n', 299],
    ['a 500', 'HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n', 500],
    ['a 503 of the upstream', 'HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n', 503],
    ['an HTTP/1.0 answer', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
  ])('status line: %s passes', async (_, bytes, status) => {
    pair.upstream.answer = answerBytes(bytes)
    const answer = await ask(pair.port, GET)
    expect(answer.status).toBe(status)
    expect(answer.version).toBe('1.1')
  })
})
