// Reloads of a real vigia, by its files: what is the same stays as it was, what goes ends by itself, what is bad changes nothing.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { ConfigurationReport } from '../../../src/admin/contract/status.ts'
import { freePort } from '../../support/free-port.ts'
import { answerEcho, ok } from '../../support/raw-answers.ts'
import { exchange, RawClient } from '../../support/raw-client.ts'
import { RawUpstream } from '../../support/raw-upstream.ts'
import { until } from '../../support/until.ts'
import { startVigia, type Vigia } from '../../support/vigia.ts'

const GET = 'GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n'
const POST = 'POST /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\nhi'
const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n'

let vigia: Vigia
let upstreams: RawUpstream[]
beforeAll(async () => {
  upstreams = [await RawUpstream.start(), await RawUpstream.start()]
  vigia = await startVigia({ upstreams: upstreams.map(({ port }) => port) })
})
beforeEach(async () => {
  // Each test begins with the same configuration, in a plain file.
  rmSync(vigia.configFile, { recursive: true, force: true })
  await apply(document())
  for (const each of upstreams) await each.forget(answerEcho)
})
afterEach(() => Promise.all(closing.splice(0).map(close => close())))
afterAll(async () => {
  try {
    await vigia?.stop()
  } finally {
    await Promise.all(upstreams.map(each => each.close()))
  }
})

const closing: (() => unknown)[] = []
const node = (i: number, more = {}) => ({
  name: `erp-${i}`,
  url: `http://127.0.0.1:${upstreams[i - 1]!.port}`,
  ...more,
})

/** The usual configuration with other keys of its pool, or of the whole. */
function document(pool: object = {}, more: object = {}): object {
  return {
    workers: 1,
    listeners: [{ name: 'web', address: `127.0.0.1:${vigia.port}` }],
    routes: [{ pool: 'erp' }],
    pools: { erp: { health: 'off', upstreams: [node(1), node(2)], ...pool } },
    admin: { address: `127.0.0.1:${vigia.adminPort}` },
    ...more,
  }
}

const configuration = async () => (await vigia.status()).configuration
const upstreamNamed = async (name: string) =>
  (await vigia.status()).pools.flatMap(pool => pool.upstreams).find(each => each.name === name)

/** Writes the file and asks for it; resolves when that is done, whatever came of it. */
async function apply(wanted: object | string): Promise<ConfigurationReport> {
  const before = (await configuration()).lastReload?.at
  writeFileSync(`${vigia.configFile}.new`, typeof wanted === 'string' ? wanted : stringify(wanted))
  renameSync(`${vigia.configFile}.new`, vigia.configFile)
  vigia.kill('SIGHUP')
  return until('the reload is over', async () => {
    const now = await configuration()
    return now.lastReload?.at === before ? undefined : now
  })
}

/** Does something with files; resolves when vigia has taken over a document with this value of `via` without being asked. */
async function seesVia(via: string, change: (text: string) => void): Promise<void> {
  change(stringify(document({}, { headers: { via } })))
  await until(`${via} is in use`, async () => (await shown()).includes(via), { everyMs: 20 })
}

/** What the upstream sees of a request. */
async function shown(): Promise<string> {
  const { responses } = await exchange(vigia.port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  expect(responses.map(({ status }) => status)).toEqual([200])
  return responses[0]!.body.toString()
}

describe('a file that changes is taken over without being asked', () => {
  test('when it is written in place', () => seesVia('in-place', text => writeFileSync(vigia.configFile, text)))

  test('when another one is renamed over it', () =>
    seesVia('renamed', text => {
      writeFileSync(`${vigia.configFile}.tmp`, text)
      renameSync(`${vigia.configFile}.tmp`, vigia.configFile)
    }))

  test('when it is deleted and comes back', async () => {
    const { refused } = await reloads()
    rmSync(vigia.configFile)
    await seesVia('back', text => writeFileSync(vigia.configFile, text))
    expect((await reloads()).refused).toBe(refused)
  })

  test('when it is a link into a folder that is swapped, as Kubernetes does it', async () => {
    const folder = dirname(vigia.configFile)
    const put = (name: string, text: string) => {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, 'vigia.yaml'), text)
      symlinkSync(name, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    await seesVia('first', text => {
      put('..1', text)
      rmSync(vigia.configFile)
      symlinkSync('..data/vigia.yaml', vigia.configFile)
    })
    await seesVia('second', text => {
      put('..2', text)
      rmSync(join(folder, '..1'), { recursive: true })
    })
  })

  test('when a file that it names changes', async () => {
    const key = join(dirname(vigia.configFile), 'keys')
    writeFileSync(key, 'a'.repeat(32))
    await apply(document({ affinity: { cookie: 'A', keyFile: './keys' } }))
    const { revision } = await configuration()
    writeFileSync(key, `${'b'.repeat(32)}\n${'a'.repeat(32)}`)
    await until('the key is in use', async () => (await configuration()).revision > revision)
    await until('it is logged', () => vigia.stderr().includes('1 change: pool erp: affinity.keys changed'))
    expect(vigia.stderr()).not.toContain('bbbbbbbb')
  })
})

describe('a reload', () => {
  test('of the same file applies nothing', async () => {
    const before = await configuration()
    const after = await apply(`# only a comment\n${stringify(document())}`)
    expect(after).toMatchObject({ revision: before.revision, appliedAt: before.appliedAt, lastReload: { ok: true } })
  })

  test('with problems changes nothing, says each with its place, and is told by status and metrics', async () => {
    const before = await configuration()
    const bad = await apply(document({ upstreams: [{ ...node(1), weight: -1 }], nonsense: 1 }))
    expect(bad).toMatchObject({ revision: before.revision, lastReload: { ok: false } })
    expect(bad.lastReload?.error).toMatch(/vigia\.yaml:\d+:\d+: pools\.erp\.upstreams\[0\]\.weight: .* \(and 1 more\)$/)
    await until('each is logged', () =>
      /vigia\.yaml:\d+:\d+: nonsense|vigia\.yaml:\d+:\d+: pools\.erp\.nonsense/.test(vigia.stderr()),
    )
    expect(await vigia.metrics()).toContain('vigia_config_last_reload_success 0\n')
    expect(await shown()).toContain('GET /x HTTP/1.1')
    expect(await apply(document())).toMatchObject({ lastReload: { ok: true, error: null } })
    expect(await vigia.metrics()).toContain('vigia_config_last_reload_success 1\n')
  })

  test('that changes weight, limit and priority keeps the connections', async () => {
    await apply(document({ upstreams: [node(1)] }))
    const client = await RawClient.connect(vigia.port)
    closing.push(() => client.close())
    for (const more of [{}, { weight: 7 }, { maxConnections: 9 }, { priority: 3 }]) {
      await apply(document({ upstreams: [node(1, more)], idleTimeout: `${30 + Object.keys(more).length}s` }))
      client.send(GET)
      expect((await client.final()).status).toBe(200)
    }
    expect(upstreams[0]!.connections.length).toBe(1)
    expect(await upstreamNamed('erp-1')).toMatchObject({ connections: 1 })
  })

  test('leaves a dead node dead, and what it knows of the others', async () => {
    const dead = await freePort()
    const pool = (weight: number) => ({
      health: { type: 'tcp', interval: '100ms', fall: 2, rise: 2 },
      upstreams: [node(1, { weight }), { name: 'dead', url: `http://127.0.0.1:${dead}` }],
    })
    await apply(document(pool(1)))
    await until('the dead node is out', async () => (await upstreamNamed('dead'))?.state === 'out')
    await until('the other is available', async () => (await upstreamNamed('erp-1'))?.state === 'available')
    const before = [await upstreamNamed('dead'), await upstreamNamed('erp-1')]
    for (let weight = 2; weight < 6; weight += 1) {
      await apply(document(pool(weight)))
      const after = [await upstreamNamed('dead'), await upstreamNamed('erp-1')]
      expect(after.map(each => [each?.state, each?.since])).toEqual(before.map(each => [each?.state, each?.since]))
    }
  })

  test('that removes an upstream lets its requests and tunnels come to their own end', async () => {
    let finish = () => {}
    upstreams[1]!.answer = async ({ connection, method, whole }) => {
      await whole()
      if (method === 'POST') {
        finish = () => void connection.write(ok('done'))
        return
      }
      connection.takeOver()
      await connection.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
      await connection.when(({ received }) => received.includes('ping'))
      await connection.write('pong')
    }
    await apply(document({ upstreams: [node(2)] }))
    const [tunnel, client] = [await RawClient.connect(vigia.port), await RawClient.connect(vigia.port)]
    closing.push(() => tunnel.close())
    closing.push(() => client.close())
    tunnel.send(UPGRADE)
    await until('the tunnel is open', () => tunnel.pending.includes('101'))
    client.send(POST)
    await until('the request is in flight', async () => (await upstreamNamed('erp-2'))?.inFlight === 1)

    await apply(document({ upstreams: [node(1)] }))
    expect(await upstreamNamed('erp-2')).toBeUndefined()
    await until('it is said what holds', () =>
      vigia
        .stderr()
        .includes('upstream erp/erp-2 has left the configuration; 1 request in flight and 1 tunnel there go on'),
    )
    tunnel.send('ping')
    await until('the tunnel still carries bytes', () => tunnel.pending.includes('pong'))
    finish()
    expect((await client.final()).body.toString()).toBe('done')
    client.send(GET)
    expect((await client.final()).status).toBe(200)
    expect(upstreams[0]!.requests.length).toBe(1)
  })
})

describe('listeners of a reload', () => {
  const listener = (name: string, address: string) => ({ name, address })

  test('may be added, moved and removed, while the others serve on', async () => {
    const [first, second] = [await freePort(), await freePort()]
    const web = listener('web', `127.0.0.1:${vigia.port}`)
    const status = async (port: number) =>
      (await exchange(port, GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).responses[0]?.status
    await apply(document({}, { listeners: [web, listener('more', `127.0.0.1:${first}`)] }))
    expect(await status(first)).toBe(200)
    await apply(document({}, { listeners: [web, listener('more', `127.0.0.1:${second}`)] }))
    expect(await status(second)).toBe(200)
    await expect(RawClient.connect(first)).rejects.toThrow()
    await apply(document())
    await expect(RawClient.connect(second)).rejects.toThrow()
    expect(await status(vigia.port)).toBe(200)
  })

  test('may have another name: connections stay, and their next requests take the routes of that name', async () => {
    const client = await RawClient.connect(vigia.port)
    closing.push(() => client.close())
    client.send(GET)
    expect((await client.final()).status).toBe(200)
    const routes = [{ match: { listener: 'renamed' }, pool: 'erp' }]
    await apply(document({}, { listeners: [listener('renamed', `127.0.0.1:${vigia.port}`)], routes }))
    client.send(GET)
    expect((await client.final()).status).toBe(200)
  })

  test('may move from one address to all of them and back, on the same port', async () => {
    for (const host of ['0.0.0.0', '127.0.0.1']) {
      const outcome = await apply(document({}, { listeners: [listener('web', `${host}:${vigia.port}`)] }))
      expect(outcome.lastReload).toMatchObject({ ok: true })
      expect(await shown()).toContain('GET /x HTTP/1.1')
    }
  })

  test('that a worker cannot bind are refused: it goes back, and the former ones serve on', async () => {
    const inTheWay = await listenOn('127.0.0.2', vigia.port)
    closing.push(() => inTheWay.close())
    const before = await configuration()
    // Main can't see it beforehand: its own listener is in the way of the look.
    const after = await apply(document({}, { listeners: [listener('web', `0.0.0.0:${vigia.port}`)] }))
    expect(after.lastReload).toMatchObject({ ok: false, error: expect.stringContaining('EADDRINUSE') })
    expect(after.appliedAt).toBe(before.appliedAt)
    expect(await shown()).toContain('GET /x HTTP/1.1')
    expect((await vigia.status()).workers.map(({ state }) => state)).toEqual(['ready'])
  })

  test('trust the proxies that the new configuration names, also on a connection that was there before', async () => {
    const client = await RawClient.connect(vigia.port)
    closing.push(() => client.close())
    const claim = GET.replace('\r\n\r\n', '\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n')
    const told = async () => {
      client.send(claim)
      return (await client.final()).body.toString()
    }
    expect(await told()).not.toContain('10.1.2.3')
    await apply(document({ upstreams: [node(1)] }, { trustedProxies: ['127.0.0.1'] }))
    expect(await told()).toContain('10.1.2.3')
    await apply(document({ upstreams: [node(2)] }))
    expect(await told()).not.toContain('10.1.2.3')
  })
})

async function reloads(): Promise<Record<'applied' | 'unchanged' | 'refused', number>> {
  const text = await vigia.metrics()
  const value = (result: string) =>
    Number(new RegExp(`^vigia_config_reloads_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(text)?.[1])
  return { applied: value('applied'), unchanged: value('unchanged'), refused: value('refused') }
}

function listenOn(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port }, () => resolve(server))
  })
}
