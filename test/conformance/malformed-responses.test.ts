// Answers of an upstream that two readers could read in two ways: the client gets 502 (or a cut, where the head had gone out),
// that upstream connection is never used again, and nothing of it reaches another client.

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes, answerOk, ok } from '../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { field } from '../support/wire.ts'
import { type Case, MALFORMED_CHUNKS } from './tables/answers.ts'

const pair = usePair()

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n'
/** What must never be taken for an answer. */
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'

/** Whoever comes next gets its own answer, on a new upstream connection. */
async function expectFreshConnection(): Promise<void> {
  const spoilt = [...pair.upstream.connections]
  const bytesBefore = spoilt.map(each => each.received.length)
  pair.upstream.answer = answerOk
  for (let i = 0; i < 3; i += 1) {
    const { responses } = await exchange(
      pair.port,
      `GET /next${i} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`,
    )
    expect(responses.map(each => [each.status, each.body.toString()])).toEqual([[200, `GET /next${i}`]])
  }
  await until('the spoilt upstream connection is closed', () => spoilt.every(each => each.ending !== 'open'))
  expect(spoilt.map(each => each.received.length)).toEqual(bytesBefore)
}

const STATUS_LINES: readonly Case[] = [
  ['two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
  ['four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status below 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['status 000', 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n'],
  ['a signed status', 'HTTP/1.1 +200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a status with a letter', 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n'],
  ['no status', 'HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['version 2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a lower-case protocol', 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['another protocol', 'ICY 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a leading space', ' HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n'],
  ['no HTTP at all', '<html>hello</html>\r\n\r\n'],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
  ['a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
]

const FIELDS: readonly Case[] = [
  ['bare LF after the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
  ['bare LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
  ['bare LF after a field', 'HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 0\r\n\r\n'],
  ['bare LF as the end of the head', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n'],
  ['bare CR in a value', 'HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 0\r\n\r\n'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0\r\nContent-Length: 0\r\n\r\n'],
  ['a control character in a value', 'HTTP/1.1 200 OK\r\nX-A: \x02\r\nContent-Length: 0\r\n\r\n'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
  ['a folded first line', 'HTTP/1.1 200 OK\r\n X-A: b\r\nContent-Length: 0\r\n\r\n'],
  [
    'a repeated length, one with a space before the colon',
    'HTTP/1.1 200 OK\r\nContent-Length : 5\r\nContent-Length: 0\r\n\r\n',
  ],
  ['a line break before the colon', 'HTTP/1.1 200 OK\r\nX-A\r\n : b\r\nContent-Length: 0\r\n\r\n'],
  ['an empty name', 'HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 0\r\n\r\n'],
  ['no colon', 'HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 0\r\n\r\n'],
  ['a name with a space', 'HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 0\r\n\r\n'],
  ['a head of 64 KiB', `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(65_536)}\r\nContent-Length: 0\r\n\r\n`],
  ['a thousand fields', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(1_000)}Content-Length: 0\r\n\r\n`],
]

const FRAMINGS: readonly Case[] = [
  ['two different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['a list of different lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello'],
  ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello'],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello'],
  ['a hexadecimal length', 'HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello'],
  ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello'],
  ['a space inside a length', 'HTTP/1.1 200 OK\r\nContent-Length: 1 0\r\n\r\nhello'],
  ['an overflowing length', 'HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello'],
  ['length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks and length', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n'],
  ['gzip', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello'],
  ['chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['chunked not last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['xchunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
  [
    'two lines of codings',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    '101 that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
]

for (const [group, cases] of Object.entries({ 'status line': STATUS_LINES, fields: FIELDS, framing: FRAMINGS })) {
  describe(`a response is answered 502 for its ${group}:`, () => {
    test.each(cases)('%s', async (_, bytes) => {
      pair.upstream.answer = answerBytes(bytes + EVIL)
      const answer = await ask(pair.port, GET)
      expect(answer.status).toBe(502)
      expect(answer.interim).toEqual([])
      expect(answer.body.toString('latin1')).not.toMatch(/EVIL|\.ts:\d/)
      await expectFreshConnection()
    })
  })
}

describe('a chunked response with a fault is never passed as whole:', () => {
  test.each(MALFORMED_CHUNKS)('%s', async (_, body) => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}${EVIL}`)
    const { responses } = await exchange(pair.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect(responses.map(each => each.status).filter(status => status !== 502)).toEqual([])
    await expectFreshConnection()
  })

  test.each(MALFORMED_CHUNKS)('%s, to an HTTP/1.0 client', async (_, body) => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${body}`)
    const { responses, ending } = await exchange(pair.port, GET.replace('HTTP/1.1', 'HTTP/1.0'))
    if (ending === 'fin') expect(responses.map(each => each.status)).toEqual([502])
    else expect(responses).toEqual([])
  })
})

describe('bytes after the end of a response', () => {
  test.each([
    ['a second response', ok('mine') + EVIL],
    ['one byte', `${ok('mine')}x`],
    ['CRLF', `${ok('mine')}\r\n`],
    ['more than Content-Length', ok('mine') + 'x'.repeat(100_000)],
    ['a body after 204', `HTTP/1.1 204 No Content\r\n\r\n${EVIL}`],
    ['a length and a body with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nEVIL'],
    ['a body after 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nEVIL`],
    ['after the last chunk', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n${EVIL}`],
  ])('cost the connection, and reach nobody: %s', async (_, bytes) => {
    pair.upstream.answer = answerBytes(bytes)
    const client = await RawClient.connect(pair.port)
    client.send(GET)
    const answer = await client.final()
    // The answer itself was whole: 200 as it was, or 502 where the surplus came in time.
    if (answer.status === 200) expect(answer.body.toString()).toBe('mine')
    else expect([204, 304, 502]).toContain(answer.status)
    pair.upstream.answer = answerOk
    if (field(answer, 'connection')?.toLowerCase() !== 'close') {
      client.send('GET /same HTTP/1.1\r\nHost: a.example\r\n\r\n')
      expect((await client.final()).body.toString()).toBe('GET /same')
    }
    client.close()
    await until('the upstream connection is closed', () => pair.upstream.connections[0]!.ending !== 'open')
    expect(pair.upstream.connections[0]!.requests).toHaveLength(1)
    expect(pair.upstream.connections[0]!.unread.length).toBe(0)
  })

  test('to HEAD cost the connection, and reach nobody', async () => {
    pair.upstream.answer = answerBytes(ok('EVIL'))
    const client = await RawClient.connect(pair.port)
    client.send(GET.replace('GET', 'HEAD'))
    expect([200, 502]).toContain((await client.final('HEAD')).status)
    client.close()
    await expectFreshConnection()
  })

  test('that come later, while the connection is idle, cost it too', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(GET)
    expect((await client.final()).status).toBe(200)
    await pair.upstream.connections[0]!.write(EVIL)
    await until('the poisoned connection is closed', () => pair.upstream.connections[0]!.ending !== 'open')
    client.send(GET)
    expect((await client.final()).body.toString()).toBe('GET /x')
    client.close()
    expect(pair.upstream.connections).toHaveLength(2)
  })

  test('that arrive together with the next request are not its answer', async () => {
    // Both at once, many times: whichever vigia sees first, EVIL must not become an answer.
    const client = await RawClient.connect(pair.port)
    for (let i = 0; i < 50; i += 1) {
      client.send(GET)
      const answer = await client.final()
      expect(answer.body.toString()).toBe('GET /x')
      pair.upstream.connections.at(-1)!.write(EVIL)
    }
    client.close()
  })
})

test('an answer that begins before the request is whole ends the sending, and neither connection is used again', async () => {
  pair.upstream.answer = async ({ connection }) => {
    await connection.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno')
    connection.end()
  }
  const client = await RawClient.connect(pair.port)
  client.send('POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000000\r\n\r\npart')
  const answer = await client.final('POST')
  expect(answer.status).toBe(403)
  expect(answer.body.toString()).toBe('no')
  client.send('GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n')
  client.close()
  await expectFreshConnection()
})

test('an answer that is whole before its request, on a connection left open, ends both connections', async () => {
  pair.upstream.answer = async ({ connection }) => {
    connection.takeOver()
    await connection.write(ok('early'))
  }
  const client = await RawClient.connect(pair.port)
  client.send('POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\npart')
  const answer = await client.final('POST')
  expect(answer.body.toString()).toBe('early')
  expect(field(answer, 'connection')?.toLowerCase()).toBe('close')
  // The rest of the body, if it still came, must not be taken for a request by anyone.
  client.send('GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n')
  expect((await client.untilClosed()).responses).toEqual([])
  client.close()
  await expectFreshConnection()
  expect(pair.upstream.received.toString('latin1')).not.toContain('smuggled')
})
