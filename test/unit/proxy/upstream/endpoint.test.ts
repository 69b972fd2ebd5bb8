// Every way in which the opening of a connection to an upstream can go: it is told once, and nothing stays counted.

import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import type { ForwardedRequest } from '../../../../src/http/forwarded-request.ts'
import type { RequestHead } from '../../../../src/http/heads.ts'
import type { UpstreamPlan, UpstreamTls } from '../../../../src/plan/pool.ts'
import { PROVEN_OPEN_MS } from '../../../../src/policy/request/reuse.ts'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import { TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'
import type { AttemptEvents } from '../../../../src/proxy/upstream/attempt-events.ts'
import { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow, CounterTable } from '../../../../src/shared/counters.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { until } from '../../../support/until.ts'
import { poolPlan, upstreamPlan } from '../../control/fixtures/snapshot.ts'

const SLOT = 3
const FORWARDED = { fields: { names: [], values: [] }, length: -1 } as unknown as ForwardedRequest
const pem = (name: string) => readFileSync(new URL(`../../control/fixtures/tls/${name}`, import.meta.url), 'utf8')
/** Whom 'node' certifies: erp.test and 127.0.0.1; 'names-only', its own authority: erp.test. */
const AUTHORITY = { node: pem('ca.crt'), 'names-only': pem('names-only.crt') }
const tls = (more: Partial<UpstreamTls> = {}): UpstreamTls => ({
  serverName: undefined,
  verify: true,
  ca: AUTHORITY.node,
  ...more,
})

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
const listenPlain = (onSocket: (socket: import('node:net').Socket) => void) =>
  listen(createServer(socket => onSocket(socket.on('error', () => {}))))

/** @returns its port, and the names that it was asked for; false = none */
async function listenTls(certificate: keyof typeof AUTHORITY): Promise<[number, (string | false)[]]> {
  const asked: (string | false)[] = []
  const server = createTlsServer({ key: pem(`${certificate}.key`), cert: pem(`${certificate}.crt`) }, socket => {
    asked.push((socket as TLSSocket & { servername: string | false }).servername)
    socket.on('error', () => {}).resume()
  })
  return [await listen(server.on('tlsClientError', () => {})), asked]
}

function endpointOf(plan: UpstreamPlan, told: string[]) {
  const counters = allocateCounters(1)
  const row = new CounterRow(counters, 0)
  const runtime = {
    row,
    counters: new CounterTable(counters, 1),
    table: new UpstreamTable(),
    wheel: new TimerWheel(0),
    random: () => 0,
    unexpected: (error: unknown) => told.push(`unexpected: ${error}`),
  } as unknown as Runtime
  const limits = { headBytes: 1000, headerCount: 10 }
  return { row, endpoint: new Endpoint(SLOT, plan, poolPlan('erp', [plan]), limits, runtime) }
}

/** @returns what the attempt was told, up to a moment after the first word */
async function openTo(port: number, upstreamTls: UpstreamTls | undefined, host = '127.0.0.1'): Promise<string[]> {
  const told: string[] = []
  const { row, endpoint } = endpointOf({ ...upstreamPlan('erp-1', port), host, tls: upstreamTls }, told)
  const connection = endpoint.open({
    method: 'GET',
    onConnected: () => told.push('connected'),
    onFailure: (kind: string, detail: string) => told.push(`${kind}: ${detail}`),
  } as unknown as AttemptEvents)
  expect(row.gauge(SLOT, GAUGE.connections)).toBe(1)
  expect(told, 'nothing is told before the caller has its connection').toEqual([])
  await until('the attempt is told', () => told.length > 0)
  await new Promise(resolve => setTimeout(resolve, 20))
  if (told[0] === 'connected') connection.abandon()
  expect(row.gauge(SLOT, GAUGE.connections)).toBe(0)
  expect(row.gauge(SLOT, GAUGE.unanswered)).toBe(0)
  return told
}

test('an idle connection that is no good for a request is closed before another is opened, once it has shown that it is kept', async () => {
  const port = await listenPlain(socket => socket.on('data', () => socket.write('HTTP/1.1 204 No Content\r\n\r\n')))
  const told: string[] = []
  const { row, endpoint } = endpointOf(upstreamPlan('erp-1', port), told)
  const open = () => {
    const connection = endpoint.open({
      ...{ method: 'GET', requestSent: true, onResponseHead: () => {}, onFailure: () => {} },
      onConnected: () => {
        connection.begin({ method: 'GET' } as RequestHead, FORWARDED, 'a.test', '1', '')
        connection.flush()
      },
      onResponseEnd: () => told.push('answered'),
    } as unknown as AttemptEvents)
    return connection
  }
  const connections = () => row.gauge(SLOT, GAUGE.connections)
  open()
  await until('it is answered', () => told.length === 1)
  const second = open()
  expect(connections(), 'the first one is too young to be known').toBe(2)
  second.abandon()
  await new Promise(resolve => setTimeout(resolve, PROVEN_OPEN_MS))
  open()
  expect(connections()).toBe(1)
  await until('it is answered', () => told.length === 2)
  expect(row.gauge(SLOT, GAUGE.unanswered)).toBe(0)
  endpoint.retire()
  expect(connections()).toBe(0)
})

describe('a connection is established', () => {
  test('over TCP', async () => {
    expect(await openTo(await listenPlain(() => {}), undefined)).toEqual(['connected'])
  })

  test('over TLS to an address: no name is asked for, and the certificate is for the address', async () => {
    const [port, asked] = await listenTls('node')
    expect(await openTo(port, tls())).toEqual(['connected'])
    expect(asked).toEqual([false])
  })

  test('over TLS to a name: it is asked for, and the certificate is for the name', async () => {
    const [port, asked] = await listenTls('names-only')
    expect(await openTo(port, tls({ serverName: 'erp.test', ca: AUTHORITY['names-only'] }))).toEqual(['connected'])
    expect(asked).toEqual(['erp.test'])
  })

  test('over TLS to whomever, where nothing is verified', async () => {
    const [port] = await listenTls('names-only')
    expect(await openTo(port, tls({ verify: false, ca: undefined }))).toEqual(['connected'])
  })
})

describe('a failed opening is told as a failed connection, once', () => {
  test('nobody listens', async () => {
    const port = await listenPlain(() => {})
    await new Promise(resolve => servers.pop()!.close(resolve))
    expect(await openTo(port, undefined)).toEqual(['connect: ECONNREFUSED'])
    expect(await openTo(port, tls())).toEqual(['connect: ECONNREFUSED'])
  })

  test('no address is known for the name: nobody is asked for one', async () => {
    expect(await openTo(443, tls({ serverName: 'localhost' }), 'localhost')).toEqual(['connect: ENOTFOUND'])
    expect(await openTo(80, undefined, 'localhost')).toEqual(['connect: ENOTFOUND'])
  })

  test('the certificate is for a name, not for the address', async () => {
    const [port] = await listenTls('names-only')
    expect(await openTo(port, tls({ ca: AUTHORITY['names-only'] }))).toEqual(['connect: ERR_TLS_CERT_ALTNAME_INVALID'])
  })

  test('the certificate is for another name', async () => {
    const [port] = await listenTls('node')
    expect(await openTo(port, tls({ serverName: 'other.test' }))).toEqual(['connect: ERR_TLS_CERT_ALTNAME_INVALID'])
  })

  test('the certificate is signed by somebody else', async () => {
    const [port] = await listenTls('names-only')
    expect(await openTo(port, tls())).toEqual([expect.stringMatching(/^connect: .*(SELF_SIGNED|ISSUER|VERIFY)/)])
  })

  test('the authorities are no PEM, or the name is none: node:tls throws', async () => {
    const [port] = await listenTls('node')
    expect(await openTo(port, tls({ ca: 'no PEM' }))).toEqual([expect.stringMatching(/^connect: ./)])
    expect(await openTo(port, tls({ serverName: '127.0.0.1' }))).toEqual([expect.stringMatching(/^connect: ./)])
  })

  test('the other side hangs up, or talks something else, in the middle of the handshake', async () => {
    const hangsUp = await listenPlain(socket => socket.once('data', () => socket.destroy()))
    expect(await openTo(hangsUp, tls())).toEqual([expect.stringMatching(/^connect: ./)])
    const talks = await listenPlain(socket => socket.once('data', () => socket.end('SSH-2.0-x\r\n')))
    expect(await openTo(talks, tls())).toEqual([expect.stringMatching(/^connect: ./)])
  })
})
