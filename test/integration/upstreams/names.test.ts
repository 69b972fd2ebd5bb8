// Upstreams that are known by their names, with a real DNS server that answers, changes its mind and falls silent. One vigia for all.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DnsServer, startDnsServer } from '../../support/dns-server.ts'
import { SOON_MS, until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const FAST = {
  path: '/',
  interval: '1s',
  timeout: '1s',
  unsureInterval: '50ms',
  downInterval: '1s',
  rise: 1,
  fall: 2,
}

let dns: DnsServer
let vigia: Vigia
let port: number
const nodes: Server[] = []

/** Listens on one port of several addresses; each answers with its own address and the Host that it was asked for. */
async function listen(address: string): Promise<void> {
  const server = createServer((request, response) => response.end(`${address} ${request.headers.host}`))
  await new Promise<void>(resolve => server.listen(port ?? 0, address, resolve))
  port = (server.address() as AddressInfo).port
  nodes.push(server)
}

/** Each name is that of a path, of a pool, and below `test` of its only upstream. */
function documentOf(names: readonly string[]): Record<string, unknown> {
  const pool = (host: string, more: object = {}) => ({
    health: FAST,
    ...more,
    upstreams: [{ name: 'node', url: `http://${host}:${port}` }],
  })
  return {
    dns: { servers: [dns.address], timeout: '500ms', minTtl: '100ms' },
    routes: [...names.map(name => ({ match: { path: `/${name}` }, pool: name })), { pool: 'hosts' }],
    pools: {
      hosts: pool('localhost'),
      ...Object.fromEntries(
        names.map(name => [name, pool(`${name}.test`, name === 'unprobed' ? { health: 'off' } : {})]),
      ),
    },
  }
}

beforeAll(async () => {
  for (const address of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) await listen(address)
  dns = await startDnsServer({
    'moving.test': { addresses: ['127.0.0.2'], ttlS: 0 },
    'several.test': { addresses: ['127.0.0.9', '127.0.0.2', '127.0.0.3'], ttlS: 0 },
    'dead.test': 'silence',
  })
  vigia = await startVigia({ config: documentOf(['dead', 'moving', 'several', 'late', 'unprobed']) })
})
afterAll(async () => {
  for (const node of nodes) node.closeAllConnections()
  for (const node of nodes) node.close()
  dns.close()
  await vigia?.stop()
})

async function node(pool: string) {
  const { pools } = await vigia.status()
  return pools.find(({ name }) => name === pool)!.upstreams[0]!
}
const untilNode = (pool: string, state: string) =>
  until(`${pool} is ${state}`, async () => {
    const upstream = await node(pool)
    return upstream.state === state ? upstream : undefined
  })
const answer = async (pool: string) => (await fetchText(vigia.port, `/${pool}`)).body.split(' ')[0]

test('a name that appears serves, whether it is probed or not', async () => {
  for (const pool of ['late', 'unprobed']) {
    expect((await untilNode(pool, 'out')).why).toBe('no address: name not found')
    dns.zone.set(`${pool}.test`, { addresses: ['127.0.0.2'], ttlS: 0 })
    await untilNode(pool, 'available')
    expect(await answer(pool)).toBe('127.0.0.2')
  }
})

test('a name for which DNS is silent takes out its own pool, and no other; the reason is said', async () => {
  expect((await untilNode('dead', 'out')).why).toBe(`no address: DNS doesn't answer (${dns.address})`)
  const startedMs = performance.now()
  for (let i = 0; i < 20; i += 1) expect((await fetchText(vigia.port, '/')).status).toBe(200)
  expect((await fetchText(vigia.port, '/dead')).status).toBe(503)
  expect(performance.now() - startedMs).toBeLessThan(SOON_MS)
  expect((await node('hosts')).state).toBe('available')
  expect(vigia.stderr()).toContain(
    `name dead.test: DNS doesn't answer (${dns.address}); its upstreams are out until it has an address`,
  )
  expect(await vigia.metrics()).toMatch(/^vigia_name_up\{name="dead.test"\} 0$/m)
})

test('the Host of a request stays the name', async () => {
  await untilNode('moving', 'available')
  expect((await fetchText(vigia.port, '/moving')).body).toBe(`127.0.0.2 127.0.0.1:${vigia.port}`)
  expect((await fetchText(vigia.port, '/')).body).toMatch(/^127\.0\.0\.1 /)
})

test('traffic follows a name to its other address', async () => {
  await untilNode('moving', 'available')
  expect(await answer('moving')).toBe('127.0.0.2')
  dns.zone.set('moving.test', { addresses: ['127.0.0.3'], ttlS: 0 })
  await until('requests go to the other address', async () => (await answer('moving')) === '127.0.0.3')
  expect((await node('moving')).resolved?.addresses).toEqual(['127.0.0.3'])
})

test('while DNS is silent the last addresses serve on; log, status and metric say so', async () => {
  await untilNode('moving', 'available')
  dns.silent = true
  const { problem, addresses } = await until('it is noticed', async () => {
    const { resolved } = await node('moving')
    return resolved?.problem ? resolved : undefined
  })
  expect(problem?.why).toBe(`DNS doesn't answer (${dns.address})`)
  expect(await answer('moving')).toBe(addresses[0])
  expect((await node('moving')).state).toBe('available')
  expect(await vigia.metrics()).toMatch(/^vigia_name_up\{name="moving.test"\} 0$/m)
  expect(await vigia.metrics()).toMatch(/^vigia_name_addresses\{name="moving.test"\} 1$/m)
  expect(vigia.stderr()).toContain(
    `name moving.test: DNS doesn't answer (${dns.address}); its last addresses stay in use: ${addresses[0]}`,
  )
  dns.silent = false
  await until('it is over', async () => (await node('moving')).resolved?.problem === null)
})

test('one upstream of several addresses: all that answer serve, and one that is dead costs no request', async () => {
  await untilNode('several', 'available')
  const seen = new Set<string | undefined>()
  await until('both were used', async () => {
    // At once, so that they need connections of their own.
    const answers = await Promise.all(Array.from({ length: 4 }, () => answer('several')))
    for (const each of answers) seen.add(each)
    return seen.size >= 2
  })
  expect([...seen].sort()).toEqual(['127.0.0.2', '127.0.0.3'])
  expect((await node('several')).failures).toEqual({ connect: 0, transport: 0, timeout: 0 })
})

test('a reload brings new names, and forgets those that it has no more', async () => {
  dns.zone.set('added.test', { addresses: ['127.0.0.2'], ttlS: 0 })
  await vigia.writeConfig(documentOf(['added']))
  await until('the new name serves', async () => (await answer('added')) === '127.0.0.2')
  expect((await node('added')).resolved?.addresses).toEqual(['127.0.0.2'])
  const metrics = await vigia.metrics()
  expect([...metrics.matchAll(/^vigia_name_addresses\{name="(.*)"\} 1$/gm)].map(([, name]) => name)).toEqual([
    'localhost',
    'added.test',
  ])
  expect(metrics).not.toContain('moving.test')
})
