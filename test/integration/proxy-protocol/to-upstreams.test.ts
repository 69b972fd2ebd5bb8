// Connections to upstreams that begin with a PROXY header: whom they name, who rides them, and how long they last.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { type ProxiedUpstream, startProxiedUpstream } from '../../support/proxied-upstream.ts'
import { RawClient } from '../../support/raw-client.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'

const pem = (name: string) => readFileSync(new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url), 'utf8')

const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function upstreamOf(tls?: { key: string; cert: string }): Promise<ProxiedUpstream> {
  const upstream = await startProxiedUpstream(tls)
  cleanUp.push(() => upstream.close())
  return upstream
}

async function vigiaBefore(upstream: ProxiedUpstream, pool: Record<string, unknown>): Promise<Vigia> {
  const vigia = await lendVigia({
    upstreams: [upstream.port],
    pool: { proxyProtocol: 'v1', ...pool },
    config: { trustedProxies: ['127.0.0.9'] },
  })
  cleanUp.push(() => vigia.stop())
  return vigia
}

async function connect(vigia: Vigia, from: string): Promise<RawClient> {
  const client = await RawClient.connect(vigia.port, { from })
  cleanUp.push(async () => client.close())
  return client
}

const get = (path: string, fields = '') => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`
const post = (path: string, body = 'hello') =>
  `POST ${path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** @returns the number of the upstream's connection that carried it */
async function ask(client: RawClient, bytes: string): Promise<number> {
  client.send(bytes)
  const { status, body } = await client.final()
  expect(status).toBe(200)
  return Number(body)
}

describe.each(['v1', 'v2'] as const)('version %s', proxyProtocol => {
  test('the header names the client, and leaves in one write with the request and its body', async () => {
    const upstream = await upstreamOf()
    const vigia = await vigiaBefore(upstream, { proxyProtocol })
    const client = await connect(vigia, '127.0.0.2')
    await ask(client, post('/first'))
    const [{ header, first }] = upstream.connections as [ProxiedUpstream['connections'][0]]
    expect(header.addresses).toEqual({
      source: '127.0.0.2',
      sourcePort: client.localPort,
      destination: '127.0.0.1',
      destinationPort: vigia.port,
    })
    expect(first.toString('latin1')).toMatch(/POST \/first HTTP\/1\.1\r\n.*\r\nhello$/s)
  })

  test('probes begin with it too, by HTTP and by TCP, and name their own ends', async () => {
    const upstream = await upstreamOf()
    const often = { interval: '20ms', rise: 1 }
    for (const health of [
      { path: '/healthy', ...often },
      { type: 'tcp', ...often },
    ]) {
      upstream.connections.length = 0
      const vigia = await vigiaBefore(upstream, { proxyProtocol, health })
      const state = async () => (await vigia.status()).pools[0]!.upstreams[0]!.state
      await until('its probe has been answered', async () => (await state()) === 'available')
      const { header, first } = upstream.connections[0]!
      expect(header.addresses).toMatchObject({
        source: '127.0.0.1',
        destination: '127.0.0.1',
        destinationPort: upstream.port,
      })
      expect(header.addresses?.sourcePort).toBe(
        upstream.connections[0]!.socket.remotePort ?? header.addresses?.sourcePort,
      )
      if ('path' in health) expect(first.toString('latin1')).toContain('GET /healthy HTTP/1.1\r\n')
    }
    expect(upstream.refused).toEqual([])
  })

  test('it goes before TLS', async () => {
    const upstream = await upstreamOf({ key: pem('node.key'), cert: pem('node.crt') })
    const tls = { caFile: new URL('../../unit/control/fixtures/tls/ca.crt', import.meta.url).pathname }
    const vigia = await vigiaBefore(upstream, {
      proxyProtocol,
      health: { path: '/healthy', rise: 1 },
      upstreams: [{ name: 'erp-1', url: `https://127.0.0.1:${upstream.port}`, tls }],
    })
    const client = await connect(vigia, '127.0.0.2')
    const carried = [await ask(client, get('/one')), await ask(client, post('/two', 'x'.repeat(100_000)))]
    const { header, paths } = upstream.connections[carried[0]!]!
    expect(header.addresses).toMatchObject({ source: '127.0.0.2', sourcePort: client.localPort })
    expect(paths[0]).toBe('/one')
    expect(upstream.refused).toEqual([])
  })
})

test('a connection serves the client that it names, and no other', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, {})
  const [one, two, three] = [
    await connect(vigia, '127.0.0.2'),
    await connect(vigia, '127.0.0.3'),
    await connect(vigia, '127.0.0.2'),
  ]
  const paths = new Map([
    [one, '/a'],
    [two, '/b'],
    [three, '/c'],
  ])
  for (let round = 0; round < 5; round += 1) for (const [client, path] of paths) await ask(client, get(path))
  // A machine that is slow to answer gets room made, which may cost one of these; none ever serves two.
  for (const connection of upstream.connections) expect(new Set(connection.paths).size).toBe(1)
  expect(upstream.connections.length).toBeLessThan(15)
  for (const { header, paths: carried } of upstream.connections) {
    const [client] = [...paths].find(([, path]) => path === carried[0])!
    expect(header.addresses?.sourcePort).toBe(client.localPort)
  }
})

test('it ends with its client, and not before', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, {})
  const [one, two] = [await connect(vigia, '127.0.0.2'), await connect(vigia, '127.0.0.3')]
  await ask(one, get('/a'))
  await ask(two, get('/b'))
  one.close()
  await until('the connection of the client that left is closed', () => !upstream.connections[0]!.open)
  expect(await ask(two, get('/b'))).toBe(1)
  expect(upstream.connections[1]!.open).toBe(true)
})

test('a trusted proxy sends requests of many clients: each rides a connection that names it, without a port', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, {})
  const proxy = await connect(vigia, '127.0.0.9')
  const of = (client: string) => ask(proxy, get('/', `X-Forwarded-For: ${client}\r\n`))
  expect([await of('192.0.2.1'), await of('192.0.2.1'), await of('2001:db8::1'), await of('192.0.2.1')]).toEqual([
    0, 0, 1, 2,
  ])
  expect(upstream.connections.map(({ header }) => header.addresses)).toEqual([
    { source: '192.0.2.1', sourcePort: 0, destination: '127.0.0.1', destinationPort: vigia.port },
    { source: '2001:db8::1', sourcePort: 0, destination: '127.0.0.1', destinationPort: vigia.port },
    { source: '192.0.2.1', sourcePort: 0, destination: '127.0.0.1', destinationPort: vigia.port },
  ])
  await until('those of clients before are closed', () => upstream.connections.filter(({ open }) => open).length === 1)
})

test('a request that is tried again after a stale connection names its client anew', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, {})
  const client = await connect(vigia, '127.0.0.2')
  expect(await ask(client, get('/a'))).toBe(0)
  upstream.connections[0]!.socket.destroy()
  expect(await ask(client, get('/b'))).toBe(1)
  expect(upstream.connections[1]!.header).toEqual(upstream.connections[0]!.header)
})

test('the least recently used gives way where there are more clients than idleConnections', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, { idleConnections: 2 })
  const clients = await Promise.all(['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(from => connect(vigia, from)))
  for (const client of clients) await ask(client, get('/a'))
  await until('the first is closed', () => !upstream.connections[0]!.open)
  expect(await ask(clients[2]!, get('/a'))).toBe(2)
  expect(await ask(clients[0]!, get('/a'))).toBe(3)
})

test('a reload that turns it on or off leaves no connection in use that began otherwise', async () => {
  const upstream = await upstreamOf()
  const vigia = await vigiaBefore(upstream, { proxyProtocol: 'v2' })
  const client = await connect(vigia, '127.0.0.2')
  await ask(client, get('/a'))
  expect(upstream.connections[0]!.header.version).toBe(2)
  const upstreams = [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }]
  await vigia.writeConfig({ pools: { erp: { health: 'off', proxyProtocol: 'v1', upstreams } } })
  vigia.kill('SIGHUP')
  await until('it is in use', async () => {
    await ask(client, get('/b'))
    return upstream.connections.at(-1)!.header.version === 1
  })
  await until('the old one is closed', () => !upstream.connections[0]!.open)
  await until('the log says so', () => vigia.stderr().includes('proxyProtocol v2 -> v1'))
})
