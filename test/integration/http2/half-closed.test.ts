// A client that closes its side of the connection: what it has ended is answered, what can't come to an end any more ends at once.

import { afterEach, expect, test } from 'vitest'
import { data } from '../../support/http2/frames.ts'
import { RawH2 } from '../../support/http2/raw-h2.ts'
import { usePair } from '../../support/pair.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'

// Nothing here ends because its time is up.
const pair = usePair({ http2: true, config: { timeouts: { idle: '30m', halfClosed: '20m', keepAlive: '30m' } } })
let client: RawH2
afterEach(() => client.close())

test('a request that has been sent whole is answered', async () => {
  let answer = () => {}
  pair.upstream.answer = async arrival => {
    await new Promise<void>(resolve => {
      answer = resolve
    })
    return answerOk(arrival)
  }
  client = await RawH2.open(pair.port)
  await client.send(client.request(1, '/late'))
  await client.when('it is upstream', () => pair.upstream.received.includes('/late'))
  client.socket.end()
  answer()
  expect(await client.answered(1)).toBe('GET /late')
  await client.when('the connection ends', () => client.ending !== 'open')
})

test('a request that was still being sent is aborted upstream', async () => {
  client = await RawH2.open(pair.port)
  await client.send(client.request(1, '/part', { method: 'POST', ends: false }), data(1, 'part'))
  await client.when('it is upstream', () => pair.upstream.received.includes('part'))
  client.socket.end()
  await pair.upstream.connections[0]!.ended()
  await client.when('the connection ends', () => client.ending !== 'open')
})

test('an answer that waits for a window, which nobody can open any more, is aborted upstream', async () => {
  pair.upstream.answer = async arrival => arrival.connection.write(ok('x'.repeat(1_000_000)))
  client = await RawH2.open(pair.port)
  await client.send(client.request(1, '/large'))
  await client.when('the window is used up', () => client.body(1).bytes.length === 65_535)
  client.socket.end()
  await pair.upstream.connections[0]!.ended()
  await client.when('the connection ends', () => client.ending !== 'open')
  expect(client.body(1).ended).toBe(false)
})
