// Requests whose length two readers could read in two ways (RFC 9112 6 and 11.2): refused, and never forwarded as a whole.

import { describe, expect, test } from 'vitest'
import { BUFFERING, beginGathered, expectNothingPassed, expectRefused, usePair } from '../support/pair.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'

const pair = usePair({ config: BUFFERING })

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n'
const POST = 'POST /post HTTP/1.1\r\nHost: a.example\r\n'
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`

type Case = readonly [name: string, fields: string, body: string]

const LENGTHS: readonly Case[] = [
  ['repeated with different values', 'Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'],
  ['repeated with the same value', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'],
  ['a list of equal values', 'Content-Length: 5, 5\r\n', 'hello'],
  ['a list of different values', 'Content-Length: 5, 6\r\n', 'hello'],
  ['a plus sign', 'Content-Length: +5\r\n', 'hello'],
  ['a minus sign', 'Content-Length: -5\r\n', 'hello'],
  ['minus zero', 'Content-Length: -0\r\n', ''],
  ['hexadecimal', 'Content-Length: 0x5\r\n', 'hello'],
  ['empty', 'Content-Length:\r\n', ''],
  ['only a space', 'Content-Length: \r\n', ''],
  ['a space inside', 'Content-Length: 1 0\r\n', 'hellohello'],
  ['a fraction', 'Content-Length: 5.0\r\n', 'hello'],
  ['an exponent', 'Content-Length: 5e0\r\n', 'hello'],
  ['an underscore', 'Content-Length: 1_0\r\n', 'hellohello'],
  ['quoted', 'Content-Length: "5"\r\n', 'hello'],
  ['a word', 'Content-Length: five\r\n', 'hello'],
  ['a semicolon', 'Content-Length: 5;a\r\n', 'hello'],
  ['a non-ASCII digit', 'Content-Length: \xb2\r\n', 'he'],
  ['a trailing NUL', 'Content-Length: 5\0\r\n', 'hello'],
  ['a vertical tab before it', 'Content-Length: \x0b5\r\n', 'hello'],
]

describe('a request is refused for its Content-Length:', () => {
  test.each(LENGTHS)('%s', async (_, fields, body) => {
    await expectRefused(pair, `${POST}${fields}\r\n${body}${SMUGGLED}`, [400])
  })

  test.each(['18446744073709551621', '9223372036854775808', '99999999999999999999999999', '9007199254740993'])(
    'overflow: %s',
    async value => {
      await expectRefused(pair, `${POST}Content-Length: ${value}\r\n\r\nhello`, [400, 413])
    },
  )

  test('repeated in a GET', async () => {
    await expectRefused(
      pair,
      `GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n${SMUGGLED}`,
      [400],
    )
  })
})

const CODINGS: readonly Case[] = [
  ['Content-Length beside it', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['Content-Length after it', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'],
  ['Content-Length beside an unknown coding', 'Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n', 'hello'],
  ['gzip', 'Transfer-Encoding: gzip\r\n', '0\r\n\r\n'],
  ['identity', 'Transfer-Encoding: identity\r\n', '0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'],
  ['chunked not last', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
  ['gzip before chunked', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
  ['xchunked', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
  ['chunked with a parameter', 'Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n'],
  ['quoted', 'Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'],
  ['empty', 'Transfer-Encoding:\r\n', '0\r\n\r\n'],
  ['a leading comma', 'Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'],
  ['a trailing comma', 'Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'],
  ['two words', 'Transfer-Encoding: chun ked\r\n', '0\r\n\r\n'],
  ['a vertical tab before it', 'Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'],
  ['a non-breaking space after it', 'Transfer-Encoding: chunked\xa0\r\n', '0\r\n\r\n'],
  ['two lines', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['two lines, the first unknown', 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['two lines, the second unknown', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n', '0\r\n\r\n'],
]

describe('a request is refused for its Transfer-Encoding:', () => {
  test.each(CODINGS)('%s', async (_, fields, body) => {
    await expectRefused(pair, `${POST}${fields}\r\n${body}${SMUGGLED}`, [400, 501])
  })

  test('chunked with HTTP/1.0', async () => {
    const head = 'POST /post HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n'
    await expectRefused(pair, `${head}\r\n0\r\n\r\n${SMUGGLED}`, [400, 501])
    await pair.upstream.forget()
    await expectRefused(pair, `${head}Connection: keep-alive\r\n\r\n0\r\n\r\n${SMUGGLED}`, [400, 501])
  })

  test('named by Connection, so that it would be removed on the way', async () => {
    const fields = 'Transfer-Encoding: chunked\r\nConnection: close, Transfer-Encoding\r\n'
    const { responses } = await exchange(pair.port, `${POST}${fields}\r\n5\r\nhello\r\n0\r\n\r\n`)
    // Refused, or forwarded with framing of vigia's own: never without.
    if (responses[0]?.status === 200) expect(pair.upstream.requests[0]!.body.toString()).toBe('hello')
    else expect(responses[0]?.status).toBe(400)
    expect(pair.upstream.violations).toEqual([])
  })

  test('Content-Length named by Connection, so that it would be removed on the way', async () => {
    const { responses } = await exchange(
      pair.port,
      `${POST}Content-Length: 5\r\nConnection: close, Content-Length\r\n\r\nhello`,
    )
    if (responses[0]?.status === 200) expect(pair.upstream.requests[0]!.body.toString()).toBe('hello')
    else expect(responses[0]?.status).toBe(400)
    expect(pair.upstream.violations).toEqual([])
  })
})

const CHUNKS: readonly (readonly [name: string, body: string])[] = [
  ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
  ['a plus sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a minus sign', '-5\r\nhello\r\n0\r\n\r\n'],
  ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a letter beyond f', '5g\r\nhello\r\n0\r\n\r\n'],
  ['an underscore', '0_5\r\nhello\r\n0\r\n\r\n'],
  ['a space before the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a space after the size', '5 \r\nhello\r\n0\r\n\r\n'],
  ['a tab after the size', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['an overlong size', '00000000000000000000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a size above 2^64', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['a size above 2^53', '20000000000005\r\nhello\r\n0\r\n\r\n'],
  ['bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['bare CR after the size', '5\rhello\r\n0\r\n\r\n'],
  ['CR CR LF after the size', '5\r\r\nhello\r\n0\r\n\r\n'],
  ['no CRLF after the data', '5\r\nhello0\r\n\r\n'],
  ['LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['CR after the data', '5\r\nhello\r0\r\n\r\n'],
  ['other bytes after the data', '5\r\nhelloXX0\r\n\r\n'],
  ['data longer than its size', '3\r\nhello\r\n0\r\n\r\n'],
  ['a control character in an extension', '5;a=\x01\r\nhello\r\n0\r\n\r\n'],
  ['an empty extension', '5;\r\nhello\r\n0\r\n\r\n'],
  ['an empty extension before another', '5;;a=b\r\nhello\r\n0\r\n\r\n'],
  ['an empty extension after another', '5;a=b;\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a name', '5;=b\r\nhello\r\n0\r\n\r\n'],
  ['an extension without its value', '5;a=\r\nhello\r\n0\r\n\r\n'],
  ['two words in an extension', '5;a b\r\nhello\r\n0\r\n\r\n'],
  ['two values of an extension', '5;a=b=c\r\nhello\r\n0\r\n\r\n'],
  ['a quoted value without its end', '5;a="b\r\nhello\r\n0\r\n\r\n'],
  ['something behind a quoted value', '5;a="b"c\r\nhello\r\n0\r\n\r\n'],
  ['no extension behind a blank', '5 a=b\r\nhello\r\n0\r\n\r\n'],
  ['NUL in an extension', '5;a=\0\r\nhello\r\n0\r\n\r\n'],
  ['bare LF in an extension', '5;a\nhello\r\n0\r\n\r\n'],
  ['bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['bare LF after the last chunk', '0\n\n'],
  ['bare LF as the end of the trailers', '0\r\n\n'],
  ['a folded trailer', '0\r\nX-A: b\r\n c\r\n\r\n'],
  ['a trailer with a space before its colon', '0\r\nX-A : b\r\n\r\n'],
  ['a trailer without a colon', '0\r\nX-A\r\n\r\n'],
  ['a trailer that ends with bare LF', '0\r\nX-A: b\n\r\n'],
  ['a trailer with NUL', '0\r\nX-A: \0\r\n\r\n'],
]

describe('a chunked body is refused for:', () => {
  test.each(CHUNKS)('%s', async (_, body) => {
    await expectRefused(pair, `${CHUNKED}${body}${SMUGGLED}`, [400], { started: true })
  })

  test.each(CHUNKS)('%s, when good chunks came long before', async (_, body) => {
    // The upstream has the head by then: the attempt must end as a cut, not as a whole request.
    const client = await RawClient.connect(pair.port)
    client.send(`${CHUNKED}3\r\nabc\r\n`)
    await until('the first chunk arrives', () => pair.upstream.received.includes('abc'))
    client.send(body + SMUGGLED)
    const { responses } = await client.untilClosed()
    client.close()
    expect(responses.length).toBeLessThanOrEqual(1)
    if (responses.length === 1) expect(responses[0]!.status).toBe(400)
    await expectNothingPassed(pair, true)
  })

  test.each(CHUNKS)('%s, when it is gathered: not one byte has gone up', async (_, body) => {
    const client = await beginGathered(pair, 'Transfer-Encoding: chunked\r\n')
    client.send(`3\r\nabc\r\n${body}${SMUGGLED}`)
    const { responses } = await client.untilClosed(['POST'])
    client.close()
    expect(responses.map(({ status }) => status)).toEqual([400])
    await expectNothingPassed(pair)
  })
})

test('a chunked body that the client cuts short never reaches the upstream as a whole', async () => {
  const client = await RawClient.connect(pair.port)
  client.send(`${CHUNKED}5\r\nhello\r\n`)
  client.end()
  const { responses } = await client.untilClosed()
  for (const each of responses) expect(each.status).toBeGreaterThanOrEqual(400)
  client.close()
  await expectNothingPassed(pair, true)
})

test('a body shorter than its Content-Length never reaches the upstream as a whole', async () => {
  const client = await RawClient.connect(pair.port)
  client.send(`${POST}Content-Length: 10\r\n\r\nhello`)
  client.end()
  const { responses } = await client.untilClosed()
  for (const each of responses) expect(each.status).toBeGreaterThanOrEqual(400)
  client.close()
  await expectNothingPassed(pair, true)
})

test.each([
  ['in chunks', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'],
  ['short of its length', 'Content-Length: 10\r\n', 'hello'],
])('a gathered body that the client cuts %s never reaches the upstream, not even in part', async (_, framing, part) => {
  const client = await beginGathered(pair, framing)
  client.send(part)
  client.end()
  const { responses } = await client.untilClosed(['POST'])
  for (const each of responses) expect(each.status).toBeGreaterThanOrEqual(400)
  client.close()
  await expectNothingPassed(pair)
})
