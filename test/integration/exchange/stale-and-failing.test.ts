// An upstream that fails just when its idle connection is used again: first it looks stale, which costs no attempt, then it fails.

import { afterEach, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { ask } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import type { Vigia } from '../../support/vigia.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'

/** Takes the whole request, then breaks off without a byte. */
const breakOff: Answer = async arrival => {
  await arrival.whole()
  arrival.connection.socket.destroy()
}

let upstreams: RawUpstream[] = []
let vigia: Vigia

/** The client's own upstream has an idle connection, and fails from now on; the other one is well. */
async function setUp(attempts: number): Promise<{ own: RawUpstream; other: RawUpstream }> {
  upstreams = [await RawUpstream.start(), await RawUpstream.start()]
  vigia = await lendVigia({
    upstreams: upstreams.map(upstream => upstream.port),
    pool: { affinity: { by: 'address' }, outlier: 'off', retry: { attempts } },
  })
  // The first connection may have had to wait on a busy machine, and then makes idle ones give way: not the second request's.
  for (let i = 0; i < 2; i += 1) expect((await ask(vigia.port, GET)).status).toBe(200)
  const [first, second] = upstreams as [RawUpstream, RawUpstream]
  const [own, other] = first.requests.length > 0 ? [first, second] : [second, first]
  own.answer = breakOff
  other.answer = answerOk
  return { own, other }
}

afterEach(async () => {
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close()
})

test('a stale connection takes none of the attempts: the failure after it is followed by another upstream', async () => {
  const { own, other } = await setUp(2)
  expect((await ask(vigia.port, GET)).status).toBe(200)
  // Two that were answered, the one on the idle connection, the one on a fresh connection.
  expect([own.requests.length, other.requests.length]).toEqual([4, 1])
})

test('it does not add an attempt either', async () => {
  const { own, other } = await setUp(1)
  expect((await ask(vigia.port, GET)).status).toBe(502)
  expect([own.requests.length, other.requests.length]).toEqual([4, 0])
})
