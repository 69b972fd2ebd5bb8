// The tables of answers once more, where their client takes nothing yet: what the upstream says after its first bytes waits, in a file, and
// means the same. One stream of HTTP/2 for each, whose window is shut.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HEADERS, PREFACE, RST_STREAM, settings, windowUpdate } from '../support/http2/frames.ts'
import { RawH2 } from '../support/http2/raw-h2.ts'
import { usePair } from '../support/pair.ts'
import { answerOk } from '../support/raw-answers.ts'
import { exchange } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { CUT_BODIES, MALFORMED_CHUNKS } from './tables/answers.ts'

const pair = usePair({
  http2: true,
  pool: { buffer: { request: 'off', response: { memory: 0 } } },
})

const INITIAL_WINDOW = 4
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'

let client: RawH2
let stream = -1
beforeAll(async () => {
  client = await RawH2.open(pair.port, Buffer.concat([PREFACE, settings([INITIAL_WINDOW, 0])]))
})
afterAll(() => client.close())

/**
 * @param head with the first bytes of its body: they are on their way to the client when the rest comes
 * @returns the client's stream, before it has taken anything
 */
async function hold(head: string, rest: string, end?: 'fin' | 'reset'): Promise<number> {
  stream += 2
  const own = stream
  pair.upstream.answer = async ({ connection, whole }) => {
    await whole()
    await connection.write(head)
    await client.when('the head is there', () => client.of(HEADERS, own).length > 0)
    await connection.write(rest)
    if (end === 'fin') connection.end()
    if (end === 'reset') connection.reset()
  }
  await client.send(client.request(own, '/x'))
  await client.when('the head is there', () => client.of(HEADERS, own).length > 0)
  await until('its part is over', async () => (await pair.vigia.status()).pools[0]!.upstreams[0]!.inFlight === 0)
  expect([client.body(own), client.of(RST_STREAM, own)]).toEqual([{ bytes: Buffer.alloc(0), ended: false }, []])
  expect((await pair.vigia.status()).buffers!.files).toBe(1)
  return own
}

/** The client takes everything. @returns what it gets */
async function take(own: number): Promise<{ body: string; isWhole: boolean }> {
  await client.send(windowUpdate(own, 65_535))
  await until('it is over', () => client.body(own).ended || client.of(RST_STREAM, own).length > 0)
  const { bytes, ended } = client.body(own)
  await client.send(windowUpdate(0, Math.max(1, bytes.length)))
  return { body: bytes.toString('latin1'), isWhole: ended }
}

async function expectCut(own: number): Promise<void> {
  const { body, isWhole } = await take(own)
  expect(isWhole).toBe(false)
  // What was right of it, up to the fault.
  expect(body).toMatch(/^abcde(h|he|hel|hell|hello)?$/)
}

describe('an answer that is whole', () => {
  test.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabc', 'hello'],
    [
      'in chunks, with extensions and trailers',
      `${CHUNKED}3;x=y\r\nabc\r\n`,
      '3 ; a = 1\r\nhel\r\n2\r\nlo\r\n0;x\r\nX-T: 1\r\n\r\n',
    ],
  ])('%s', async (_, head, rest) => {
    expect(await take(await hold(head, rest))).toEqual({ body: 'abchello', isWhole: true })
  })

  test('up to the end of its connection', async () => {
    expect(await take(await hold('HTTP/1.1 200 OK\r\n\r\nabc', 'hello', 'fin'))).toEqual({
      body: 'abchello',
      isWhole: true,
    })
  })

  test.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nabc', `hello${EVIL}`],
    ['chunks', `${CHUNKED}3\r\nabc\r\n`, `5\r\nhello\r\n0\r\n\r\n${EVIL}`],
  ])('with %s: bytes after it cost the connection, and reach nobody', async (_, head, rest) => {
    const own = await hold(head, rest)
    await until('the upstream connection is closed', () => pair.upstream.connections[0]!.ending !== 'open')
    pair.upstream.answer = answerOk
    const next = await exchange(pair.port, 'GET /next HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
    expect(next.responses.map(({ body }) => body.toString())).toEqual(['GET /next'])
    expect(await take(own)).toEqual({ body: 'abchello', isWhole: true })
  })
})

describe('a chunked answer with a fault is cut behind what was right:', () => {
  test.each(MALFORMED_CHUNKS)('%s', async (_, body) => {
    await expectCut(await hold(`${CHUNKED}3\r\nabc\r\n`, `2\r\nde\r\n${body}${EVIL}`))
  })
})

describe.each(['fin', 'reset'] as const)(
  'an answer that its upstream cuts by %s is cut behind what it had said:',
  how => {
    test.each(CUT_BODIES)('%s', async (_, bytes) => {
      const bodyAt = bytes.indexOf('\r\n\r\n') + 4
      const [first, more] = bytes.includes('chunked') ? ['3\r\nabc\r\n', '2\r\nde\r\n'] : ['abc', 'de']
      const head = bytes.slice(0, bodyAt).replace('10', '11')
      await expectCut(await hold(head + first, more + bytes.slice(bodyAt), how))
    })
  },
)
