// A node that stops answering, requests and probes alike: what waits on it goes elsewhere, or ends in time. Long polls of a node whose
// drain has ended do the same.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { InDoubtReport } from '../../../src/admin/contract/in-doubt.ts'
import { askHttp } from '../../support/http-client.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

/** Answers everything but what begins with /wait; frozen, it answers nothing at all. */
class Node {
  frozen = false
  /** Also while it is frozen. */
  readonly held: { readonly url: string; readonly response: ServerResponse }[] = []
  readonly #server = createServer((request, response) => {
    request.resume()
    const url = request.url ?? ''
    const begins = url.startsWith('/stream')
    if (begins) response.writeHead(200).write('begun')
    if (this.frozen || begins || url.startsWith('/wait')) this.held.push({ url, response })
    else if (url === '/health' && this.sick) response.writeHead(503).end()
    else response.end(this.name)
  })
  readonly name: string
  sick = false

  constructor(name: string) {
    this.name = name
    new WebSocketServer({ server: this.#server })
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    cleanUp.push(() => {
      this.#server.closeAllConnections()
      this.#server.close()
    })
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  holds(url: string): boolean {
    return this.held.some(each => each.url === url)
  }

  release(): void {
    for (const { response } of this.held.splice(0)) response.end(this.name)
  }
}

const HEALTH = { path: '/health', interval: '400ms', timeout: '400ms', rise: 1, fall: 2 }

/** Sessions of erp-1, by a cookie that says so. */
const affinity = { cookie: 'VIGIA', keys: ['a-secret-of-at-least-thirty-two-characters'] }

interface Setup {
  readonly vigia: Vigia
  readonly nodes: readonly Node[]
  /** A request that goes to the first node as long as that serves. */
  ask(path: string, method?: string): ReturnType<typeof askHttp>
  readonly cookie: string
}

/** @param getVigia `startVigia` where the list of what is in doubt must begin empty */
async function setUp(
  pool: Record<string, unknown>,
  config: Record<string, unknown> = {},
  count = 2,
  getVigia = lendVigia,
): Promise<Setup> {
  const nodes = await Promise.all(Array.from({ length: count }, (_, at) => new Node(`erp-${at + 1}`).start()))
  const upstreams = nodes.map(({ name, port }) => ({ name, url: `http://127.0.0.1:${port}` }))
  const routes = [
    { match: { path: '/wait/poll' }, pool: 'erp', longPoll: true },
    { match: { path: '/stream/poll' }, pool: 'erp', longPoll: true },
    { pool: 'erp' },
  ]
  const vigia = await getVigia({
    pool: { upstreams, health: HEALTH, affinity, ...pool },
    config: { shutdown: '100ms', routes, ...config },
  })
  cleanUp.push(() => vigia.stop())
  const cookie = await until('a session on erp-1', async () => {
    const { headers, body } = await askHttp(vigia.port, '/')
    return body === 'erp-1' ? String(headers['set-cookie']).split(';', 1)[0] : undefined
  })
  return {
    vigia,
    nodes,
    cookie,
    ask: (path, method = 'GET') => askHttp(vigia.port, path, { method, headers: { cookie } }),
  }
}

const stateOf = async (vigia: Vigia, at = 0) => (await vigia.status()).pools[0]!.upstreams[at]!.state
const isOut = (vigia: Vigia, at = 0) => until('it is out', async () => (await stateOf(vigia, at)) === 'out')
const inDoubt = async (vigia: Vigia) =>
  JSON.parse((await fetchText(vigia.adminPort, '/in-doubt')).body) as InDoubtReport
/** What came of it within the time, or `waits`. */
const within = <T>(ms: number, result: Promise<T>): Promise<T | 'waits'> =>
  Promise.race([result, new Promise<'waits'>(resolve => setTimeout(resolve, ms, 'waits'))])

describe('when a node goes silent', () => {
  test('what may be repeated is answered by another, a POST is told in-doubt after the grace, a session ends', async () => {
    const { vigia, nodes, ask, cookie } = await setUp(
      { onDown: { requests: '700ms', sessions: '1s' } },
      {},
      2,
      startVigia,
    )
    const [node, other] = nodes as [Node, Node]
    const read = ask('/wait/read')
    const write = ask('/wait/write', 'POST')
    const poll = ask('/wait/poll', 'POST')
    const socket = new WebSocket(`ws://127.0.0.1:${vigia.port}/ws`, { headers: { cookie } })
    const closed = once(socket, 'close')
    await once(socket, 'open')
    await until('they wait', () => node.held.length === 3)
    node.frozen = true
    await isOut(vigia)
    await until('two have gone elsewhere', () => other.holds('/wait/read') && other.holds('/wait/poll'))
    expect(other.holds('/wait/write')).toBe(false)
    other.release()
    expect((await read).body).toBe('erp-2')
    expect((await poll).body).toBe('erp-2')
    expect((await write).status).toBe(502)
    expect((await closed)[0]).toBe(1012)
    const { records } = await inDoubt(vigia)
    expect(records.map(each => [each.path, each.cause])).toEqual([['/wait/write', expect.stringMatching(/^silent: /)]])
  })

  test('an answer that has begun goes on', async () => {
    const { vigia, nodes, ask } = await setUp({ onDown: { requests: '200ms', sessions: '200ms' } })
    const [node] = nodes as [Node]
    const answer = ask('/stream/report')
    await until('it has begun', () => node.held.length === 1)
    node.frozen = true
    await isOut(vigia)
    expect(await within(1500, answer)).toBe('waits')
    node.held.find(each => each.url === '/stream/report')!.response.end(', ended')
    expect((await answer).body).toBe('begun, ended')
  })

  test('everything waits where the pool says so', async () => {
    const { vigia, nodes, ask } = await setUp({ onDown: { requests: 'wait', sessions: 'wait' } })
    const [node] = nodes as [Node]
    const write = ask('/wait/write', 'POST')
    await until('it waits', () => node.held.length === 1)
    node.frozen = true
    await isOut(vigia)
    expect(await within(1500, write)).toBe('waits')
    node.release()
    expect((await write).body).toBe('erp-1')
  })

  test('nothing ends where no other is left: it may be vigia that is cut off', async () => {
    const { vigia, nodes, ask } = await setUp({ onDown: { requests: '3s', sessions: '3s' } })
    const [node, other] = nodes as [Node, Node]
    const write = ask('/wait/write', 'POST')
    await until('it waits', () => node.held.length === 1)
    for (const each of nodes) each.frozen = true
    await isOut(vigia)
    await isOut(vigia, 1)
    expect(await within(4000, write)).toBe('waits')
    // One that is back shows that it was not vigia.
    other.frozen = false
    other.release()
    expect((await write).status).toBe(502)
  })
})

test('a node that is out, but answers its probes, keeps what it has', async () => {
  const { vigia, nodes, ask } = await setUp({ onDown: { requests: '0', sessions: '0' } })
  const [node] = nodes as [Node]
  const [read, write] = [ask('/wait/read'), ask('/wait/write', 'POST')]
  await until('they wait', () => node.held.length === 2)
  node.sick = true
  await isOut(vigia)
  expect(await within(1200, Promise.race([read, write]))).toBe('waits')
  node.release()
  expect([(await read).body, (await write).body]).toEqual(['erp-1', 'erp-1'])
})

test('a POST of a long poll that loses its node is sent again, and is never in doubt', async () => {
  const { vigia, nodes, ask } = await setUp({}, {}, 2, startVigia)
  const [node, other] = nodes as [Node, Node]
  const poll = ask('/wait/poll', 'POST')
  await until('it waits', () => node.held.length === 1)
  node.held[0]!.response.socket!.destroy()
  await until('it has gone elsewhere', () => other.holds('/wait/poll') || node.held.length === 2)
  for (const each of nodes) each.release()
  expect((await poll).status).toBe(200)
  expect((await inDoubt(vigia)).total).toBe(0)
})

test('at the end of a drain long polls go on elsewhere, streams are closed, and nothing is left', async () => {
  const { vigia, nodes, ask } = await setUp({})
  const [node, other] = nodes as [Node, Node]
  const poll = ask('/wait/poll', 'POST')
  const stream = ask('/stream/poll').then(
    () => 'complete',
    () => 'cut',
  )
  await until('they wait', () => node.held.length === 2)
  const ordered = await fetch(`http://127.0.0.1:${vigia.adminPort}/pools/erp/upstreams/erp-1/drain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'update', deadline: '1s' }),
  })
  expect(ordered.status).toBe(200)
  await until('the poll has gone elsewhere', () => other.holds('/wait/poll'))
  expect(await stream).toBe('cut')
  await until('nothing is left', async () => (await vigia.status()).pools[0]!.upstreams[0]!.longPolls === 0)
  other.release()
  expect((await poll).body).toBe('erp-2')
})
