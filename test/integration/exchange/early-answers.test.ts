// A server that answers an upload early, and closes with the rest of it unread: its answer is the client's, every time, and says
// nothing against the server.

import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import type { InDoubtReport } from '../../../src/admin/contract/in-doubt.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { closeClients, RawClient } from '../../support/raw-client.ts'
import { RefusingServer } from '../../support/refusing-server.ts'
import { amount } from '../../support/thorough.ts'
import { STUCK_MS, sleep } from '../../support/until.ts'
import { fetchText, type Vigia } from '../../support/vigia.ts'

const KIB = 1024
const MIB = 1024 * KIB
/** Of each upload: whether it is answered must not be a matter of luck. Large ones cost much, and are cut no differently. */
const TIMES = amount(30, 10)
const TIMES_LARGE = amount(30, 4)
const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\nConnection: close\r\n\r\nforbidden'
const tlsFile = (name: string) => new URL(`../../unit/control/fixtures/tls/${name}`, import.meta.url)

/** Each vigia's pool has a name, and with it counters, of its own. */
let pools = 0
/** In doubt before the test. */
let doubtsBefore = 0
const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  closeClients()
  for (const each of cleanUp.splice(0).reverse()) await each()
})

async function refusing(answer: string, secure = false): Promise<RefusingServer> {
  const pair = { key: readFileSync(tlsFile('node.key')), cert: readFileSync(tlsFile('node.crt')) }
  const server = await RefusingServer.start(answer, secure ? pair : undefined)
  cleanUp.push(() => server.close())
  return server
}

async function vigiaBefore(
  servers: readonly RefusingServer[],
  secure = false,
  config: Record<string, unknown> = {},
  buffer: unknown = 'auto',
): Promise<Vigia> {
  const tls = secure ? { tls: { caFile: tlsFile('ca.crt').pathname } } : {}
  const upstreams = servers.map(({ port }, i) => ({
    name: `erp-${i + 1}`,
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    ...tls,
  }))
  pools += 1
  const vigia = await lendVigia({ poolName: `early-${pools}`, pool: { upstreams, health: 'off', buffer }, config })
  cleanUp.push(() => vigia.stop())
  doubtsBefore = await doubts(vigia)
  return vigia
}

function upload(bytes: number, framing: 'length' | 'chunked'): Buffer {
  const head = 'POST /upload HTTP/1.1\r\nHost: a.example\r\n'
  const body = Buffer.alloc(bytes, 'a')
  if (framing === 'length') return Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes}\r\n\r\n`), body])
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), body.subarray(0, 65_536), Buffer.from('\r\n')])
  const chunks = Array.from({ length: bytes / 65_536 }, () => chunk)
  return Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), ...chunks, Buffer.from('0\r\n\r\n')])
}

/** @param from local address of the client @returns how often each outcome was seen */
async function outcomes(
  port: number,
  request: Buffer | string,
  times: number,
  from = '127.0.0.1',
): Promise<Record<string, number>> {
  const seen: Record<string, number> = {}
  for (let i = 0; i < times; i += 1) {
    const client = await RawClient.connect(port, { from })
    client.send(request)
    const outcome = await client.final('POST').then(
      ({ status, body }) => `${status} ${body.toString('latin1').slice(0, 20)}`,
      (error: Error) => error.message,
    )
    client.close()
    seen[outcome] = (seen[outcome] ?? 0) + 1
  }
  return seen
}

const states = async (vigia: Vigia) => (await vigia.status()).pools[0]!.upstreams.map(({ state }) => state)

const doubts = async ({ adminPort }: Vigia) =>
  (JSON.parse((await fetchText(adminPort, '/in-doubt')).body) as InDoubtReport).total
const inDoubt = async (vigia: Vigia) => (await doubts(vigia)) - doubtsBefore

describe.each([
  { kind: 'plain', secure: false },
  { kind: 'TLS', secure: true },
])('an upload that a $kind upstream refuses, closing with it unread', ({ secure }) => {
  test.each([
    { size: '64 KiB', bytes: 64 * KIB, times: TIMES },
    { size: '256 KiB', bytes: 256 * KIB, times: TIMES },
    { size: '1 MiB', bytes: MIB, times: TIMES },
    { size: '20 MiB', bytes: 20 * MIB, times: TIMES_LARGE },
  ])('of $size brings the client its answer, $times of $times times', async ({ bytes, times }) => {
    const server = await refusing(FORBIDDEN, secure)
    const vigia = await vigiaBefore([server], secure)
    expect(await outcomes(vigia.port, upload(bytes, 'length'), times)).toEqual({ '403 forbidden': times })
    expect(await outcomes(vigia.port, upload(bytes, 'chunked'), times)).toEqual({ '403 forbidden': times })
    expect(server.heads).toBe(2 * times)
    expect(await inDoubt(vigia)).toBe(0)
    const report = (await vigia.status()).pools[0]?.upstreams[0]
    expect(report?.failures).toEqual({ connect: 0, transport: 0, timeout: 0 })
    expect(report?.state).toBe('available')
  })

  test('of 8 MiB that was gathered before, too', async () => {
    const server = await refusing(FORBIDDEN, secure)
    const vigia = await vigiaBefore([server], secure, {}, { request: { memory: '16KiB' } })
    const before = (await vigia.status()).buffers!.requests
    expect(await outcomes(vigia.port, upload(8 * MIB, 'chunked'), TIMES_LARGE)).toEqual({
      '403 forbidden': TIMES_LARGE,
    })
    expect((await vigia.status()).buffers!.requests - before).toBe(TIMES_LARGE)
    expect([server.heads, await inDoubt(vigia)]).toEqual([TIMES_LARGE, 0])
  })
})

describe('an early answer that only the end of the connection ends', () => {
  const UNTIL_CLOSE = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nforbidden'

  test.each([
    { size: '1 MiB', bytes: MIB },
    { size: '20 MiB', bytes: 20 * MIB },
  ])('is passed on, visibly cut by the reset ($size): the refusal stands, nothing is in doubt', async ({ bytes }) => {
    const vigia = await vigiaBefore([await refusing(UNTIL_CLOSE)])
    for (let i = 0; i < 6; i += 1) {
      const client = await RawClient.connect(vigia.port)
      client.send(upload(bytes, 'length'))
      const { responses, rest, ending } = await client.untilClosed(['POST'])
      expect([responses.length, ending]).toEqual([0, 'fin'])
      expect(rest.toString('latin1')).toMatch(/^HTTP\/1.1 403 .*\r\n\r\n9\r\nforbidden\r\n$/s)
      client.close()
    }
    expect(await inDoubt(vigia)).toBe(0)
    const report = (await vigia.status()).pools[0]?.upstreams[0]
    expect(report?.failures).toEqual({ connect: 0, transport: 0, timeout: 0 })
  })
})

describe('what one client meets does not eject an upstream', () => {
  test('where its uploads are refused by a reset without an answer', async () => {
    const vigia = await vigiaBefore([await refusing(''), await refusing('')])
    await outcomes(vigia.port, upload(MIB, 'length'), 24)
    const reports = (await vigia.status()).pools[0]!.upstreams
    expect(reports.map(({ failures }) => failures.transport >= 5)).toEqual([true, true])
    expect(await states(vigia)).toEqual(['available', 'available'])
  })

  test('where its GET fails on every upstream', async () => {
    const vigia = await vigiaBefore([await refusing(''), await refusing('')])
    await outcomes(vigia.port, `GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=${'b'.repeat(8000)}\r\n\r\n`, 24)
    expect(await states(vigia)).toEqual(['available', 'available'])
  })

  test('but what several meet does', async () => {
    const vigia = await vigiaBefore([await refusing(''), await refusing('')])
    for (const from of ['127.0.0.2', '127.0.0.3']) await outcomes(vigia.port, upload(MIB, 'length'), 16, from)
    expect((await states(vigia)).toSorted()).toEqual(['available', 'out'])
  })
})

describe('vigia’s own early answer', () => {
  const LIMITED = { limits: { body: '1MiB' } }
  const HEAD = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${40 * MIB}\r\n\r\n`

  test('reaches a client that reads only once it has sent all, slowly', async () => {
    const vigia = await vigiaBefore([await refusing(FORBIDDEN)], false, LIMITED)
    const client = await RawClient.connect(vigia.port)
    client.socket.pause()
    client.send(HEAD)
    // For longer than a connection without input is kept.
    for (let sent = 0; sent < 40; sent += 1) {
      await client.sendPieces([Buffer.alloc(MIB, 'a')], 100)
      expect(client.ending).toBe('open')
    }
    client.socket.resume()
    expect((await client.final('POST')).status).toBe(413)
    expect((await client.untilClosed()).ending).toBe('fin')
  })

  test('is waited with for 5 s without input, and 30 s in all', async () => {
    const vigia = await vigiaBefore([await refusing(FORBIDDEN)], false, LIMITED)
    const lasts = async (sends: boolean): Promise<number> => {
      const client = await RawClient.connect(vigia.port)
      client.send(HEAD)
      expect((await client.final('POST')).status).toBe(413)
      const begunMs = performance.now()
      // Whoever writes on after the close learns of it by a reset.
      while (!client.socket.destroyed && performance.now() - begunMs < STUCK_MS) {
        if (sends || performance.now() - begunMs > 4000) client.send('a')
        await sleep(sends ? 500 : 8000)
      }
      return performance.now() - begunMs
    }
    const [idle, busy] = await Promise.all([lasts(false), lasts(true)])
    expect(idle).toBeLessThan(busy)
    expect(busy).toBeGreaterThan(29_000)
    expect(busy).toBeLessThan(STUCK_MS)
  })
})
