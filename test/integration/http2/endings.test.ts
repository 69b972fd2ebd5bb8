// How a connection of HTTP/2 ends: told by GOAWAY, first without and then with the last stream, so that nothing that is under way is lost.

import { afterEach, describe, expect, test } from 'vitest'
import type { Field } from '../../support/http2/block-encoder.ts'
import { ACK, frame, PING, RST_STREAM } from '../../support/http2/frames.ts'
import { RawH2 } from '../../support/http2/raw-h2.ts'
import { type LentSetup, lendVigia } from '../../support/lent-vigia.ts'
import { answerOk, ok } from '../../support/raw-answers.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { IN_TIME, until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const ALL_STREAMS = 2 ** 31 - 1
const NO_ERROR = 0
const ENHANCE_YOUR_CALM = 11

let vigia: Vigia | undefined
let upstream: RawUpstream | undefined
let client: RawH2 | undefined
afterEach(async () => {
  client?.close()
  await vigia?.stop().catch(() => {})
  await upstream?.close()
  vigia = undefined
})

/** An upstream that answers `/held` when it is let. */
async function begin(
  setup: LentSetup = {},
  starts = lendVigia,
): Promise<{ vigia: Vigia; client: RawH2; let: () => void }> {
  let go = () => {}
  const held = new Promise<void>(resolve => {
    go = resolve
  })
  upstream = await RawUpstream.start(async arrival => {
    if (arrival.target !== '/held') return answerOk(arrival)
    await arrival.whole()
    await held
    await arrival.connection.write(ok('at last'))
  })
  vigia = await starts({ ...setup, http2: true, upstreams: [upstream.port] })
  client = await RawH2.open(vigia.port)
  return { vigia, client, let: go }
}

const floods = async (vigia: Vigia) =>
  Number(/^vigia_http2_faults_total\{reason="ping-flood"\} (\d+)$/m.exec(await vigia.metrics())?.[1])

const isUpstream = (path: string) =>
  until(`${path} is upstream`, () => upstream!.received.toString('latin1').includes(`GET ${path} `))

describe('a stop', () => {
  test(
    'is told twice; what is under way and what comes in between is answered, what comes later refused',
    IN_TIME,
    async () => {
      const { vigia, client, let: go } = await begin({}, startVigia)
      await client.send(client.request(1, '/held'))
      await isUpstream('/held')
      const stopped = vigia.stop()
      await client.when('the first GOAWAY', () => client.goAways.length === 1)
      expect(client.goAways).toEqual([{ last: ALL_STREAMS, code: NO_ERROR }])
      await client.send(client.request(3, '/between'))
      expect(await client.answered(3)).toBe('GET /between')
      await client.pong()
      await client.when('the second GOAWAY', () => client.goAways.length === 2)
      expect(client.goAways[1]).toEqual({ last: 3, code: NO_ERROR })
      await client.send(client.request(5, '/late'))
      await client.when('it is refused', () => client.of(RST_STREAM, 5).length === 1)
      expect(client.of(RST_STREAM, 5)[0]!.payload.readUInt32BE(0)).toBe(7)
      go()
      expect(await client.answered(1)).toBe('at last')
      await client.when('the connection ends', () => client.ending === 'fin')
      client.close()
      await stopped
    },
  )

  test('waits for no client that answers no PING', async () => {
    const { vigia, client } = await begin({}, startVigia)
    await client.send(client.request(1, '/'))
    await client.answered(1)
    const stopped = vigia.stop()
    await client.when('the second GOAWAY', () => client.goAways.length === 2)
    await client.when('the connection ends', () => client.ending === 'fin')
    client.close()
    await stopped
  })

  test('answers at its deadline what has no answer, in doubt or not', async () => {
    const { vigia, client } = await begin({ config: { shutdown: '500ms' } }, startVigia)
    const fields: Field[] = [['accept', 'application/json']]
    await client.send(client.request(1, '/held', { fields }), client.request(3, '/held', { method: 'POST', fields }))
    await until('both are upstream', () => upstream!.received.toString('latin1').split('/held').length === 3)
    const stopped = vigia.stop()
    const [first, second] = [await client.answered(1), await client.answered(3)]
    expect(first).toContain('stopping')
    expect(second).toContain('in-doubt')
    await client.when('the connection ends', () => client.ending === 'fin')
    client.close()
    await stopped
  })
})

test(
  'a listener that leaves the configuration ends its connections so, and a reload that keeps it does not',
  IN_TIME,
  async () => {
    const { vigia, client, let: go } = await begin()
    const other = { name: 'other', address: '127.0.0.1:0' }
    const web = { name: 'web', address: `127.0.0.1:${vigia.port}`, http2: true }
    await client.send(client.request(1, '/held'))
    await isUpstream('/held')
    const loads = async () => (await vigia.status()).configuration.revision
    const reload = async (listeners: readonly object[]) => {
      const before = await loads()
      await vigia.writeConfig({ listeners })
      vigia.kill('SIGHUP')
      await until('it is loaded', async () => (await loads()) > before)
    }
    await reload([web, other])
    await client.send(client.request(3, '/after'))
    expect(await client.answered(3)).toBe('GET /after')
    expect(client.goAways).toEqual([])
    await reload([other])
    await client.when('the first GOAWAY', () => client.goAways.length === 1)
    // What a client sends before it knows has a route all the same.
    await client.send(client.request(5, '/between'))
    expect(await client.answered(5)).toBe('GET /between')
    await client.pong()
    go()
    expect(await client.answered(1)).toBe('at last')
    await client.when('the connection ends', () => client.ending === 'fin')
    expect(client.goAways).toEqual([
      { last: ALL_STREAMS, code: NO_ERROR },
      { last: 5, code: NO_ERROR },
    ])
  },
)

describe('a connection', () => {
  test('that has been idle for timeouts.keepAlive is told, and ends', IN_TIME, async () => {
    const { client } = await begin({ config: { timeouts: { keepAlive: '300ms' } } })
    await client.send(client.request(1, '/'))
    await client.answered(1)
    await client.when('the connection ends', () => client.ending === 'fin')
    expect(client.goAways).toEqual([{ last: 1, code: NO_ERROR }])
  })

  test('that stops within a header block ends after timeouts.head', async () => {
    const { client } = await begin({ config: { timeouts: { head: '300ms' } } })
    await client.send(client.request(1, '/').subarray(0, 20))
    await client.when('the connection ends', () => client.ending !== 'open')
  })

  test('whose client finishes sending still gets its answer', async () => {
    const { client, let: go } = await begin({ config: { timeouts: { halfClosed: '60s' } } })
    await client.send(client.request(1, '/held'))
    await isUpstream('/held')
    client.socket.end()
    go()
    expect(await client.answered(1)).toBe('at last')
  })

  test('that floods is ended with a word in the log, and counted', async () => {
    const { vigia, client } = await begin()
    const before = await floods(vigia)
    const ping = frame(PING, 0, 0, Buffer.alloc(8))
    await client.send(...Array.from({ length: 2000 }, () => ping))
    await client.when('the GOAWAY', () => client.goAways.length > 0)
    expect(client.goAways.at(-1)?.code).toBe(ENHANCE_YOUR_CALM)
    await client.when('the connection ends', () => client.ending !== 'open')
    expect(client.of(PING).every(({ flags }) => flags === ACK)).toBe(true)
    expect(await floods(vigia)).toBe(before + 1)
    await until('it is logged', () =>
      vigia.stderr().includes('listener web: the HTTP/2 connection of 127.0.0.1 was ended: ping-flood'),
    )
  })
})
