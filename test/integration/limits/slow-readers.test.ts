// A client that reads slowly: its answer may be complete for vigia long before it is delivered. What was not delivered yet must
// survive whatever ends the connection, and must not pile up.

import { afterEach, describe, expect, test } from 'vitest'
import { startBlackhole } from '../../support/blackhole.ts'
import { CAN_READ_QUEUES, queuedBytes } from '../../support/kernel-queues.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { usePair } from '../../support/pair.ts'
import { ok } from '../../support/raw-answers.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream, type UpstreamConnection } from '../../support/raw-upstream.ts'
import { sleep, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const PIECE = Buffer.alloc(16_384, 'a')
const CHUNK = Buffer.concat([Buffer.from('4000\r\n'), PIECE, Buffer.from('\r\n')])

/** So much the kernel takes for sure: at first of any kernel, then of this one as it was seen. */
let surelyTakenBytes = 3_500_000
/** By which it may be less the next time. */
const PLAY_BYTES = 40 * PIECE.length

interface Stuck {
  readonly client: RawClient
  /** Bytes of body that the upstream has sent. */
  readonly bodyBytes: number
}

/**
 * Brings an answer to the point where the kernel takes no more and vigia holds the last piece itself, then lets the upstream end
 * it: complete for vigia, not delivered yet. The client has not read a byte.
 * @param early the answer does not wait for the request's body
 */
async function completeButNotDelivered(
  upstream: RawUpstream,
  port: number,
  request: string,
  { early = false } = {},
): Promise<Stuck> {
  let connection: UpstreamConnection | undefined
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  upstream.answer = async arrival => {
    if (!early) await arrival.whole()
    await arrival.connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    connection = arrival.connection
    await ended
  }
  const client = await RawClient.connect(port)
  client.socket.pause()
  client.send(request)
  await until('the answer has begun', () => connection)
  // Vigia passes it on at once.
  let bodyBytes = 0
  while (bodyBytes < surelyTakenBytes) {
    await connection?.write(CHUNK)
    bodyBytes += PIECE.length
  }
  await sleep(100)
  let held = await queuedBytes(port, client.localPort)
  for (let growing = true; growing; ) {
    await connection?.write(CHUNK)
    bodyBytes += PIECE.length
    growing = false
    for (const ms of [1, 1, 2, 5, 20, 100]) {
      await sleep(ms)
      const now = await queuedBytes(port, client.localPort)
      growing = now >= held + PIECE.length
      if (!growing) continue
      held = now
      break
    }
    if (bodyBytes > 64_000_000) throw new Error('the kernel takes everything')
  }
  surelyTakenBytes = Math.max(surelyTakenBytes, bodyBytes - PLAY_BYTES)
  await connection?.write('0\r\n\r\n')
  end()
  await sleep(100)
  return { client, bodyBytes }
}

/** Reads on: the body that came, and how the connection ended (`open` for one that stays). */
async function bodyRead({ client, bodyBytes }: Stuck, version: '1.0' | '1.1'): Promise<number> {
  client.socket.resume()
  if (version === '1.1') return (await client.final()).body.length
  const { responses, ending } = await client.untilClosed()
  expect(ending).toBe('fin')
  return responses[0]?.body.length ?? bodyBytes - 1
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'
const REQUEST_1_0 = 'GET / HTTP/1.0\r\nHost: a.example\r\n\r\n'
const REQUEST_CLOSE = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'
/** More than the time for which a told-to-go connection is kept. */
const LONG_MS = 2_600

describe.skipIf(!CAN_READ_QUEUES)('an answer that is complete but not delivered is delivered whole', () => {
  const pair = usePair({ config: { timeouts: { keepAlive: '1s', idle: '30s', halfClosed: '30s' } } })

  test('to an HTTP/1.0 client that reads on seconds later', async () => {
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, REQUEST_1_0)
    await sleep(LONG_MS)
    expect(await bodyRead(stuck, '1.0')).toBe(stuck.bodyBytes)
  })

  test('to a client that asked for Connection: close and reads on seconds later', async () => {
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, REQUEST_CLOSE)
    await sleep(LONG_MS)
    expect(await bodyRead(stuck, '1.1')).toBe(stuck.bodyBytes)
  })

  test('to an HTTP/1.0 client that then sends its FIN', async () => {
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, REQUEST_1_0)
    stuck.client.end()
    await sleep(100)
    expect(await bodyRead(stuck, '1.0')).toBe(stuck.bodyBytes)
  })

  test('to a client of a kept connection that then sends its FIN', async () => {
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, REQUEST)
    stuck.client.end()
    await sleep(100)
    expect(await bodyRead(stuck, '1.1')).toBe(stuck.bodyBytes)
  })

  test('to a client that was answered early, and first sends the rest of its upload', async () => {
    const bytes = 60_000_000
    const head = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${bytes}\r\n\r\n`
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, head, { early: true })
    await stuck.client.sendPieces([Buffer.alloc(bytes, 'a')])
    expect(await bodyRead(stuck, '1.1')).toBe(stuck.bodyBytes)
    expect((await stuck.client.untilClosed()).ending).toBe('fin')
  })

  test('to a client that reads on only after the keep-alive timeout: it is not idle', async () => {
    const stuck = await completeButNotDelivered(pair.upstream, pair.port, REQUEST)
    await sleep(1_600)
    expect(await bodyRead(stuck, '1.1')).toBe(stuck.bodyBytes)
  })
})

describe('by itself', () => {
  let vigia: Vigia | undefined
  let upstream: RawUpstream | undefined
  afterEach(async () => {
    closeClients()
    await upstream?.close()
    await vigia?.stop()
  })

  test.skipIf(!CAN_READ_QUEUES)('a shutdown delivers an answer that is complete but not delivered', async () => {
    upstream = await RawUpstream.start()
    vigia = await startVigia({ upstreams: [upstream.port] })
    const stuck = await completeButNotDelivered(upstream, vigia.port, REQUEST)
    vigia.kill('SIGTERM')
    await sleep(200)
    expect(await bodyRead(stuck, '1.1')).toBe(stuck.bodyBytes)
  })

  test('a client that asks again and again without reading makes vigia hold no more than one answer', async () => {
    const answerBytes = 30_000
    const most = 900
    let served = 0
    upstream = await RawUpstream.start(async arrival => {
      await arrival.whole()
      served += 1
      await arrival.connection.write(ok('a'.repeat(answerBytes)))
    })
    vigia = await lendVigia({ upstreams: [upstream.port] })
    const client = await RawClient.connect(vigia.port)
    client.socket.pause()
    for (let asked = 1; asked <= most; asked += 1) {
      client.send(REQUEST)
      for (let tries = 0; tries < 200 && served < asked; tries += 1) await sleep(1)
      if (served < asked) break
      // Its end has to reach vigia too: only then is the connection idle, and the next request begins.
      await sleep(4)
    }
    client.close()
    // The kernel holds some megabytes for the two sockets; 27 MB it does not.
    expect(served).toBeLessThan(most)
  })

  test('a client that does not read is not counted as a failure of the upstream', async () => {
    upstream = await RawUpstream.start(async arrival => {
      await arrival.whole()
      await arrival.connection.write(ok('a'.repeat(20_000_000)))
    })
    vigia = await lendVigia({
      upstreams: [upstream.port],
      poolName: 'unread',
      config: { timeouts: { idle: '500ms' } },
    })
    const client = await RawClient.connect(vigia.port)
    client.socket.pause()
    client.send(REQUEST)
    await until('the exchange has begun', async () => (await vigia?.status())?.pools[0]?.upstreams[0]?.inFlight === 1)
    await until('it was ended', async () => (await vigia?.status())?.pools[0]?.upstreams[0]?.inFlight === 0)
    const report = (await vigia.status()).pools[0]?.upstreams[0]
    client.close()
    expect(report?.failures).toEqual({ connect: 0, transport: 0, timeout: 0 })
    expect(report?.lastFailure).toBeNull()
  })

  test('bodies of tiny chunks that wait for a connection take memory in proportion to their bytes', async () => {
    const hole = await startBlackhole()
    vigia = await startVigia({ upstreams: [hole.port], config: { timeouts: { connect: '20s' } } })
    const before = await vigia.residentBytes()
    const bytes = `POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(60_000)}`
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(vigia?.port ?? 0)))
    for (const client of clients) client.send(bytes)
    await until('vigia has read what it reads', () => clients.every(client => client.socket.writableLength === 0))
    await sleep(1_000)
    const grown = (await vigia.residentBytes()) - before
    for (const client of clients) client.close()
    await hole.close()
    // 1.2 MB of body, 7.2 MB with its framing.
    expect(grown).toBeLessThan(60_000_000)
  })
})
