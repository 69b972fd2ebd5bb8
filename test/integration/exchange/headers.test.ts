// Fields that routes and pools set, remove and keep, through a real vigia: requests and answers of every kind.

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { H2Client } from '../../support/h2-client.ts'
import { askHttp, newAgent } from '../../support/http-client.ts'
import { RawClient } from '../../support/raw-client.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

let vigia: Vigia
let server: Server
let seen: IncomingMessage[] = []

const ask = (path: string, headers: Record<string, string> = {}) =>
  askHttp(vigia.port, path, { headers: { host: 'erp.example:8443', ...headers } })
const saw = () => seen.at(-1)!.headers

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request)
    response.writeHead(200, {
      Server: 'old/1.0',
      'X-Powered-By': 'ERP',
      'X-Frame-Options': 'ALLOWALL',
      'Content-Type': 'text/plain',
      'Cache-Control': request.url!.startsWith('/files') ? 'max-age=600' : 'no-store',
      Trailer: 'X-Inner, X-Sum',
      // None of its business.
      Connection: 'keep-alive, X-Frame-Options, X-Hop',
      'X-Hop': 'by hop',
    })
    response.addTrailers({ 'X-Inner': '1', 'X-Sum': '2' })
    response.end('a text that is long enough to be compressed '.repeat(50))
  })
  server.on('upgrade', (request, socket) => {
    seen.push(request)
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\nServer: old/1.0\r\n\r\n')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  vigia = await startVigia({
    http2: true,
    upstreams: [(server.address() as AddressInfo).port],
    pool: {
      headers: {
        request: { set: { 'X-Tenant': 'pool', 'X-Whence': '{client} {scheme}://{host} {listener} {pool}/{route}' } },
        response: { set: { 'X-Frame-Options': 'DENY', 'X-Served-By': '{upstream}' }, remove: ['Server', 'X-Inner'] },
      },
    },
    config: {
      routes: [
        { match: { path: '/files' }, pool: 'erp', cache: {}, headers: { request: { keep: ['X-Rewrite-URL'] } } },
        { match: { path: '/closed' }, pool: 'erp', access: { allow: ['10.0.0.1'] } },
        {
          name: 'own',
          match: { path: '/own' },
          pool: 'erp',
          compress: true,
          headers: {
            request: {
              set: { 'X-Tenant': 'route', 'X-Id': '{request-id}' },
              remove: ['X-Debug-*', 'Accept-Encoding'],
              keep: ['X-Remote-User'],
            },
            response: { set: { Vary: 'Origin' }, remove: ['X-Powered-By'] },
          },
        },
        { name: 'rest', pool: 'erp' },
      ],
    },
  })
})

beforeEach(() => {
  seen = []
})

afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    server?.closeAllConnections()
    server?.close()
  }
})

describe('a request', () => {
  test('gets what its pool sets, in place of what the client sends', async () => {
    await ask('/', { 'X-Tenant': 'claimed', X_Tenant: 'claimed' })
    expect(saw()).toMatchObject({
      'x-tenant': 'pool',
      'x-whence': '127.0.0.1 http://erp.example web erp/rest',
    })
    expect(saw()).not.toHaveProperty('x_tenant')
  })

  test('gets what its route says instead, on one connection with another route', async () => {
    const agent = newAgent(1)
    const sent = { 'X-Debug-Level': '9', 'X-Remote-User': 'ann', 'X-SSL-User': 'ann', 'Accept-Encoding': 'gzip' }
    const ids = []
    for (const path of ['/own', '/', '/own']) {
      const answer = await askHttp(vigia.port, path, { agent, headers: sent })
      ids.push(answer.headers['x-request-id'])
    }
    agent.destroy()
    const [first, between, last] = seen.map(({ headers }) => headers)
    for (const [i, own] of [first, last].entries()) {
      expect(own).toMatchObject({ 'x-tenant': 'route', 'x-id': ids[i * 2], 'x-remote-user': 'ann' })
      for (const name of ['x-debug-level', 'x-ssl-user', 'accept-encoding']) expect(own).not.toHaveProperty(name)
    }
    expect(between).toMatchObject({ 'x-tenant': 'pool', 'x-debug-level': '9', 'accept-encoding': 'gzip' })
    expect(between).not.toHaveProperty('x-remote-user')
  })

  test('of HTTP/2 too', async () => {
    const client = new H2Client(vigia.port)
    const answer = await client.get('/own', { 'x-debug-level': '9', 'x-remote-user': 'ann', 'x-ssl-user': 'ann' })
    client.close()
    expect(saw()).toMatchObject({ 'x-tenant': 'route', 'x-remote-user': 'ann' })
    expect(saw()).not.toHaveProperty('x-ssl-user')
    expect(answer.fields).toMatchObject({ 'x-frame-options': 'DENY', 'x-served-by': 'erp-1' })
    expect(answer.fields).not.toHaveProperty('server')
  })

  test('keeps claims in its trailers only where its route does', async () => {
    const body = '1\r\nx\r\n0\r\nX-Remote-User: ann\r\nX-Debug-Level: 9\r\nX-Own: mine\r\n\r\n'
    for (const path of ['/own', '/']) {
      const client = await RawClient.connect(vigia.port)
      client.send(`POST ${path} HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
      expect((await client.final('POST')).status).toBe(200)
      client.close()
    }
    expect(seen.map(({ trailers }) => trailers)).toEqual([
      { 'x-own': 'mine', 'x-remote-user': 'ann' },
      { 'x-debug-level': '9', 'x-own': 'mine' },
    ])
  })

  test('that is upgraded gets them as well, and so does its answer', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send(
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: other\r\nX-Tenant: claimed\r\n\r\n',
    )
    const { fields } = await client.response()
    client.close()
    expect(saw()).toMatchObject({ 'x-tenant': 'pool' })
    expect(Object.fromEntries(fields)).toMatchObject({ 'X-Frame-Options': 'DENY', 'X-Served-By': 'erp-1' })
    expect(Object.fromEntries(fields)).not.toHaveProperty('Server')
  })
})

describe('an answer', () => {
  test('has what is set in place of what its upstream says, and lacks what is removed', async () => {
    const { headers } = await ask('/')
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-served-by': 'erp-1', 'x-powered-by': 'ERP' })
    for (const name of ['server', 'x-hop']) expect(headers).not.toHaveProperty(name)
  })

  test('that is compressed varies by what is set and by its coding', async () => {
    const { headers } = await ask('/own', { 'Accept-Encoding': 'gzip' })
    expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Origin, Accept-Encoding' })
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  test('has no trailers that are removed', async () => {
    const client = await RawClient.connect(vigia.port)
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\n\r\n')
    const { trailers } = await client.final()
    client.close()
    expect(trailers).toEqual([['X-Sum', '2']])
  })

  test('of vigia itself has what is set, and its own word on how it is stored', async () => {
    const { status, headers } = await ask('/closed')
    expect(status).toBe(403)
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'no-store' })
    expect(headers).not.toHaveProperty('x-served-by')
  })

  test('that is stored is edited whenever it is given', async () => {
    const first = await ask('/files/a')
    const second = await ask('/files/a')
    expect(seen).toHaveLength(1)
    for (const { headers } of [first, second]) {
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-powered-by': 'ERP' })
      expect(headers).not.toHaveProperty('server')
    }
    expect(first.headers).toHaveProperty('x-served-by')
    expect(second.headers).not.toHaveProperty('x-served-by')
  })

  test("to a claim that a route keeps is nobody else's", async () => {
    await ask('/files/b', { 'X-Rewrite-URL': '/elsewhere' })
    expect(saw()).toHaveProperty('x-rewrite-url')
    await ask('/files/b')
    await ask('/files/b', { 'X-Rewrite-URL': '/elsewhere' })
    expect(seen).toHaveLength(3)
  })
})
