// Handshakes that take their time, and many at once: bounded, in order, ended in time. One worker without control.

import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { GAUGE, WORKER } from '../../../src/shared/counter-cells.ts'
import type { TlsMaterial } from '../../../src/shared/tls-material.ts'
import { SLOT_OF_VIGIA } from '../../../src/shared/upstream-table.ts'
import { HANDSHAKE_FAILURES } from '../../../src/tls/handshake-failure.ts'
import { makeCertificate } from '../../support/certificates.ts'
import { helloOf } from '../../support/client-hello.ts'
import { type DataPlane, startDataPlane } from '../../support/data-plane.ts'
import { freePort } from '../../support/free-port.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { certificateFiles } from '../../support/tls-files.ts'
import { until } from '../../support/until.ts'

const GET = 'GET / HTTP/1.1\r\nHost: erp.example\r\n\r\n'
const MOST = 2

let upstream: RawUpstream
let plane: DataPlane
/** One listener with a short time for handshakes, one with a long one. */
let [short, long] = [0, 0]
const sockets: Socket[] = []

beforeAll(async () => {
  upstream = await RawUpstream.start()
  ;[short, long] = [await freePort(), await freePort()]
  const [files] = await certificateFiles({ names: ['erp.example'] })
  const { certFile, keyFile } = files!
  const tls = { certificates: [{ certFile, keyFile }], maxHandshakes: MOST }
  const config = {
    listeners: [
      { name: 'short', address: `127.0.0.1:${short}`, tls: { ...tls, handshakeTimeout: '300ms' } },
      { name: 'long', address: `127.0.0.1:${long}`, tls: { ...tls, handshakeTimeout: '10m' } },
    ],
    routes: [{ pool: 'erp' }],
    pools: { erp: { health: 'off', upstreams: [{ name: 'erp-1', url: `http://127.0.0.1:${upstream.port}` }] } },
    workers: 1,
  }
  plane = await startDataPlane(config, { tls: await material('erp.example') })
})

afterEach(async () => {
  closeClients()
  for (const socket of sockets.splice(0)) socket.destroy()
  await until('no handshake is left', () => gauge(GAUGE.handshakes) + gauge(GAUGE.handshakesWaiting) === 0)
})

afterAll(async () => {
  await plane?.stop()
  await upstream.close()
})

async function material(name: string): Promise<TlsMaterial> {
  const { cert, key } = await makeCertificate({ names: [name] })
  const certificate = { listeners: ['short', 'long'], names: [name], keyType: 'ecdsa', isDefault: true } as const
  return { certificates: [{ ...certificate, cert, key }], ticketKeys: new Uint8Array(48) }
}

const gauge = (cell: 6 | 7) => plane.counters.gauge(SLOT_OF_VIGIA, cell)
const failures = (reason: (typeof HANDSHAKE_FAILURES)[number]) =>
  plane.counters.own(WORKER.firstHandshakeFailure + HANDSHAKE_FAILURES.indexOf(reason))

/** The first message of a client, which then says no more. */
async function silentHello(port: number): Promise<Socket> {
  const hello = await helloOf({ servername: 'erp.example' })
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(hello)
  sockets.push(socket)
  return socket
}

async function serves(port: number): Promise<number> {
  const client = await RawClient.secure(port)
  client.send(GET)
  const { status } = await client.response()
  client.close()
  return status
}

test('a client that does not finish its handshake in time is disconnected and counted, whatever it has sent', async () => {
  const before = failures('timeout')
  const mute = connect(short, '127.0.0.1')
  sockets.push(mute)
  const ended = [mute, await silentHello(short)].map(
    socket => new Promise(resolve => socket.once('close', resolve).resume()),
  )
  await Promise.all(ended)
  expect(failures('timeout') - before).toBe(2)
  expect(gauge(GAUGE.handshakes)).toBe(0)
})

test('so many at once, the others wait in order until one has ended', async () => {
  const stuck = [await silentHello(long), await silentHello(long)]
  await until('both are in progress', () => gauge(GAUGE.handshakes) === MOST)
  const served = serves(long)
  await until('the next one waits', () => gauge(GAUGE.handshakesWaiting) === 1)
  stuck[0]?.destroy()
  expect(await served).toBe(200)
  await until('the other is in progress still', () => gauge(GAUGE.handshakes) === 1)
  expect(gauge(GAUGE.handshakesWaiting)).toBe(0)
})

test('one that resets while it waits gives nothing back that it has not had', async () => {
  const stuck = [await silentHello(long), await silentHello(long)]
  await until('both are in progress', () => gauge(GAUGE.handshakes) === MOST)
  const waiting = await silentHello(long)
  await until('the third waits', () => gauge(GAUGE.handshakesWaiting) === 1)
  waiting.resetAndDestroy()
  await until('nobody waits', () => gauge(GAUGE.handshakesWaiting) === 0)
  expect(gauge(GAUGE.handshakes)).toBe(MOST)
  for (const each of stuck) each.destroy()
  await until('none is in progress', () => gauge(GAUGE.handshakes) === 0)
  expect(await serves(long)).toBe(200)
})

test('a connection that looks at the port and leaves is no failure', async () => {
  const all = () => HANDSHAKE_FAILURES.reduce((sum, reason) => sum + failures(reason), 0)
  const before = all()
  const socket = connect(long, '127.0.0.1', () => socket.end())
  await new Promise(resolve => socket.once('close', resolve).resume())
  expect(all()).toBe(before)
})

test('other certificates are shown at once, and connections go on', async () => {
  const kept = await RawClient.secure(long)
  await plane.tell({ type: 'tls', material: await material('new.example') })
  const fresh = await RawClient.secure(long)
  expect(fresh.tls.getPeerCertificate().subjectaltname).toBe('DNS:new.example')
  kept.send(GET)
  expect((await kept.response()).status).toBe(200)
})
