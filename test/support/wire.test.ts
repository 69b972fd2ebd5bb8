// The tests' own reader must be strict, or the tests that rely on it prove nothing.

import { describe, expect, test } from 'vitest'
import { field, readRequest, readResponse } from './wire.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

describe('the strict reader throws at', () => {
  test.each([
    ['an obs-fold', 'GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n'],
    ['a space before a colon', 'GET / HTTP/1.1\r\nA : b\r\n\r\n'],
    ['a bare LF in a field', 'GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n'],
    ['a bare CR in a field', 'GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
    ['a length and chunks', 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a signed length', 'POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na'],
    ['an unknown coding', 'POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a chunk extension', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\na\r\n0\r\n\r\n'],
    ['a chunk without its CRLF', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n'],
    ['version 1.2', 'GET / HTTP/1.2\r\n\r\n'],
    ['two spaces', 'GET  / HTTP/1.1\r\n\r\n'],
  ])('%s', (_, text) => {
    expect(() => readRequest(bytes(text))).toThrow()
  })
})

describe('the strict reader waits for', () => {
  test.each([
    ['the end of the head', 'GET / HTTP/1.1\r\nA: b\r\n'],
    ['the whole length', 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell'],
    ['the last chunk', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['the end of the trailers', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n'],
  ])('%s', (_, text) => {
    expect(readRequest(bytes(text))).toBeUndefined()
  })

  test('the end of the connection, where only that ends a response', () => {
    const response = bytes('HTTP/1.1 200 OK\r\n\r\nhello')
    expect(readResponse(response, 'GET', false)).toBeUndefined()
    expect(readResponse(response, 'GET', true)?.body.toString()).toBe('hello')
  })
})

test('the strict reader takes one message and leaves what follows', () => {
  const first =
    'PUT /a HTTP/1.1\r\nA: b \r\na: c\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nT: 1\r\n\r\n'
  const message = readRequest(bytes(`${first}GET / HTTP/1.1\r\n\r\n`))!
  expect(message.bytes.toString('latin1')).toBe(first)
  expect([message.method, message.target, message.body.toString()]).toEqual(['PUT', '/a', 'hello'])
  expect([message.chunkSizes, message.trailers, field(message, 'A')]).toEqual([[2, 3], [['T', '1']], 'b, c'])
})

test('the strict reader gives HEAD, 204 and 304 no body, whatever they announce', () => {
  for (const [method, status] of [
    ['HEAD', '200'],
    ['GET', '304'],
    ['GET', '204'],
  ] as const) {
    const head = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\n\r\n`
    const response = readResponse(bytes(`${head}hello`), method, true)!
    expect([response.framing, response.bytes.length]).toEqual(['none', head.length])
  }
})
