// Draining, disabling and enabling over the admin listener, seen by clients: nobody meets an error, sessions stay until the deadline.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { PoolReport } from '../../../src/admin/contract/pools.ts'
import type { UpstreamReport } from '../../../src/admin/contract/upstreams.ts'
import { vigiaCommand } from '../../support/command.ts'
import { askHttp, newAgent } from '../../support/http-client.ts'
import { startHttpUpstream } from '../../support/http-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia, type VigiaSetup } from '../../support/vigia.ts'

const KEY = 'a-secret-of-at-least-thirty-two-characters'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function nodes(count: number): Promise<number[]> {
  const started = await Promise.all(Array.from({ length: count }, (_, i) => startHttpUpstream(`erp-${i + 1}`)))
  for (const each of started) cleanUps.push(() => each.close())
  return started.map(each => each.port)
}

async function vigiaOver(upstreams: readonly number[], more: VigiaSetup = {}): Promise<Vigia> {
  const vigia = await startVigia({ upstreams, ...more })
  cleanUps.push(() => vigia.stop())
  return vigia
}

async function post(vigia: Vigia, path: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`http://127.0.0.1:${vigia.adminPort}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** Says who it is to whoever connects. */
async function echoServer(name: string): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', socket => socket.send(name))
  cleanUps.push(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const poolOf = async (vigia: Vigia): Promise<PoolReport> => (await vigia.status()).pools[0]!
const nodeOf = async (vigia: Vigia, at: number): Promise<UpstreamReport> => (await poolOf(vigia)).upstreams[at]!
const served = async (vigia: Vigia, headers: Record<string, string> = {}) => {
  const answer = await askHttp(vigia.port, '/', { headers })
  return {
    status: answer.status,
    by: (JSON.parse(answer.body) as { upstream: string }).upstream,
    headers: answer.headers,
  }
}
const FIRST = '/pools/erp/upstreams/erp-1'

test('under load on kept connections, drains and disablings one after the other are met by nobody', async () => {
  const vigia = await vigiaOver(await nodes(2), { config: { workers: 2 }, pool: { balance: 'round-robin' } })
  const outcomes = new Set<number | string>()
  let going = true
  const agent = newAgent(4)
  cleanUps.push(() => agent.destroy())
  const users = Array.from({ length: 4 }, async (_, user) => {
    while (going) {
      const method = user % 2 === 0 ? 'GET' : 'POST'
      await askHttp(vigia.port, '/', { agent, method, body: 'x' }).then(
        ({ status }) => outcomes.add(status),
        (error: Error) => outcomes.add(`${method}: ${error.message}`),
      )
    }
  })
  try {
    for (const verb of ['drain', 'disable']) {
      for (const name of ['erp-1', 'erp-2']) {
        const place = `/pools/erp/upstreams/${name}`
        expect((await post(vigia, `${place}/${verb}`, { reason: 'rolling restart' })).status).toBe(200)
        const at = name === 'erp-1' ? 0 : 1
        await until(`${name} is free`, async () => (await nodeOf(vigia, at)).inFlight === 0)
        const before = requestsOf(await nodeOf(vigia, at))
        const other = requestsOf(await nodeOf(vigia, 1 - at))
        await until('the other goes on', async () => requestsOf(await nodeOf(vigia, 1 - at)) > other + 20)
        expect(requestsOf(await nodeOf(vigia, at)), `${name} got work while ${verb}`).toBe(before)
        expect((await post(vigia, `${place}/enable`, {})).status).toBe(200)
      }
    }
  } finally {
    going = false
    await Promise.all(users)
  }
  expect([...outcomes]).toEqual([200])
})

test('a request in flight is not cut, neither by a drain nor at its deadline', async () => {
  const slow = createServer((_request, response) => {
    response.write('begun, ')
    release.then(() => response.end('done'))
  })
  const { promise: release, resolve: letGo } = Promise.withResolvers<void>()
  await new Promise<void>(resolve => slow.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => slow.close())
  const vigia = await vigiaOver([(slow.address() as AddressInfo).port, ...(await nodes(1))], {
    pool: { balance: 'round-robin' },
  })
  const answers = [askHttp(vigia.port, '/'), askHttp(vigia.port, '/')]
  await until('one is in flight', async () => (await nodeOf(vigia, 0)).inFlight === 1)
  await post(vigia, `${FIRST}/drain`, { reason: 'update', deadline: '100ms' })
  const { drain } = await nodeOf(vigia, 0)
  expect(drain).toMatchObject({ reason: 'update', remaining: { inFlight: 1, tunnels: 0 } })
  await until('the deadline has come', async () => (await nodeOf(vigia, 0)).state === 'disabled')
  letGo()
  expect((await Promise.all(answers)).map(each => each.status)).toEqual([200, 200])
  expect((await Promise.all(answers)).some(each => each.body === 'begun, done')).toBe(true)
  await until('nothing is left', async () => (await nodeOf(vigia, 0)).drain?.freeAt !== null)
})

test('sessions stay on a draining upstream until the deadline, new ones go elsewhere', async () => {
  const vigia = await vigiaOver(await nodes(3), {
    pool: { balance: 'round-robin', affinity: { cookie: 'VIGIA', keys: [KEY] } },
  })
  let cookie = ''
  await until('a session on erp-1', async () => {
    const { by, headers } = await served(vigia)
    cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    return by === 'erp-1'
  })
  await post(vigia, `${FIRST}/drain`, { reason: 'update', by: 'ana' })
  for (let i = 0; i < 6; i += 1) {
    expect((await served(vigia, { cookie })).by).toBe('erp-1')
    expect((await served(vigia)).by).not.toBe('erp-1')
  }
  expect((await nodeOf(vigia, 0)).drain?.remaining.sessions).toBeGreaterThanOrEqual(1)
  // The same drain, with a deadline now.
  await post(vigia, `${FIRST}/drain`, { reason: 'update', by: 'ana', deadline: '50ms' })
  await until('the deadline has come', async () => (await nodeOf(vigia, 0)).state === 'disabled')
  const moved = await served(vigia, { cookie })
  expect(moved.status).toBe(200)
  expect(moved.by).not.toBe('erp-1')
  expect(moved.headers['set-cookie']?.[0]).toMatch(/^VIGIA=/)
})

test('followed sessions stay on a draining upstream, too, and new ones that would belong there go elsewhere', async () => {
  const vigia = await vigiaOver(await nodes(3), { pool: { affinity: { follow: 'cookie:session_id' } } })
  const session = (id: number) => served(vigia, { cookie: `session_id=s${id}` })
  const homes = await Promise.all(Array.from({ length: 30 }, (_, id) => session(id)))
  const own = homes.flatMap(({ by }, id) => (by === 'erp-1' ? [id] : []))
  expect(own.length).toBeGreaterThan(0)
  await post(vigia, `${FIRST}/drain`, { reason: 'update', by: 'ana' })
  for (const id of own) expect((await session(id)).by).toBe('erp-1')
  const fresh = await Promise.all(Array.from({ length: 30 }, (_, id) => session(1000 + id)))
  // A few in a hundred look as if they had been seen there.
  expect(fresh.filter(({ by }) => by === 'erp-1').length).toBeLessThan(3)
  expect(fresh.every(({ status }) => status === 200)).toBe(true)
  await post(vigia, `${FIRST}/disable`, { reason: 'update', by: 'ana' })
  for (const id of own) expect((await session(id)).by).not.toBe('erp-1')
})

test('at the deadline a WebSocket is closed with 1012, and its client finds another upstream', async () => {
  const servers = await Promise.all(['erp-1', 'erp-2'].map(echoServer))
  const vigia = await vigiaOver(servers, { pool: { balance: 'round-robin' } })
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${vigia.port}/`)
    cleanUps.push(() => socket.terminate())
    const [greeting] = (await once(socket, 'message')) as [Buffer]
    return { socket, by: greeting.toString() }
  }
  const sockets = [await open(), await open()]
  const own = sockets.find(each => each.by === 'erp-1')!
  const other = sockets.find(each => each.by === 'erp-2')!
  expect((await post(vigia, `${FIRST}/drain`, { reason: 'update', deadline: '50ms' })).body).toMatchObject({
    drain: { remaining: { tunnels: 1 } },
  })
  const [code] = (await once(own.socket, 'close')) as [number]
  expect(code).toBe(1012)
  expect((await open()).by).toBe('erp-2')
  expect(other.socket.readyState).toBe(WebSocket.OPEN)
  await until('nothing is left', async () => (await nodeOf(vigia, 0)).tunnels === 0)
})

test('holds survive a reload, and the log says once who did what and why', async () => {
  const ports = await nodes(2)
  const vigia = await vigiaOver(ports)
  await post(vigia, `${FIRST}/drain`, { reason: 'kernel update', by: 'ana', deadline: '1h' })
  const { revision } = await vigia.status()
  await vigia.writeConfig({ shutdown: '20s' })
  vigia.kill('SIGHUP')
  await until('the configuration was read again', async () => (await vigia.status()).revision > revision)
  const report = await nodeOf(vigia, 0)
  expect(report).toMatchObject({
    state: 'draining',
    why: 'draining by ana: kernel update',
    holds: [{ source: 'operator', status: 'draining', by: 'ana', reason: 'kernel update' }],
  })
  const told = () => vigia.stderr().match(/upstream erp\/erp-1 is draining: draining by ana: kernel update, until /g)
  await until('it is in the log', () => told())
  expect(told()).toHaveLength(1)
})

test('a node drains itself by what its probe answers, and comes back by itself', async () => {
  let hints: Record<string, string> = {}
  let status = 200
  const node = createServer((request, response) => {
    if (request.url === '/health') return response.writeHead(status, hints).end()
    response.end('{"upstream":"the node"}')
  })
  await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    node.closeAllConnections()
    node.close()
  })
  const vigia = await vigiaOver([(node.address() as AddressInfo).port, ...(await nodes(1))], {
    pool: {
      balance: 'round-robin',
      health: { path: '/health', interval: '1s', unsureInterval: '20ms', drainOn404: true },
    },
  })
  const state = async () => (await nodeOf(vigia, 0)).state
  const untilState = (wanted: string) => until(`erp-1 is ${wanted}`, async () => (await state()) === wanted)
  await untilState('available')
  hints = { 'x-vigia-state': 'DRAIN' }
  await untilState('draining')
  expect((await nodeOf(vigia, 0)).why).toBe('draining by erp-1: X-Vigia-State: drain')
  for (let i = 0; i < 4; i += 1) expect((await served(vigia)).by).not.toBe('the node')
  hints = { 'x-vigia-weight': '0%' }
  await untilState('available')
  expect((await nodeOf(vigia, 0)).why).toBe('healthy; gets 0% of its weight')
  for (let i = 0; i < 4; i += 1) expect((await served(vigia)).by).not.toBe('the node')
  hints = {}
  status = 404
  await untilState('draining')
  status = 200
  await untilState('available')
  await until('it serves again', async () => (await served(vigia)).by === 'the node')
  status = 503
  hints = { 'x-vigia-state': 'drain' }
  await untilState('out')
  expect((await nodeOf(vigia, 0)).holds).toEqual([])
})

describe('vigia drain, enable, disable', () => {
  const run = (vigia: Vigia, ...args: string[]) =>
    vigiaCommand([...args, '--admin', `http://127.0.0.1:${vigia.adminPort}`])

  test('drains, shows it in the status, enables', async () => {
    const vigia = await vigiaOver(await nodes(2))
    const drained = await run(
      vigia,
      'drain',
      'erp/erp-1',
      '--reason',
      'kernel update',
      '--by',
      'ana',
      '--deadline',
      '30m',
    )
    expect(drained.stderr).toBe('')
    expect(drained.stdout).toMatch(
      /^erp\/erp-1 is draining: draining by ana: kernel update; nothing left since [\d:]{8}\n$/,
    )
    expect(drained.code).toBe(0)
    const { stdout } = await run(vigia, 'status')
    expect(stdout).toMatch(/^erp +erp-1 +draining .* draining by ana: kernel update\n {6}drain of \d+ s: nothing left/m)
    const enabled = await run(vigia, 'enable', 'erp/erp-1', '--json')
    expect(JSON.parse(enabled.stdout)).toMatchObject({ name: 'erp-1', state: 'available', drain: null })
    expect(enabled.code).toBe(0)
    const disabled = await run(vigia, 'disable', 'erp/erp-2', '--reason', 'broken disk')
    expect(disabled.stdout).toMatch(/^erp\/erp-2 is disabled: disabled by .+: broken disk\n$/)
  })

  test('refusals are one line, and exit 1; a misspelt name is told the right one', async () => {
    const vigia = await vigiaOver(await nodes(1))
    const last = await run(vigia, 'drain', 'erp/erp-1', '--reason', 'x')
    expect(last.stderr).toBe(
      'vigia: drain erp/erp-1 is refused: pool erp would be left without an available upstream (it has no other); ask with --force if that is meant\n',
    )
    expect(last.code).toBe(1)
    expect((await run(vigia, 'drain', 'erp', '--reason', 'x', '--force')).code).toBe(0)
    const misspelt = await run(vigia, 'enable', 'epr')
    expect([misspelt.code, misspelt.stderr]).toEqual([
      1,
      'vigia: enable epr is refused: there is no pool "epr", did you mean "erp"?\n',
    ])
    const late = await run(vigia, 'drain', 'erp', '--reason', 'x', '--force', '--deadline', 'soon')
    expect([late.code, late.stderr.split('\n').length]).toEqual([1, 2])
    const automatic = await run(vigia, 'failback', 'erp')
    expect([automatic.code, automatic.stderr]).toEqual([1, expect.stringContaining('fails back by itself')])
  })

  test('wrong usage, and no vigia at all, exit 2', async () => {
    const nowhere = ['--admin', 'http://127.0.0.1:1']
    const results = await Promise.all([
      vigiaCommand(['drain', 'erp/erp-1', ...nowhere]),
      vigiaCommand(['drain', 'a/b/c', '--reason', 'x', ...nowhere]),
      vigiaCommand(['drain', 'erp', '--reason', 'x', ...nowhere]),
    ])
    expect(results.map(each => each.code)).toEqual([2, 2, 2])
    expect(results[0]?.stderr).toContain("required option '--reason <text>' not specified")
    expect(results[1]?.stderr).toBe('vigia: "a/b/c" is not POOL, POOL/UPSTREAM or */UPSTREAM\n')
    expect(results[2]?.stderr).toMatch(/^vigia: no answer from vigia at .*\n$/)
  })

  test('--wait follows a drain until nothing is left', async () => {
    const vigia = await vigiaOver(await nodes(2), { pool: { balance: 'round-robin' } })
    const hanging = new AbortController()
    const requests = [0, 1].map(() =>
      fetch(`http://127.0.0.1:${vigia.port}/hang`, { signal: hanging.signal }).catch(() => {}),
    )
    await until('one hangs on each', async () => (await poolOf(vigia)).upstreams.every(each => each.inFlight === 1))
    const waited = vigiaCommand(
      ['drain', 'erp/erp-1', '--reason', 'x', '--wait', '--admin', `http://127.0.0.1:${vigia.adminPort}`],
      text => {
        if (text.split('\n').length > 2) hanging.abort()
      },
    )
    await Promise.all(requests)
    const { code, stdout } = await waited
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^erp\/erp-1 is draining: draining by .*: x; 1 request left$/),
      expect.stringMatching(/^[\d:]{8} {2}erp\/erp-1 {2}1 request left$/),
      expect.stringMatching(/^[\d:]{8} {2}erp\/erp-1 {2}nothing left: it is free$/),
    ])
    expect(code).toBe(0)
  })

  test('--wait ends with 1 where the deadline comes first', async () => {
    const vigia = await vigiaOver(await nodes(2), { pool: { balance: 'round-robin' } })
    const hanging = new AbortController()
    const requests = [0, 1].map(() =>
      fetch(`http://127.0.0.1:${vigia.port}/hang`, { signal: hanging.signal }).catch(() => {}),
    )
    await until('one hangs on each', async () => (await poolOf(vigia)).upstreams.every(each => each.inFlight === 1))
    const { code, stdout } = await run(
      vigia,
      ...['drain', 'erp/erp-1', '--reason', 'x', '--wait', '--deadline', '300ms'],
    )
    hanging.abort()
    await Promise.all(requests)
    expect(stdout).toMatch(/the deadline has come: 1 request left, tunnels are being closed\n$/)
    expect(code).toBe(1)
  })
})

function requestsOf({ responses }: UpstreamReport): number {
  return Object.values(responses).reduce((sum, each) => sum + each, 0)
}
