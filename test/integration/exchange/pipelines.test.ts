// Pipelined requests that vigia answers itself: nobody waits for all those of another.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RawClient } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import { startVigia } from '../../support/vigia.ts'

const CLIENTS = 5
const REQUESTS = 800

test('clients that pipeline have their turns one after the other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-pipelines-'))
  const path = join(folder, 'access.jsonl')
  const vigia = await startVigia({
    upstreams: [1],
    config: { accessLog: { path }, routes: [{ pool: 'erp', match: { path: '/served' } }] },
  })
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.connect(vigia.port)))
  for (const [i, client] of clients.entries()) client.send(`GET /c${i} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(REQUESTS))
  const lines = async () => (await readFile(path, 'utf8')).split('\n').filter(line => line !== '')
  await until('all are answered', async () => (await lines()).length === CLIENTS * REQUESTS)
  const order = (await lines()).map(line => (JSON.parse(line) as { path: string }).path)
  const turns = order.filter((each, i) => each !== order[i - 1]).length
  expect(turns).toBeGreaterThan(2 * CLIENTS)
  for (const client of clients) client.close()
  await vigia.stop()
  await rm(folder, { recursive: true, force: true })
})
