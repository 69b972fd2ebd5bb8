import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import type { UpstreamReport } from '../../../src/admin/contract/upstreams.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia, type VigiaSetup } from '../../support/vigia.ts'

const tlsFile = (name: string) => fileURLToPath(new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url))
const FAST = { interval: '1s', timeout: '1s', unsureInterval: '20ms', downInterval: '1s', rise: 2, fall: 3 }

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function serve(server: Server, port = 0): Promise<number> {
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  cleanUps.push(() => stop(server))
  return (server.address() as AddressInfo).port
}
function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise(resolve => server.close(() => resolve()))
}
const node = (name: string, more: RequestListener = (_request, response) => response.end(name)) => createServer(more)

async function vigiaWith(setup: VigiaSetup): Promise<Vigia> {
  const vigia = await (setup.env === undefined ? lendVigia(setup) : startVigia(setup))
  cleanUps.push(() => vigia.stop())
  return vigia
}
async function upstream(vigia: Vigia, name: string): Promise<UpstreamReport> {
  const report = (await vigia.status()) as StatusReport
  return report.pools[0]!.upstreams.find(each => each.name === name)!
}
const untilState = (vigia: Vigia, name: string, state: string) =>
  until(`${name} is ${state}`, async () => (await upstream(vigia, name)).state === state)

test('a node that dies is taken out, its users are served by the other, and it comes back when it answers again', async () => {
  const first = node('erp-1')
  const ports = [await serve(first), await serve(node('erp-2'))] as const
  const vigia = await vigiaWith({ upstreams: ports, pool: { health: { path: '/', ...FAST } } })
  await untilState(vigia, 'erp-1', 'available')

  await stop(first)
  await untilState(vigia, 'erp-1', 'out')
  expect((await upstream(vigia, 'erp-1')).why).toBe('unhealthy: connection refused')
  for (let i = 0; i < 10; i += 1) expect(await fetchText(vigia.port, '/')).toEqual({ status: 200, body: 'erp-2' })

  await serve(node('erp-1'), ports[0])
  await untilState(vigia, 'erp-1', 'available')
  await until('erp-1 serves again', async () => (await fetchText(vigia.port, '/')).body === 'erp-1')
  const told = () =>
    vigia
      .stderr()
      .split('\n')
      .filter(line => line.includes('upstream erp/erp-1 is'))
      .map(line => (JSON.parse(line) as { to: string }).to)
  await until('the log has three lines on erp-1', () => told().length >= 3)
  expect(told()).toEqual(['available', 'out', 'available'])
})

test('traffic that fails brings a probe at once, long before the next one is due', async () => {
  const first = node('erp-1')
  const ports = [await serve(first), await serve(node('erp-2'))]
  const health = { path: '/', interval: '1h', timeout: '1s', unsureInterval: '20ms', fall: 2 }
  const vigia = await vigiaWith({ upstreams: ports, pool: { health } })
  await untilState(vigia, 'erp-1', 'available')
  await stop(first)
  await until('traffic found out', async () => {
    expect((await fetchText(vigia.port, '/')).status).toBe(200)
    return (await upstream(vigia, 'erp-1')).state === 'out'
  })
  expect((await upstream(vigia, 'erp-1')).lastFailure).not.toBeNull()
})

test('the only node of a pool serves again after its first good probe', async () => {
  const only = node('erp-1')
  const port = await serve(only)
  const vigia = await vigiaWith({ upstreams: [port], pool: { health: { path: '/', ...FAST, rise: 50 } } })
  await untilState(vigia, 'erp-1', 'available')
  await stop(only)
  await untilState(vigia, 'erp-1', 'out')
  expect((await fetchText(vigia.port, '/')).status).toBe(503)
  await serve(node('erp-1'), port)
  await untilState(vigia, 'erp-1', 'available')
  expect(await fetchText(vigia.port, '/')).toEqual({ status: 200, body: 'erp-1' })
})

test('requests that come before the first verdict wait for it', async () => {
  // Answers the probe late: the requests are there first.
  const slow = node('erp-1', (request, response) => {
    if (request.url === '/health') setTimeout(() => response.end('ok'), 300)
    else response.end('served')
  })
  const vigia = await vigiaWith({
    upstreams: [await serve(slow)],
    pool: { health: { path: '/health', interval: '1s', timeout: '900ms' } },
  })
  const answers = await Promise.all(Array.from({ length: 5 }, () => fetchText(vigia.port, '/')))
  expect(answers).toEqual(Array(5).fill({ status: 200, body: 'served' }))
})

test('a probe that POSTs, carries a secret from the environment and expects 401 sees what a GET would not', async () => {
  let broken = false
  const seen = new Set<string>()
  const erp = node('erp-1', (request, response) => {
    seen.add(`${request.method} ${request.url} ${request.headers.host} ${request.headers.authorization}`)
    response.writeHead(request.method === 'POST' ? (broken ? 500 : 401) : 200).end()
  })
  const vigia = await vigiaWith({
    upstreams: [await serve(erp)],
    pool: {
      health: {
        ...FAST,
        method: 'POST',
        path: '/erp/',
        host: 'erp.example.com',
        headers: { authorization: `Session \${PROBE_SECRET}` },
        body: '{"id":0}',
        expect: { status: 401 },
      },
    },
    env: { PROBE_SECRET: 'not-for-logs' },
  })
  await untilState(vigia, 'erp-1', 'available')
  expect([...seen]).toEqual(['POST /erp/ erp.example.com Session not-for-logs'])
  broken = true
  await untilState(vigia, 'erp-1', 'out')
  expect((await upstream(vigia, 'erp-1')).lastProbe).toMatchObject({ ok: false, status: 500 })
  expect(JSON.stringify(await vigia.status()) + vigia.stderr() + (await vigia.metrics())).not.toContain('not-for-logs')
})

test('an https node with a CA of its own is probed and served over verified TLS', async () => {
  const erp = createTlsServer(
    { key: readFileSync(tlsFile('node.key')), cert: readFileSync(tlsFile('node.crt')) },
    (_request, response) => response.end('secure'),
  )
  const url = `https://127.0.0.1:${await serve(erp)}`
  const vigia = await vigiaWith({
    pool: {
      health: { path: '/', ...FAST },
      upstreams: [
        { name: 'trusted', url, tls: { caFile: tlsFile('ca.crt'), serverName: 'erp.test' } },
        { name: 'stranger', url, tls: { serverName: 'erp.test' } },
      ],
    },
  })
  await untilState(vigia, 'trusted', 'available')
  await untilState(vigia, 'stranger', 'out')
  expect((await upstream(vigia, 'stranger')).why).toContain('not trusted')
  for (let i = 0; i < 4; i += 1) expect(await fetchText(vigia.port, '/')).toEqual({ status: 200, body: 'secure' })
})
