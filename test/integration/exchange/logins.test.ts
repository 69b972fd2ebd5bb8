// Schemes that log in a connection (NTLM, Negotiate): what a client has logged in on is nobody else's.

import { afterEach, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ok } from '../../support/raw-answers.ts'
import { ask, RawClient } from '../../support/raw-client.ts'
import { type Answer, RawUpstream, type UpstreamConnection } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia, VigiaSetup } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const users = new WeakMap<UpstreamConnection, string>()

/** A server that knows a connection's user from its third request on: as IIS and SAP with NTLM do. */
const ntlm: Answer = async arrival => {
  const request = await arrival.whole()
  const { connection } = arrival
  const [scheme, token] = (field(request, 'authorization') ?? '').split(' ')
  const user = users.get(connection)
  if (request.target === '/cut') return connection.reset()
  if (user !== undefined) return connection.write(ok(`user=${user}`))
  if (token?.startsWith('TYPE3-') && users.get(connection) === undefined && connection.requests.length > 0) {
    users.set(connection, token.slice(6))
    return connection.write(ok(`user=${token.slice(6)}`))
  }
  const challenge = token === 'TYPE1' ? `${scheme} CHALLENGE` : 'Basic realm="a, b", ntlm, NEGOTIATE'
  await connection.write(unauthorized([`WWW-Authenticate: ${challenge}`]))
}

function unauthorized(fields: readonly string[]): string {
  return ['HTTP/1.1 401 Unauthorized', ...fields, 'Content-Length: 0', '', ''].join('\r\n')
}

function request(target = '/', fields: readonly string[] = [], method = 'GET', body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return [`${method} ${target} HTTP/1.1`, 'Host: a.example', ...fields, ...length, '', body].join('\r\n')
}

let upstreams: RawUpstream[] = []
let clients: RawClient[] = []
let vigia: Vigia

async function setUp(setup: VigiaSetup = {}, count = 1): Promise<void> {
  upstreams = await Promise.all(Array.from({ length: count }, () => RawUpstream.start()))
  for (const upstream of upstreams) upstream.answer = ntlm
  vigia = await lendVigia({ upstreams: upstreams.map(({ port }) => port), ...setup })
}

async function connect(): Promise<RawClient> {
  const client = await RawClient.connect(vigia.port)
  clients.push(client)
  return client
}

/** @returns status and body */
async function say(client: RawClient, bytes: string): Promise<string> {
  client.send(bytes)
  const { status, body } = await client.final()
  return `${status} ${body.toString()}`
}

async function logIn(user: string, scheme = 'NTLM'): Promise<RawClient> {
  const client = await connect()
  expect(await say(client, request('/', [`Authorization: ${scheme} TYPE1`]))).toBe('401 ')
  expect(await say(client, request('/', [`Authorization: ${scheme} TYPE3-${user}`]))).toBe(`200 user=${user}`)
  return client
}

const connections = () => upstreams.flatMap(upstream => upstream.connections)
const openConnections = () => connections().filter(({ ending }) => ending === 'open').length

afterEach(async () => {
  for (const client of clients) client.close()
  clients = []
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close()
})

describe('a connection that is a login', () => {
  test('is ridden by its client, and by nobody else', async () => {
    await setUp()
    const alice = await logIn('alice')
    expect(await say(await connect(), request('/payroll'))).toBe('401 ')
    expect((await ask(vigia.port, request('/payroll', [], 'POST', 'x'))).status).toBe(401)
    expect(await say(alice, request())).toBe('200 user=alice')
    expect(await say(alice, request('/', [], 'POST', 'x'))).toBe('200 user=alice')
    const bob = await logIn('bob', 'negotiate')
    expect(await say(alice, request())).toBe('200 user=alice')
    expect(await say(bob, request())).toBe('200 user=bob')
  })

  test('is one from the question on: a client that was only asked keeps its connection to itself', async () => {
    await setUp()
    const alice = await connect()
    expect(await say(alice, request())).toBe('401 ')
    expect(await say(await connect(), request())).toBe('401 ')
    expect(connections().length).toBe(2)
    expect(await say(alice, request('/', ['Authorization: NTLM TYPE1']))).toBe('401 ')
    expect(connections().length).toBe(2)
  })

  test('is one by an Authorization that the server answers without asking', async () => {
    await setUp()
    upstreams[0]!.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(ok(`request ${arrival.connection.requests.length}`))
    }
    expect(await say(await connect(), request('/', ['Authorization: NEGOTIATE TOKEN']))).toBe('200 request 0')
    expect(await say(await connect(), request())).toBe('200 request 0')
  })

  test('takes a token of 40 KiB where the head limit is that of the examples for SAP and Business Central', async () => {
    await setUp({ config: { limits: { head: '64KiB' } } })
    const token = 'x'.repeat(40 * 1024)
    const alice = await connect()
    expect(await say(alice, request('/', ['Authorization: Negotiate TYPE1']))).toBe('401 ')
    expect(await say(alice, request('/', [`Authorization: Negotiate TYPE3-${token}`]))).toBe(`200 user=${token}`)
  })

  test('other schemes share connections as before', async () => {
    await setUp()
    upstreams[0]!.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(unauthorized(['WWW-Authenticate: Basic realm="NTLM"']))
    }
    for (let n = 0; n < 3; n += 1) {
      expect(await say(await connect(), request('/', ['Authorization: Basic TlRMTQ==']))).toBe('401 ')
    }
    expect(connections().length).toBe(1)
  })

  test('a POST in the middle of the handshake rides it, pipelined requests too', async () => {
    await setUp()
    const alice = await connect()
    alice.send(
      request('/', ['Authorization: NTLM TYPE1'], 'POST', 'one') +
        request('/', ['Authorization: NTLM TYPE3-alice'], 'POST', 'two') +
        request(),
    )
    const answers = [await alice.final('POST'), await alice.final('POST'), await alice.final()]
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(['401 ', '200 user=alice', '200 user=alice'])
    expect(connections().length).toBe(1)
  })

  test('does not count among the idle connections', async () => {
    await setUp({ pool: { idleConnections: 0 } })
    const alice = await logIn('alice')
    expect(await say(alice, request())).toBe('200 user=alice')
    expect(connections().length).toBe(1)
  })

  test('ends with its client', async () => {
    await setUp()
    const alice = await logIn('alice')
    expect(openConnections()).toBe(1)
    alice.close()
    await until('its login ends', () => openConnections() === 0)
  })

  test('takes its client along to the same upstream', async () => {
    await setUp({ pool: { balance: 'round-robin' } }, 3)
    const alice = await logIn('alice')
    for (let n = 0; n < 6; n += 1) expect(await say(alice, request())).toBe('200 user=alice')
    expect(connections().length).toBe(1)
  })
})

describe('the end of a login', () => {
  test('while it is idle: the next request is a stranger to the upstream, which asks', async () => {
    await setUp()
    const alice = await logIn('alice')
    connections()[0]!.end()
    await until('vigia has seen it', () => connections()[0]!.ending === 'reset' || connections()[0]!.socket.closed)
    expect(await say(alice, request())).toBe('401 ')
    expect(await say(alice, request('/', ['Authorization: NTLM TYPE1']))).toBe('401 ')
    expect(await say(alice, request('/', ['Authorization: NTLM TYPE3-alice']))).toBe('200 user=alice')
  })

  test('under a request: it is not sent again on another connection, and the client learns that its login is over', async () => {
    await setUp({ pool: { retry: { attempts: 3, statuses: [503] }, outlier: 'off' } }, 2)
    const alice = await logIn('alice')
    alice.send(request('/cut'))
    const answer = await alice.final()
    expect([answer.status, field(answer, 'connection')]).toEqual([502, 'close'])
    expect(
      connections()
        .flatMap(({ requests }) => requests)
        .map(({ target }) => target),
    ).toEqual(['/', '/', '/cut'])
    expect(connections().length).toBe(1)
  })

  test('with the question: the client hears of the close, as it would without vigia', async () => {
    await setUp()
    upstreams[0]!.answer = async arrival => {
      await arrival.whole()
      await arrival.connection.write(unauthorized(['WWW-Authenticate: Negotiate', 'Connection: close']))
      arrival.connection.end()
    }
    const alice = await connect()
    alice.send(request())
    expect(field(await alice.final(), 'connection')).toBe('close')
  })

  test('when a reload takes the upstream away', async () => {
    await setUp({}, 2)
    const alice = await logIn('alice')
    const [own, other] = upstreams[0]!.connections.length > 0 ? upstreams : [...upstreams].reverse()
    await vigia.writeConfig({
      listeners: [{ name: 'web', address: `127.0.0.1:${vigia.port}` }],
      admin: { address: `127.0.0.1:${vigia.adminPort}` },
      routes: [{ name: 'all', pool: 'erp' }],
      pools: { erp: { health: 'off', upstreams: [{ name: 'other', url: `http://127.0.0.1:${other!.port}` }] } },
    })
    vigia.kill('SIGHUP')
    await until('its connections are closed', () => own!.connections.every(({ ending }) => ending !== 'open'))
    expect(await say(alice, request())).toBe('401 ')
  })
})
