// What is read of the cache and asked of it over the admin API and on the command line, and what the record keeps of that.

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CacheList } from '../../../src/admin/contract/cache.ts'
import { vigiaCommand } from '../../support/command.ts'
import { askHttp } from '../../support/http-client.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

let vigia: Vigia
let server: Server
let folder: string
let asked = 0

const ask = (path: string, host = 'erp.example') => askHttp(vigia.port, path, { headers: { host } })
const admin = async (path: string, body?: object) => {
  const url = `http://127.0.0.1:${vigia.adminPort}${path}`
  const answer = await fetch(
    url,
    body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  )
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
const targets = async (query = '') =>
  ((await admin(`/cache/entries${query}`)).body as unknown as CacheList).entries.map(
    ({ host, target }) => host + target,
  )

beforeAll(async () => {
  server = createServer((_, response) => {
    asked += 1
    response.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Length': 5 })
    response.end('12345')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  folder = await mkdtemp(join(tmpdir(), 'vigia-cache-'))
  vigia = await startVigia({
    upstreams: [(server.address() as AddressInfo).port],
    config: {
      workers: 2,
      store: join(folder, 'store.db'),
      routes: [{ name: 'files', pool: 'erp', cache: {} }],
    },
  })
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await vigia.stop()
  await rm(folder, { recursive: true, force: true })
})

test('what is stored can be counted, listed, dropped by host and path, and all of it, each on the record', async () => {
  for (const path of ['/a/1.js', '/a/2.js?v=1', '/b/3.js']) await ask(path)
  await ask('/a/1.js', 'other.example:8080')
  await ask('/a/1.js')
  expect((await admin('/cache')).body).toMatchObject({ entries: 4, bytes: 4 * 8192, evicted: 0 })
  expect((await vigia.status()).cache).toMatchObject({ entries: 4 })
  // Those asked for most come first.
  expect((await targets())[0]).toBe('erp.example/a/1.js')
  expect((await targets('?host=other.example')).toSorted()).toEqual(['other.example:8080/a/1.js'])
  expect((await targets('?path=/a&host=ERP.example')).toSorted()).toEqual([
    'erp.example/a/1.js',
    'erp.example/a/2.js?v=1',
  ])
  expect(asked).toBe(4)

  const purged = await admin('/cache/purge', { host: 'erp.example', path: '/a', by: 'ana', reason: 'new release' })
  expect(purged).toEqual({ status: 200, body: { purged: 2 } })
  expect((await targets()).toSorted()).toEqual(['erp.example/b/3.js', 'other.example:8080/a/1.js'])
  await ask('/a/1.js')
  expect(asked).toBe(5)

  const { code, stdout } = await vigiaCommand([
    'cache',
    'purge',
    '--all',
    '--admin',
    `http://127.0.0.1:${vigia.adminPort}`,
  ])
  expect({ code, stdout }).toEqual({ code: 0, stdout: '3 purged\n' })
  expect(await targets()).toEqual([])

  const audit = (await admin('/audit?action=cache.purge')).body as unknown as {
    rows: { actor: string; after: object }[]
  }
  expect(audit.rows.map(({ actor, after }) => [actor, after])).toContainEqual([
    'ana',
    { host: 'erp.example', path: '/a' },
  ])
  expect(audit.rows).toHaveLength(2)
  const events = (await admin('/events?follow=false')).body as unknown as { events: { text: string }[] }
  expect(events.events.map(({ text }) => text)).toContain(
    'cache: 2 purged (host erp.example, path /a) by ana: new release',
  )
})

test('nothing is dropped that was not named', async () => {
  for (const body of [{}, { all: true, path: '/a' }])
    expect(await admin('/cache/purge', body)).toMatchObject({ status: 400 })
})

test('a scrape says what the cache was to requests, by pool and by route', async () => {
  await ask('/metrics.js')
  await ask('/metrics.js')
  const text = await vigia.metrics()
  expect(text).toMatch(/vigia_cache_requests_total\{pool="erp",outcome="hit"\} [1-9]/)
  expect(text).toMatch(/vigia_route_cache_requests_total\{route="files",outcome="miss"\} [1-9]/)
  expect(text).toMatch(/\nvigia_cache_entries 1\n/)
  expect(text).toMatch(/\nvigia_cache_capacity_bytes 67108864\n/)
})
