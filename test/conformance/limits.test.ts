// Bounds on what a client may send: long targets, large heads, many fields, large bodies, slow heads.

import { describe, expect, test } from 'vitest'
import { expectNothingPassed, expectRefused, usePair } from '../support/pair.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { SOON_MS, until } from '../support/until.ts'

const pair = usePair({
  config: {
    limits: { head: '4KiB', headers: 20, target: '1KiB', body: '1KiB' },
    timeouts: { head: '300ms' },
  },
})

const HOST = 'Host: a.example\r\n'
const POST = `POST /post HTTP/1.1\r\n${HOST}`

/** A request line whose target has exactly `bytes` bytes. */
const withTarget = (bytes: number) => `GET /${'a'.repeat(bytes - 1)} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`
/** A head with `count` fields in all. */
const withFields = (count: number) =>
  `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n${'X-A: b\r\n'.repeat(count - 2)}\r\n`
/** A head of exactly `bytes` bytes, the empty line included. */
const withHead = (bytes: number) => {
  const start = `GET / HTTP/1.1\r\n${HOST}Connection: close\r\nX-A: `
  return `${start}${'b'.repeat(bytes - start.length - 4)}\r\n\r\n`
}

describe('what is at a limit passes, what is beyond is refused:', () => {
  test('length of the target: 414', async () => {
    expect((await exchange(pair.port, withTarget(1_024))).responses[0]?.status).toBe(200)
    await pair.upstream.forget()
    await expectRefused(pair, withTarget(1_025), [414])
  })

  test('a target without an end: 414', async () => {
    await expectRefused(pair, `GET /${'a'.repeat(8_000)}`, [414])
  })

  test('number of fields: 431', async () => {
    expect((await exchange(pair.port, withFields(20))).responses[0]?.status).toBe(200)
    await pair.upstream.forget()
    await expectRefused(pair, withFields(21), [431])
  })

  test('bytes of the head: 431', async () => {
    expect((await exchange(pair.port, withHead(4_000))).responses[0]?.status).toBe(200)
    await pair.upstream.forget()
    await expectRefused(pair, withHead(4_200), [431])
  })

  test('a head without an end: 431', async () => {
    await expectRefused(pair, `GET / HTTP/1.1\r\n${HOST}X-A: ${'b'.repeat(60_000)}`, [431])
  })

  test('a body by its Content-Length, at once: 413', async () => {
    await expectRefused(pair, `${POST}Content-Length: 1025\r\n\r\n`, [413])
    await pair.upstream.forget()
    await expectRefused(pair, `${POST}Content-Length: 1025\r\nExpect: 100-continue\r\n\r\n`, [413])
    await pair.upstream.forget()
    const fits = await exchange(
      pair.port,
      `${POST}Connection: close\r\nContent-Length: 1024\r\n\r\n${'b'.repeat(1_024)}`,
    )
    expect(fits.responses[0]?.status).toBe(200)
  })

  test('a chunked body while it streams: 413', async () => {
    const chunk = `200\r\n${'b'.repeat(512)}\r\n`
    const head = `${POST}Transfer-Encoding: chunked\r\n\r\n`
    await expectRefused(pair, `${head}${chunk}${chunk}1\r\nb\r\n0\r\n\r\n`, [413], { started: true })
    await pair.upstream.forget()
    const fits = await exchange(
      pair.port,
      `${head.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}${chunk}${chunk}0\r\n\r\n`,
    )
    expect(fits.responses[0]?.status).toBe(200)
    expect(pair.upstream.requests[0]?.body.length).toBe(1_024)
  })

  test('a chunked body made of one huge chunk: 413', async () => {
    await expectRefused(pair, `${POST}Transfer-Encoding: chunked\r\n\r\nffffff\r\n${'b'.repeat(2_000)}`, [413], {
      started: true,
    })
  })

  test('chunk extensions without an end', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(`${POST}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(100_000)}`)
    const { responses } = await client.untilClosed()
    client.close()
    for (const each of responses) expect([400, 413]).toContain(each.status)
    await expectNothingPassed(pair, true)
  })

  test('trailers without an end', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(`${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n${'X-A: b\r\n'.repeat(10_000)}`)
    const { responses } = await client.untilClosed()
    client.close()
    for (const each of responses) expect([400, 413, 431]).toContain(each.status)
    await expectNothingPassed(pair, true)
  })
})

describe('a slow head is answered 408', () => {
  test('when it stops in the middle', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(`GET / HTTP/1.1\r\n${HOST}`)
    const { responses, ending } = await client.untilClosed()
    client.close()
    expect(responses.map(each => each.status)).toEqual([408])
    expect(ending).toBe('fin')
    await expectNothingPassed(pair)
  })

  test('when it trickles in: the deadline is for the whole head, not for each byte', async () => {
    const client = await RawClient.connect(pair.port)
    const began = performance.now()
    const trickle = client.sendPieces([...`GET / HTTP/1.1\r\n${HOST}X-A: ${'b'.repeat(200)}`], 20)
    const { responses } = await client.untilClosed()
    client.close()
    expect(responses.map(each => each.status)).toEqual([408])
    expect(performance.now() - began).toBeLessThan(SOON_MS)
    await trickle
    await expectNothingPassed(pair)
  })

  test('but a connection that sent nothing yet is not answered at all', async () => {
    const idle = await RawClient.connect(pair.port)
    const slow = await RawClient.connect(pair.port)
    slow.send('G')
    expect((await slow.untilClosed()).responses.map(each => each.status)).toEqual([408])
    expect(idle.pending.length).toBe(0)
    slow.close()
    idle.close()
  })
})

test('a client that sends on after its refusal still gets to read it', async () => {
  const client = await RawClient.connect(pair.port)
  client.send(`${POST}Content-Length: 50000000\r\n\r\n`)
  const flood = Buffer.alloc(256 * 1024, 'b')
  for (let i = 0; i < 8; i += 1) client.send(flood)
  const answer = await client.response()
  expect(answer.status).toBe(413)
  client.close()
  await until('vigia serves on', async () => (await exchange(pair.port, withHead(200))).responses[0]?.status === 200)
})
