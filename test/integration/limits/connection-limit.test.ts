// The limit of client connections: what is too many waits for its turn, and nothing but a flood is turned away.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { answerOk } from '../../support/raw-answers.ts'
import { RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'
let upstream: RawUpstream
let vigia: Vigia

beforeAll(async () => {
  upstream = await RawUpstream.start(answerOk)
  vigia = await lendVigia({ upstreams: [upstream.port], config: { limits: { connections: 2 } } })
})

afterAll(async () => {
  await vigia.stop()
  await upstream.close()
})

// Those of one test count in the next one until vigia has seen their ends.
afterEach(() => until('no connection is left', async () => (await vigia.status()).clients.connections === 0))

test('a connection beyond the limit is served as soon as another ends', async () => {
  const served = [await RawClient.connect(vigia.port), await RawClient.connect(vigia.port)]
  for (const client of served) {
    client.send(GET)
    expect((await client.final()).status).toBe(200)
  }
  const waiting = await RawClient.connect(vigia.port)
  waiting.send(GET)
  const answered = waiting.final()
  // Those that are served go on being served meanwhile.
  served[1]!.send(GET)
  expect((await served[1]!.final()).status).toBe(200)
  expect(upstream.requests).toHaveLength(3)
  served[0]!.close()
  expect((await answered).status).toBe(200)
  for (const client of [served[1]!, waiting]) client.close()
})

test('a flood beyond twice the limit is closed', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(vigia.port)))
  const flood = await RawClient.connect(vigia.port)
  const { responses } = await flood.untilClosed()
  expect(responses).toEqual([])
  for (const client of clients) client.close()
})

test('a reload that raises the limit lets those that wait begin, before any that comes later', async () => {
  const served = await Promise.all([RawClient.connect(vigia.port), RawClient.connect(vigia.port)])
  for (const client of served) {
    client.send(GET)
    await client.final()
  }
  const waiting = await RawClient.connect(vigia.port)
  waiting.send(GET)
  const answered = waiting.final()
  const { revision } = await vigia.status()
  await vigia.writeConfig({ limits: { connections: 3 } })
  vigia.kill('SIGHUP')
  await until('the limit is another one', async () => {
    const { workers } = await vigia.status()
    return workers.every(worker => worker.revision > revision)
  })
  const late = await RawClient.connect(vigia.port)
  expect((await answered).status).toBe(200)
  for (const client of [...served, waiting, late]) client.close()
})
