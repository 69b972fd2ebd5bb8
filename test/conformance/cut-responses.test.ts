// An upstream that breaks off: before its head ends the client gets 502, after that a cut that no client can take for an end.

import { describe, expect, test } from 'vitest'
import { BUFFERING, beginGathered, usePair } from '../support/pair.ts'
import { answerOk } from '../support/raw-answers.ts'
import { ask, exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { CUT_BODIES, CUT_HEADS } from './tables/answers.ts'

const pair = usePair({ config: BUFFERING })

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n'
const POST = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello'

/** Sends a part, waits until the client has it, then breaks off. */
function breakOff(part: string, how: 'fin' | 'reset') {
  pair.upstream.answer = async ({ connection, whole }) => {
    await whole()
    if (part !== '') await connection.write(part)
    if (how === 'fin') connection.end()
    else connection.reset()
  }
}

describe.each(['fin', 'reset'] as const)('an upstream that ends by %s', how => {
  test.each(CUT_HEADS)('%s: 502, and a POST is not sent again', async (_, part) => {
    breakOff(part, how)
    expect((await ask(pair.port, POST, 'POST')).status).toBe(502)
    expect(pair.upstream.requests).toHaveLength(1)
    expect((await ask(pair.port, GET)).status).toBe(502)
  })

  test.each(CUT_HEADS)('%s: 502, and a gathered POST is not sent again', async (_, part) => {
    breakOff(part, how)
    const client = await beginGathered(pair, 'Content-Length: 5\r\n')
    client.send('hello')
    const answer = await client.final('POST')
    client.close()
    expect([answer.status, answer.body.toString().includes('may or may not')]).toEqual([502, true])
    expect(pair.upstream.requests.map(({ body }) => body.toString())).toEqual(['hello'])
  })

  test('after an interim response: 502', async () => {
    breakOff('HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n', how)
    const client = await RawClient.connect(pair.port)
    client.send(POST)
    const answer = await client.final('POST')
    client.close()
    expect(answer.status).toBe(502)
  })

  test.each(CUT_BODIES)('%s: the client sees a cut or 502, never an end', async (_, part) => {
    breakOff(part, how)
    for (const version of ['1.1', '1.0']) {
      const { responses, ending } = await exchange(
        pair.port,
        GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n').replace('1.1', version),
      )
      const statuses = responses
        .filter(each => !(each.framing === 'close' && ending === 'reset'))
        .map(each => each.status)
      expect(statuses.filter(status => status !== 502)).toEqual([])
    }
  })

  test('the cut of one client leaves the next alone', async () => {
    breakOff('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', how)
    await exchange(pair.port, GET)
    pair.upstream.answer = answerOk
    const answer = await ask(pair.port, GET)
    expect(answer.body.toString()).toBe('GET /x')
  })
})

test('a reset of an upstream whose body ends with the connection is a cut for the client', async () => {
  let cut: () => void = () => {}
  pair.upstream.answer = async ({ connection, whole }) => {
    await whole()
    await connection.write('HTTP/1.1 200 OK\r\n\r\nhello')
    await new Promise<void>(resolve => {
      cut = resolve
    })
    connection.reset()
  }
  for (const version of ['1.1', '1.0']) {
    const client = await RawClient.connect(pair.port)
    client.send(GET.replace('1.1', version))
    await until('the first part is there', () => client.pending.includes('hello'))
    cut()
    const { responses, ending } = await client.untilClosed()
    client.close()
    // HTTP/1.1: no last chunk. HTTP/1.0: only a reset tells a cut from an end.
    expect(responses).toEqual([])
    if (version === '1.0') expect(ending).toBe('reset')
  }
})

test('a cut answer of a repeatable request is not repeated once a byte of it has gone out', async () => {
  breakOff('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhello', 'reset')
  await exchange(pair.port, GET)
  expect(pair.upstream.requests.length).toBeLessThanOrEqual(2)
})
