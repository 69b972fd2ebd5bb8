// Bodies in both directions: chunked ones are framed anew (no extension survives, trailers do), bodiless answers have none,
// HTTP/1.0 clients never see chunks.

import { describe, expect, test } from 'vitest'
import { BUFFERING, beginGathered, usePair } from '../support/pair.ts'
import { answerBytes, ok } from '../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { field } from '../support/wire.ts'

const pair = usePair({ config: BUFFERING })

const HOST = 'Host: a.example\r\n'
const GET = `GET /x HTTP/1.1\r\n${HOST}\r\n`
const CHUNKED_POST = `POST /x HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n`

/** Sends a chunked POST; tells what the upstream saw. @param gathered its body comes before an upstream is chosen */
async function posted(gathered: boolean, chunks: string, fields = '') {
  const client = gathered
    ? await beginGathered(pair, `Transfer-Encoding: chunked\r\n${fields}`)
    : await RawClient.connect(pair.port)
  client.send(`${gathered ? '' : `${CHUNKED_POST}${fields}\r\n`}${chunks}`)
  expect((await client.final('POST')).status).toBe(200)
  client.close()
  expect(pair.upstream.violations).toEqual([])
  return pair.upstream.requests[0]!
}

describe.each([
  ['streamed', false],
  ['gathered', true],
])('a chunked request that is %s', (_, gathered) => {
  test.each([
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['many chunks', '1\r\nh\r\n1\r\ne\r\n3\r\nllo\r\n0\r\n\r\n', 'hello'],
    ['an upper-case size', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['a lower-case size', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['leading zeros', '0005\r\nhello\r\n000\r\n\r\n', 'hello'],
    [
      'extensions with blanks (BWS, RFC 9112 7.1.1)',
      '5 ; ext = 1\t;\tq = "a\\"; b" ;z\r\nhello\r\n0 ;last\r\n\r\n',
      'hello',
    ],
    ['extensions, which are dropped', '5;ext=1;q="a;b"\r\nhello\r\n0;last\r\n\r\n', 'hello'],
    ['nothing but its end', '0\r\n\r\n', ''],
    ['CRLF in its data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
  ])('of %s arrives whole', async (_, chunks, body) => {
    const request = await posted(gathered, chunks)
    expect(request.body.toString()).toBe(body)
    // What is there as a whole can say how long it is.
    expect(gathered ? ['length'] : ['chunked', 'length', 'none']).toContain(request.framing)
    expect(request.bytes.toString('latin1')).not.toMatch(/ext=1|;last/)
  })

  test('has its trailers passed on', async () => {
    const request = await posted(
      gathered,
      '5\r\nhello\r\n0\r\nX-Checksum: abc\r\nX-Other: d e\r\n\r\n',
      'Trailer: X-Checksum\r\n',
    )
    expect(request.trailers).toEqual([
      ['X-Checksum', 'abc'],
      ['X-Other', 'd e'],
    ])
  })

  test.each(['Content-Length: 3', 'Transfer-Encoding: chunked'])(
    'with a trailer that would frame it anew is refused, or the trailer is dropped: %s',
    async trailer => {
      const answer = await ask(
        pair.port,
        `${CHUNKED_POST}\r\n5\r\nhello\r\n0\r\n${trailer}\r\nX-Kept: 1\r\n\r\n`,
        'POST',
      )
      if (answer.status === 200) expect(pair.upstream.requests[0]!.trailers).toEqual([['X-Kept', '1']])
      else expect(answer.status).toBe(400)
    },
  )

  test('has no trailer passed on that could change how it is treated', async () => {
    const forbidden = [
      'Host: evil.example',
      'Connection: close',
      'X-Forwarded-For: 1.2.3.4',
      'X-Real-IP: 1.2.3.4',
      'Forwarded: for=1.2.3.4',
      'Authorization: Basic eDp5',
      'Trailer: x',
    ]
    const request = await posted(gathered, `5\r\nhello\r\n0\r\n${forbidden.join('\r\n')}\r\nX-Kept: 1\r\n\r\n`)
    expect(request.trailers).toEqual([['X-Kept', '1']])
  })

  test('is followed by the next request of the connection', async () => {
    const body = `5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n${GET}`
    const client = gathered
      ? await beginGathered(pair, 'Transfer-Encoding: chunked\r\n')
      : await RawClient.connect(pair.port)
    client.send(gathered ? body : `${CHUNKED_POST}\r\n${body}`)
    expect((await client.final('POST')).body.toString()).toBe('POST /x')
    expect((await client.final()).body.toString()).toBe('GET /x')
    client.close()
  })
})

describe('a chunked response', () => {
  test('is framed anew: same body, no extensions', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 ; secret = 1\r\nhel\r\n2\r\nlo\r\n0;x\r\n\r\n',
    )
    const answer = await ask(pair.port, GET)
    expect(answer.body.toString()).toBe('hello')
    expect(answer.bytes.toString('latin1')).not.toMatch(/secret|;x/)
  })

  test('has its trailers passed on, but for forbidden ones', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\nVary: *\r\nSet-Cookie: a=b\r\n\r\n',
    )
    const answer = await ask(pair.port, GET)
    expect(answer.trailers).toEqual([['X-T', '1']])
  })

  test('with a trailer that would frame it anew is cut, or the trailer is dropped', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n',
    )
    const { responses } = await exchange(pair.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    for (const each of responses)
      expect([
        [200, []],
        [502, []],
      ]).toContainEqual([each.status, each.trailers])
  })

  test('of an HTTP/1.0 client is not chunked, and ends with the connection', async () => {
    pair.upstream.answer = answerBytes(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX-T: 1\r\n\r\n',
    )
    for (const connection of ['', 'Connection: keep-alive\r\n']) {
      const { responses, ending } = await exchange(pair.port, `GET /x HTTP/1.0\r\n${HOST}${connection}\r\n`)
      expect(responses).toHaveLength(1)
      expect(responses[0]!.framing).toBe('close')
      expect(responses[0]!.body.toString()).toBe('hello')
      expect(field(responses[0]!, 'trailer')).toBeUndefined()
      expect(ending).toBe('fin')
    }
  })

  test('that trickles in is passed on as it comes', async () => {
    let release: () => void = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    pair.upstream.answer = async ({ connection, whole }) => {
      await whole()
      await connection.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ndata: 1\r\n',
      )
      await released
      await connection.write('7\r\ndata: 2\r\n0\r\n\r\n')
    }
    const client = await RawClient.connect(pair.port)
    client.send(GET)
    await until('the first event comes before the second is sent', () => client.pending.includes('data: 1'))
    expect(client.pending.includes('data: 2')).toBe(false)
    release()
    expect((await client.final()).body.toString()).toBe('data: 1data: 2')
    client.close()
  })
})

describe('a response that ends with its connection', () => {
  test('reaches an HTTP/1.1 client whole, with an end that it can tell from a cut', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello', 'fin')
    const answer = await ask(pair.port, GET)
    expect(answer.body.toString()).toBe('hello')
  })

  test('reaches an HTTP/1.0 client whole, with a clean end', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.0 200 OK\r\n\r\nhello', 'fin')
    const { responses, ending } = await exchange(pair.port, `GET /x HTTP/1.0\r\n${HOST}\r\n`)
    expect(responses[0]?.body.toString()).toBe('hello')
    expect(ending).toBe('fin')
  })

  test('may be empty', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\n\r\n', 'fin')
    expect((await ask(pair.port, GET)).body.length).toBe(0)
  })
})

describe('an answer without a body', () => {
  test('to HEAD keeps the length it announces', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n')
    const client = await RawClient.connect(pair.port)
    for (let i = 0; i < 2; i += 1) {
      client.send(`HEAD /x HTTP/1.1\r\n${HOST}\r\n`)
      const answer = await client.final('HEAD')
      expect(field(answer, 'content-length')).toBe('1234')
      expect(answer.body.length).toBe(0)
    }
    client.close()
  })

  test('to HEAD may announce chunks and send none', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const client = await RawClient.connect(pair.port)
    client.send(`HEAD /x HTTP/1.1\r\n${HOST}\r\n`)
    expect((await client.final('HEAD')).status).toBe(200)
    pair.upstream.answer = answerBytes(ok('next'))
    client.send(GET)
    expect((await client.final()).body.toString()).toBe('next')
    client.close()
  })

  test.each([
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'],
    ['304 that tells a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n'],
  ])('as %s leaves the connection usable', async (_, bytes) => {
    const client = await RawClient.connect(pair.port)
    pair.upstream.answer = answerBytes(bytes)
    client.send(GET)
    const first = await client.final()
    expect(String(first.status)).toBe(bytes.slice(9, 12))
    expect(first.body.length).toBe(0)
    pair.upstream.answer = answerBytes(ok('next'))
    client.send(GET)
    expect((await client.final()).body.toString()).toBe('next')
    client.close()
    expect(pair.upstream.connections[0]?.ending).toBe('open')
  })

  test('with Content-Length: 0 stays empty', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    expect((await ask(pair.port, GET)).body.length).toBe(0)
  })
})
