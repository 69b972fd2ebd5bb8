// No request is left without an answer by an end that vigia itself brings about: a client that meets silence on a connection that it
// has used before sends its request again by itself, POST or not.

import { spawn, spawnSync } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../../src/logging/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { HoldingUpstream } from '../../support/holding-upstream.ts'
import { startInside } from '../../support/inside.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { IN_TIME, until } from '../../support/until.ts'
import { startVigia, type Vigia, type VigiaSetup } from '../../support/vigia.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../unit/control/fixtures/snapshot.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  closeClients()
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function holdingUpstream(): Promise<HoldingUpstream> {
  const upstream = await HoldingUpstream.start()
  cleanUp.push(() => upstream.close())
  cleanUp.push(() => upstream.releaseAll())
  return upstream
}

async function vigiaBefore(port: number, setup: VigiaSetup = {}): Promise<Vigia> {
  const vigia = await lendVigia({ upstreams: [port], ...setup })
  cleanUp.push(() => vigia.stop())
  return vigia
}

const JSON_CLIENT = 'Host: a.example\r\nAccept: application/json\r\n'
const post = (target: string, length = 5, body = 'hello') =>
  `POST ${target} HTTP/1.1\r\n${JSON_CLIENT}Content-Length: ${length}\r\n\r\n${body}`

/** What the client is told, then how its connection ends. */
async function lastAnswer(client: RawClient, method = 'POST') {
  const { responses, rest, ending } = await client.untilClosed([method])
  const [answer] = responses
  const code = answer && (JSON.parse(answer.body.toString()) as { code: string }).code
  return { answers: responses.length, status: answer?.status, code, rest: rest.length, ending }
}

describe('at the end of a stop', () => {
  const config = { shutdown: '100ms' }

  test('a request that was sent is answered in-doubt, a repeatable one 503, each before the end of its connection', async () => {
    const upstream = await holdingUpstream()
    const vigia = await vigiaBefore(upstream.port, { config })
    const [first, second] = [await RawClient.connect(vigia.port), await RawClient.connect(vigia.port)]
    first.send(post('/order'))
    second.send(`GET /read HTTP/1.1\r\n${JSON_CLIENT}\r\n`)
    await upstream.holds(2)
    const stopped = vigia.stop()
    expect(await lastAnswer(first)).toEqual({ answers: 1, status: 502, code: 'in-doubt', rest: 0, ending: 'fin' })
    expect(await lastAnswer(second, 'GET')).toEqual({
      answers: 1,
      status: 503,
      code: 'stopping',
      rest: 0,
      ending: 'fin',
    })
    closeClients()
    await stopped
    expect(vigia.stderr()).toContain('in doubt: POST /order')
    expect(vigia.stderr()).not.toContain('in doubt: GET')
  })

  test('one that waits for a place is answered 503, and so is one whose head has only begun', async () => {
    const upstream = await holdingUpstream()
    const url = `http://127.0.0.1:${upstream.port}`
    const pool = { upstreams: [{ name: 'erp-1', url, maxConnections: 1 }], queue: { max: 5, timeout: '30s' } }
    const vigia = await vigiaBefore(upstream.port, { config, pool })
    const [served, waiting, begun] = await Promise.all([1, 2, 3].map(() => RawClient.connect(vigia.port)))
    served!.send(post('/served'))
    await upstream.holds(1)
    waiting!.send(post('/waiting'))
    begun!.send('POST /begun HTTP/1.1\r\nHost: a.exam')
    await until('it waits', async () => (await vigia.status()).pools[0]!.queue.queued === 1)
    const stopped = vigia.stop()
    expect(await lastAnswer(waiting!)).toMatchObject({ status: 503, code: 'stopping', ending: 'fin' })
    const { responses } = await begun!.untilClosed(['POST'])
    expect(responses.map(each => each.status)).toEqual([503])
    expect(await lastAnswer(served!)).toMatchObject({ status: 502, code: 'in-doubt' })
    closeClients()
    await stopped
  })

  test('the answer reaches a client that is still sending', async () => {
    const upstream = await holdingUpstream()
    const vigia = await vigiaBefore(upstream.port, { config })
    const client = await RawClient.connect(vigia.port)
    client.send(post('/upload', 10_000_000, 'x'.repeat(200_000)))
    await until('it has begun', () => upstream.raw.received.length > 100_000)
    const stopped = vigia.stop()
    client.send('x'.repeat(500_000))
    expect(await lastAnswer(client)).toMatchObject({ status: 502, code: 'in-doubt' })
    closeClients()
    await stopped
  })

  test('a client that never reads keeps vigia for a second at most', IN_TIME, async () => {
    const upstream = await holdingUpstream()
    const vigia = await vigiaBefore(upstream.port, { config })
    const client = await RawClient.connect(vigia.port)
    client.send(post('/order'))
    await upstream.holds(1)
    client.socket.pause()
    const started = performance.now()
    await vigia.stop()
    expect(performance.now() - started).toBeLessThan(2500)
  })
})

test('a client that has closed its sending side and waits too long is told before its connection ends', async () => {
  const upstream = await holdingUpstream()
  const vigia = await vigiaBefore(upstream.port, { config: { timeouts: { halfClosed: '100ms' } } })
  const client = await RawClient.connect(vigia.port)
  client.send(post('/order'))
  client.end()
  const { responses } = await client.untilClosed(['POST'])
  expect(responses.map(each => each.status)).toEqual([502])
  await until('it counts as gone', async () => (await vigia.status()).pools[0]!.upstreams[0]!.clientAborts === 1)
})

test('a worker that ends by a bug answers what it had in flight', async () => {
  const upstream = await holdingUpstream()
  const port = await freePort()
  const said: string[] = []
  const logger = createLogger({ level: 'silent' })
  Object.assign(logger, { warn: (_detail: unknown, text: string) => said.push(text) })
  const vigia = await startInside(
    snapshotOf({
      workers: 1,
      ...servedAt(port),
      pools: [poolPlan('erp', [upstreamPlan('erp-1', upstream.port)], { health: { kind: 'none' } })],
      shutdownMs: 100,
    }),
    { workerUrl: new URL('../fixtures/mortal-worker.ts', import.meta.url), logger },
  )
  cleanUp.push(() => vigia.close())
  const client = await RawClient.connect(port)
  client.send(post('/order'))
  await upstream.holds(1)
  const deaths = new BroadcastChannel('vigia-test-deaths')
  cleanUp.push(() => deaths.close())
  deaths.postMessage(0)
  expect(await lastAnswer(client)).toMatchObject({ status: 502, code: 'in-doubt' })
  expect(said).toContainEqual(expect.stringContaining('in doubt: POST /order'))
})

/** A program of a partner: its connection has served a call before the one that matters. */
const XMLRPC_CLIENT = `
import sys, xmlrpc.client
server = xmlrpc.client.ServerProxy(sys.argv[1])
server.ping()
try:
    print('made', server.create())
except xmlrpc.client.ProtocolError as error:
    print('told', error.errcode, error.headers.get('Connection'))
`
const hasPython = spawnSync('python3', ['-c', 'import xmlrpc.client']).status === 0

describe.skipIf(!hasPython)("Python's xmlrpc.client makes one record, and is told to look (python3 is needed)", () => {
  const RESULT =
    '<?xml version="1.0"?><methodResponse><params><param><value><int>1</int></value></param></params></methodResponse>'

  /** Commits each record, then does `after` instead of answering. */
  async function application(after: (request: IncomingMessage) => void) {
    let records = 0
    const node = createServer((request, response) => {
      let body = ''
      request.on('data', chunk => {
        body += chunk
      })
      request.on('end', () => {
        if (body.includes('ping')) return response.setHeader('Content-Type', 'text/xml').end(RESULT)
        records += 1
        after(request)
      })
    })
    await new Promise<void>(resolve => node.listen(0, '127.0.0.1', resolve))
    cleanUp.push(() => {
      node.closeAllConnections()
      node.close()
    })
    return { port: (node.address() as AddressInfo).port, records: () => records }
  }

  async function call(port: number): Promise<string> {
    const client = spawn('python3', ['-c', XMLRPC_CLIENT, `http://127.0.0.1:${port}/xmlrpc`])
    let said = ''
    for (const stream of [client.stdout, client.stderr])
      stream.on('data', text => {
        said += text
      })
    await new Promise(resolve => client.on('close', resolve))
    return said.trim()
  }

  test('where the node commits, then dies before it answers', async () => {
    const app = await application(request => request.socket.resetAndDestroy())
    const vigia = await vigiaBefore(app.port)
    expect(await call(vigia.port)).toMatch(/^told 502/)
    expect(app.records()).toBe(1)
  })

  test('where vigia is stopped meanwhile, and the next one would take it again', async () => {
    let stopped: Promise<void> | undefined
    const app = await application(() => {
      inUse = next.port
      stopped ??= vigia.stop()
    })
    const vigia = await startVigia({ upstreams: [app.port], config: { shutdown: '100ms' } })
    const next = await vigiaBefore(app.port, { config: { shutdown: '100ms', timeouts: { response: '1s' } } })
    let inUse = vigia.port
    // One address before both, as for a restart in place.
    const front = createTcpServer(client => {
      const server = connect(inUse, '127.0.0.1')
      for (const each of [client, server]) each.on('error', () => {})
      client.pipe(server).pipe(client)
      server.on('close', () => client.destroySoon())
    })
    await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
    cleanUp.push(() => front.close())
    expect(await call((front.address() as AddressInfo).port)).toBe('told 502 close')
    await stopped
    expect(app.records()).toBe(1)
  })
})
