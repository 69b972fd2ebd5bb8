// A client stays with its upstream: by vigia's own signed cookie, or by what the application or its address says.

import { afterEach, describe, expect, test } from 'vitest'
import { lendVigia } from '../../support/lent-vigia.ts'
import { ok } from '../../support/raw-answers.ts'
import { ask } from '../../support/raw-client.ts'
import { type Answer, RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import type { Vigia } from '../../support/vigia.ts'
import { field } from '../../support/wire.ts'

const KEY = 'a-secret-of-at-least-thirty-two-characters'
const OTHER_KEY = 'another-secret-of-at-least-32-characters'

let upstreams: RawUpstream[] = []
let vigia: Vigia
afterEach(async () => {
  await vigia.stop()
  for (const upstream of upstreams) await upstream.close().catch(() => {})
})

const named =
  (name: string): Answer =>
  async arrival => {
    await arrival.whole()
    await arrival.connection.write(ok(name))
  }

async function setUp(affinity: object, pool: object = {}): Promise<void> {
  upstreams = await Promise.all(['1', '2', '3'].map(name => RawUpstream.start(named(name))))
  await start(affinity, pool)
}

async function start(affinity: object, pool: object = {}): Promise<void> {
  vigia = await lendVigia({
    upstreams: upstreams.map(upstream => upstream.port),
    pool: { balance: 'round-robin', affinity, ...pool },
  })
}

interface Seen {
  readonly status: number
  readonly upstream: string
  readonly setCookie: string | undefined
}

async function get(fields = ''): Promise<Seen> {
  const answer = await ask(vigia.port, `GET / HTTP/1.1\r\nHost: a.example\r\n${fields}\r\n`)
  return { status: answer.status, upstream: answer.body.toString(), setCookie: field(answer, 'set-cookie') }
}

const cookieOf = ({ setCookie }: Seen): string => `Cookie: x=y; ${setCookie?.split(';')[0]}; z\r\n`

async function upstreamsOf(fields: string, times = 9): Promise<string[]> {
  const all = new Set<string>()
  for (let i = 0; i < times; i += 1) all.add((await get(fields)).upstream)
  return [...all].toSorted()
}

describe('by vigia’s own cookie', () => {
  test('a new client gets one, and stays where it was as long as it brings it', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const first = await get()
    expect(first.setCookie).toMatch(/^VIGIA=[\w.-]+; Path=\/; Max-Age=28800; HttpOnly; SameSite=Lax$/i)
    expect(await upstreamsOf(cookieOf(first))).toEqual([first.upstream])
    expect((await get(cookieOf(first))).setCookie).toBeUndefined()
    expect(await upstreamsOf('')).toEqual(['1', '2', '3'])
  })

  test('the cookie tells neither name nor address', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const { setCookie = '' } = await get()
    expect(setCookie).not.toMatch(/erp|127\.0/)
    for (const { port } of upstreams) expect(setCookie).not.toContain(String(port))
    expect(Buffer.from(setCookie.split('=')[1]!.split('.')[0]!, 'base64url').toString('latin1')).not.toMatch(/erp/)
  })

  test('one that was changed, or signed with another key, counts as none', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const good = cookieOf(await get())
    const changed = good.replace(/(.); z/, (_, last: string) => `${last === 'A' ? 'B' : 'A'}; z`)
    expect((await get(changed)).setCookie).toMatch(/^VIGIA=/)
    expect(await upstreamsOf(changed)).toEqual(['1', '2', '3'])
    await vigia.stop()
    await start({ cookie: 'VIGIA', keys: [OTHER_KEY] })
    expect((await get(good)).setCookie).toMatch(/^VIGIA=/)
  })

  test('another instance with the same key honours it, and after a change of keys it is renewed', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const first = await get()
    await vigia.stop()
    await start({ cookie: 'VIGIA', keys: [OTHER_KEY, KEY] })
    const again = await get(cookieOf(first))
    expect(again.upstream).toBe(first.upstream)
    expect(again.setCookie).toMatch(/^VIGIA=/)
    expect((await get(cookieOf(again))).setCookie).toBeUndefined()
  })

  test('of two cookies the one that verifies counts', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const first = await get()
    const pair = first.setCookie!.split(';')[0]!
    const both = await get(`Cookie: VIGIA=of-another-path; ${pair}\r\n`)
    expect(both.setCookie).toBeUndefined()
    expect(await upstreamsOf(`Cookie: VIGIA=of-another-path\r\nCookie: ${pair}\r\n`)).toEqual([first.upstream])
  })

  test('is never on an answer that a shared cache gives to others', async () => {
    upstreams = [
      await RawUpstream.start(async arrival => {
        const { target } = await arrival.whole()
        const control = target === '/' ? '' : `Cache-Control: ${target.slice(1)}\r\n`
        await arrival.connection.write(`HTTP/1.1 200 OK\r\n${control}Content-Length: 0\r\n\r\n`)
      }),
    ]
    await start({ cookie: 'VIGIA', keys: [KEY] })
    const seen = async (target: string) => {
      const answer = await ask(vigia.port, `GET ${target} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      return [field(answer, 'set-cookie')?.slice(0, 6), field(answer, 'cache-control')]
    }
    expect(await seen('/max-age=60')).toEqual([undefined, 'max-age=60'])
    expect(await seen('/')).toEqual(['VIGIA=', 'private'])
    expect(await seen('/no-cache')).toEqual(['VIGIA=', 'no-cache, private'])
  })

  test('is Secure where a trusted proxy says that the client came by TLS', async () => {
    upstreams = [await RawUpstream.start(named('1'))]
    vigia = await lendVigia({
      upstreams: upstreams.map(upstream => upstream.port),
      pool: { affinity: { cookie: 'VIGIA', keys: [KEY] } },
      config: { trustedProxies: ['127.0.0.0/8'] },
    })
    expect((await get('X-Forwarded-Proto: https\r\n')).setCookie).toMatch(/; Secure/i)
    expect((await get('X-Forwarded-Proto: https, http\r\n')).setCookie).toMatch(/; Secure/i)
    expect((await get()).setCookie).not.toMatch(/Secure/i)
  })

  test('a client whose upstream is gone goes to another one and stays there', async () => {
    await setUp({ cookie: 'VIGIA', keys: [KEY] })
    const first = await get()
    await upstreams[Number(first.upstream) - 1]?.close()
    const second = await get(cookieOf(first))
    expect(second.status).toBe(200)
    expect(second.upstream).not.toBe(first.upstream)
    expect(second.setCookie).toMatch(/^VIGIA=/)
    expect(await upstreamsOf(cookieOf(second))).toEqual([second.upstream])
  })

  test('such a client gets a 503 where the pool says so, others don’t', async () => {
    await setUp(
      { cookie: 'VIGIA', keys: [KEY], gone: 'fail' },
      { retry: { attempts: 1 }, health: { interval: '100ms', fall: 1 } },
    )
    const first = await get()
    await upstreams[Number(first.upstream) - 1]?.close()
    await until('the client is told', async () => (await get(cookieOf(first))).status === 503)
    expect((await get()).status).toBe(200)
  })
})

describe('by what the application says', () => {
  test('the same session goes to the same upstream, sessions spread over all', async () => {
    await setUp({ follow: 'cookie:session_id' })
    const homes = new Set<string>()
    for (let session = 0; session < 20; session += 1) {
      const own = await upstreamsOf(`Cookie: a=b; session_id=s${session}\r\n`, 4)
      expect(own).toHaveLength(1)
      homes.add(own[0]!)
    }
    expect([...homes].toSorted()).toEqual(['1', '2', '3'])
    expect((await get('Cookie: session_id=s1\r\n')).setCookie).toBeUndefined()
  })

  test('a request without the session is balanced as usual', async () => {
    await setUp({ follow: 'header:X-Broker' })
    expect(await upstreamsOf('')).toEqual(['1', '2', '3'])
    expect(await upstreamsOf('X-Broker: 7\r\n')).toHaveLength(1)
  })

  test('only the sessions of an upstream that is gone move', async () => {
    await setUp({ follow: 'cookie:sid' })
    const home = async (session: number) => (await get(`Cookie: sid=s${session}\r\n`)).upstream
    const before: string[] = []
    for (let session = 0; session < 12; session += 1) before.push(await home(session))
    await upstreams[0]?.close()
    for (let session = 0; session < 12; session += 1) {
      const now = await home(session)
      if (before[session] === '1') expect(['2', '3']).toContain(now)
      else expect(now).toBe(before[session])
    }
  })
})

test('by address, one client has one upstream', async () => {
  await setUp({ by: 'address' })
  expect(await upstreamsOf('')).toHaveLength(1)
})
