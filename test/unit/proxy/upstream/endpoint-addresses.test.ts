// Connections to an upstream whose name has several addresses, and other ones after a while.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Runtime } from '../../../../src/proxy/runtime/runtime.ts'
import { TimerWheel } from '../../../../src/proxy/runtime/timer-wheel.ts'
import type { AttemptEvents } from '../../../../src/proxy/upstream/attempt-events.ts'
import type { UpstreamConnection } from '../../../../src/proxy/upstream/connection.ts'
import { Endpoint } from '../../../../src/proxy/upstream/endpoint.ts'
import { GAUGE } from '../../../../src/shared/counter-cells.ts'
import { allocateCounters, CounterRow, CounterTable } from '../../../../src/shared/counters.ts'
import { UpstreamTable } from '../../../../src/shared/upstream-table.ts'
import { startBlackhole } from '../../../support/blackhole.ts'
import { IN_TIME, until } from '../../../support/until.ts'
import { poolPlan, upstreamPlan } from '../../control/fixtures/snapshot.ts'

const SLOT = 3
/** Of the servers, in the order in which they were accepted. */
const accepted: Socket[] = []
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  accepted.length = 0
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Listens on one port of these addresses. @returns the port, and on which address each connection came */
async function listenOn(...addresses: string[]): Promise<[number, string[]]> {
  const came: string[] = []
  let port = 0
  for (const address of addresses) {
    const server: Server = createServer(socket => {
      came.push(address)
      accepted.push(socket.on('error', () => {}).resume())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
    port = (server.address() as AddressInfo).port
    cleanUps.push(() => server.close())
  }
  return [port, came]
}

/** As if a request had come. */
function answer(connection: number): void {
  accepted[connection]!.write('HTTP/1.1 204 No Content\r\n\r\n')
}

function endpointOf(port: number, addresses: readonly string[]) {
  const memory = allocateCounters(1)
  const row = new CounterRow(memory, 0)
  const table = new UpstreamTable()
  const wheel = new TimerWheel(performance.now())
  table.addresses.set(SLOT, addresses)
  const plan = upstreamPlan('erp-1', port, { host: 'erp.test' })
  const counters = new CounterTable(memory, 1)
  const runtime = { row, counters, table, wheel, random: () => 0 } as unknown as Runtime
  const endpoint = new Endpoint(SLOT, plan, poolPlan('erp', [plan]), { headBytes: 1000, headerCount: 10 }, runtime)
  const connect = () =>
    new Promise<UpstreamConnection | string>(resolve => {
      const connection = endpoint.open({
        method: 'GET',
        requestSent: true,
        onResponseHead: () => {},
        onReadEnd: () => true,
        onResponseEnd: () => {},
        onConnected: () => resolve(connection),
        onFailure: (kind: string, detail: string) => resolve(`${kind}: ${detail}`),
      } as unknown as AttemptEvents)
      cleanUps.push(() => connection.abandon())
    })
  return { endpoint, table, wheel, connections: () => row.gauge(SLOT, GAUGE.connections), connect }
}

test('connections take the addresses of a name in turn', async () => {
  const [port, came] = await listenOn('127.0.0.1', '127.0.0.2', '127.0.0.3')
  const { connect } = endpointOf(port, ['127.0.0.1', '127.0.0.2', '127.0.0.3'])
  for (let i = 1; i <= 4; i += 1) {
    await connect()
    await until('it was accepted', () => came.length === i)
  }
  expect(came).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.1'])
})

test('an address that refuses gives way to the next at once; where all do, the connect has failed', async () => {
  const [port, came] = await listenOn('127.0.0.3')
  const { connect, connections } = endpointOf(port, ['127.0.0.6', '127.0.0.2', '127.0.0.3'])
  for (let i = 1; i <= 3; i += 1) {
    expect(await connect()).not.toBeTypeOf('string')
    await until('it was accepted', () => came.length === i)
  }
  const { connect: failing, connections: left } = endpointOf(port, ['127.0.0.7', '127.0.0.8'])
  expect(await failing()).toBe('connect: ECONNREFUSED')
  expect([connections(), left()]).toEqual([3, 0])
})

test(
  'an address that does not answer holds up one connection for a moment, and no other after it',
  IN_TIME,
  async () => {
    const hole = await startBlackhole()
    cleanUps.push(() => hole.close())
    const server = createServer(socket => socket.on('error', () => {}).resume())
    await new Promise<void>(resolve => server.listen(hole.port, '127.0.0.2', resolve))
    cleanUps.push(() => server.close())
    const { connect } = endpointOf(hole.port, ['127.0.0.1', '127.0.0.2'])
    const tookMs: number[] = []
    for (let i = 0; i < 4; i += 1) {
      const startedMs = performance.now()
      expect(await connect()).not.toBeTypeOf('string')
      tookMs.push(performance.now() - startedMs)
    }
    expect(tookMs[0]).toBeGreaterThan(200)
    expect(tookMs.slice(1).filter(ms => ms >= 200)).toEqual([])
  },
)

test('once the name has lost an address no connection of before is used again; a further address ends none', async () => {
  const [port, came] = await listenOn('127.0.0.1', '127.0.0.2')
  const { endpoint, table, wheel, connections, connect } = endpointOf(port, ['127.0.0.1'])
  const [first, second] = [await connect(), await connect()]
  await until('both were accepted', () => came.length === 2)
  const isIdle = (connection: unknown) => () => {
    const idle = endpoint.take(true)
    // Put back where it came from.
    if (idle !== undefined) endpoint.onFree(idle, undefined)
    return idle === connection
  }
  let nowMs = performance.now()
  const sweep = () => {
    nowMs += 1_000
    wheel.advance(nowMs)
  }
  answer(0)
  await until('the first is idle', isIdle(first))
  table.addresses.set(SLOT, ['127.0.0.1', '127.0.0.2'])
  sweep()
  expect(endpoint.take(true)).toBe(first)
  endpoint.onFree(first as UpstreamConnection, undefined)

  table.addresses.set(SLOT, ['127.0.0.2'])
  sweep()
  expect(endpoint.take(true)).toBeUndefined()
  expect(connections(), 'the one that is busy goes on').toBe(1)
  answer(1)
  await until('it was closed once it was free', () => connections() === 0)
  expect(second).not.toBeTypeOf('string')
})
