// Ends of connections that could be taken for something else: a cut body for a whole one, leftovers for an answer.

import { afterEach, describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { closeClients, RawClient } from '../support/raw-client.ts'
import type { Answer } from '../support/raw-upstream.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { sleep, until } from '../support/until.ts'
import { startVigia, type Vigia } from '../support/vigia.ts'

/** Half of a chunked answer; the other half never comes. */
const half: Answer = async ({ connection, whole }) => {
  await whole()
  await connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
}

describe('a body that only the end of the connection ends, to an HTTP/1.0 client', () => {
  const pair = usePair({ config: { timeouts: { halfClosed: '300ms' } } })

  test('is reset, not ended, when its upstream stalls and the client had sent its FIN', async () => {
    pair.upstream.answer = half
    const client = await RawClient.connect(pair.port)
    client.send('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n')
    client.end()
    await until('the connection ends', () => client.ending !== 'open')
    expect(client.ending).toBe('reset')
  })
})

describe('leftovers of an answer that has no body', () => {
  const pair = usePair({ config: { timeouts: { head: '300ms' } } })

  test('a 204 that announces a body has its connection closed: what comes later is not the next answer', async () => {
    pair.upstream.answer = async ({ connection, target, whole }) => {
      await whole()
      if (target === '/first') {
        await connection.write('HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\n')
        await sleep(5)
        await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison')
      } else {
        await sleep(30)
        await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood')
      }
    }
    const client = await RawClient.connect(pair.port)
    client.send('GET /first HTTP/1.1\r\nHost: a.example\r\n\r\nGET /second HTTP/1.1\r\nHost: a.example\r\n\r\n')
    expect((await client.final()).status).toBe(204)
    expect((await client.final()).body.toString()).toBe('good')
    client.close()
  })

  test('a stray empty line after a request does not begin a request: no answer comes unasked', async () => {
    const client = await RawClient.connect(pair.port)
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi\r\n')
    expect((await client.final()).status).toBe(200)
    // More than the head timeout: RFC 9112 2.2, servers ignore such a line.
    await sleep(700)
    expect(client.pending.toString()).toBe('')
    client.close()
  })
})

describe('at the deadline of a shutdown', () => {
  let vigia: Vigia | undefined
  let upstream: RawUpstream | undefined
  afterEach(async () => {
    closeClients()
    await upstream?.close()
    await vigia?.stop()
  })

  test('a body that only the end of the connection ends is reset, not ended', async () => {
    upstream = await RawUpstream.start(half)
    vigia = await startVigia({ upstreams: [upstream.port], config: { shutdown: '300ms' } })
    const client = await RawClient.connect(vigia.port)
    client.send('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n')
    await until('the body has begun', () => client.pending.includes('hello'))
    vigia.kill('SIGTERM')
    await until('the connection ends', () => client.ending !== 'open')
    expect(client.ending).toBe('reset')
  })
})
