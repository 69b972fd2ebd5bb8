// Two sites: the second gets users only when the first can't serve, and says so; load that had to move there returns by itself, or when an
// operator asks for a failback.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { PoolReport } from '../../../src/admin/contract/pools.ts'
import { vigiaCommand } from '../../support/command.ts'
import { lendVigia } from '../../support/lent-vigia.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia } from '../../support/vigia.ts'

const HEALTH = { path: '/health', interval: '1s', unsureInterval: '20ms', downInterval: '1s', rise: 1, fall: 2 }

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A node whose probe can be held back, and told to fail. */
async function site(name: string) {
  const state = { well: true, probed: Promise.resolve() }
  const server: Server = createServer(async (request, response) => {
    if (request.url !== '/health') return response.end(name)
    await state.probed
    response.writeHead(state.well ? 200 : 503).end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { state, port: (server.address() as AddressInfo).port }
}

/** The last port is the second site. */
async function twoSites(
  failback: 'manual' | 'automatic',
  ports: readonly number[],
  { health = {}, by = lendVigia } = {},
): Promise<Vigia> {
  const second = ports.length - 1
  const upstreams = ports.map((port, at) => ({
    name: `site-${at}`,
    url: `http://127.0.0.1:${port}`,
    priority: at === second ? 1 : 0,
  }))
  const vigia = await by({
    pool: {
      upstreams,
      failback,
      health: { ...HEALTH, ...health },
      affinity: { cookie: 'node', keys: ['k'.repeat(32)] },
    },
    config: { workers: 2 },
  })
  cleanUps.push(() => vigia.stop())
  return vigia
}

const poolOf = async (vigia: Vigia): Promise<PoolReport> => (await vigia.status()).pools[0]!
const stateOf = async (vigia: Vigia, at: number) => (await poolOf(vigia)).upstreams[at]!.state
const served = async (vigia: Vigia) => {
  const bodies = new Set<string>()
  for (let i = 0; i < 6; i += 1) bodies.add((await fetchText(vigia.port, '/')).body)
  return [...bodies]
}

test('load stays on the second site until it is told to return', async () => {
  const [first, second] = [await site('first'), await site('second')]
  const vigia = await twoSites('manual', [first.port, second.port])
  const failback = () => vigiaCommand(['failback', 'erp', '--admin', `http://127.0.0.1:${vigia.adminPort}`])
  await until('both are up', async () => (await poolOf(vigia)).available === 2)
  expect(await served(vigia)).toEqual(['first'])

  first.state.well = false
  await until('the first is out', async () => (await stateOf(vigia, 0)) === 'out')
  expect(await served(vigia)).toEqual(['second'])
  const early = await failback()
  expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('nothing before priority 1')])

  first.state.well = true
  await until('the first is back', async () => (await stateOf(vigia, 0)) === 'available')
  expect(await served(vigia)).toEqual(['second'])
  expect((await poolOf(vigia)).priorities).toMatchObject({ inUse: 1, floor: 1, awaitsFailback: 0 })
  const { stdout } = await vigiaCommand(['status', '--admin', `http://127.0.0.1:${vigia.adminPort}`])
  expect(stdout).toContain('priority 0 can serve again and waits for: vigia failback erp')

  expect(await failback()).toMatchObject({ code: 0, stdout: 'pool erp is served by priority 0\n' })
  expect(await served(vigia)).toEqual(['first'])
})

test('where the second site fails while the first waits, the first serves at once', async () => {
  const [first, second] = [await site('first'), await site('second')]
  const vigia = await twoSites('manual', [first.port, second.port])
  await until('both are up', async () => (await poolOf(vigia)).available === 2)
  first.state.well = false
  await until('the load has moved', async () => (await poolOf(vigia)).priorities.floor === 1)
  first.state.well = true
  await until('the first is back', async () => (await stateOf(vigia, 0)) === 'available')
  second.state.well = false
  await until('the second is out', async () => (await stateOf(vigia, 1)) === 'out')
  expect(await served(vigia)).toEqual(['first'])
})

test('at boot a second site that is known first does not keep the load', async () => {
  const [first, second] = [await site('first'), await site('second')]
  const { promise, resolve: letGo } = Promise.withResolvers<void>()
  first.state.probed = promise
  const vigia = await twoSites('manual', [first.port, second.port], {
    health: { interval: '30s', timeout: '30s', downInterval: '30s' },
  })
  await until('the second is up', async () => (await stateOf(vigia, 1)) === 'available')
  expect(await stateOf(vigia, 0)).toBe('unknown')
  expect(await served(vigia)).toEqual(['second'])
  letGo()
  await until('the first is up', async () => (await stateOf(vigia, 0)) === 'available')
  expect(await served(vigia)).toEqual(['first'])
})

test('draining the first site moves the load, and its return waits for the operator as well', async () => {
  const [first, second] = [await site('first'), await site('second')]
  const vigia = await twoSites('manual', [first.port, second.port])
  const admin = ['--admin', `http://127.0.0.1:${vigia.adminPort}`]
  await until('both are up', async () => (await poolOf(vigia)).available === 2)
  const drain = ['drain', 'erp/site-0', '--reason', 'patching', ...admin]
  expect(await vigiaCommand(drain)).toMatchObject({
    code: 1,
    stderr:
      'vigia: drain erp/site-0 is refused: nothing of priority 0 of pool erp would be left: its users would be served by priority 1, site-1; ask with --force if that is meant\n',
  })
  await vigiaCommand([...drain, '--force'])
  expect(await served(vigia)).toEqual(['second'])
  await vigiaCommand(['enable', 'erp/site-0', ...admin])
  expect(await served(vigia)).toEqual(['second'])
})

test('a second site gets nobody while one node of the first serves, and is announced from its first user to its last', async () => {
  const [first, other, second] = [await site('first'), await site('other'), await site('second')]
  const vigia = await twoSites('automatic', [first.port, other.port, second.port], { by: startVigia })
  const standby = async () => (await poolOf(vigia)).priorities.standby
  const gauge = async () => /^vigia_pool_standby_active\{.*\} (.)$/m.exec(await vigia.metrics())?.[1]
  await until('all are up', async () => (await poolOf(vigia)).available === 3)

  first.state.well = false
  await until('one of the first site is out', async () => (await stateOf(vigia, 0)) === 'out')
  for (let i = 0; i < 30; i += 1) expect((await fetchText(vigia.port, '/')).body).toBe('other')
  expect(await standby()).toEqual([{ priority: 1, since: null, requests: 0 }])
  expect(await gauge()).toBe('0')

  other.state.well = false
  await until('all of it is out', async () => (await stateOf(vigia, 1)) === 'out')
  const away = await fetch(`http://127.0.0.1:${vigia.port}/`)
  expect(await away.text()).toBe('second')
  const cookie = away.headers.getSetCookie()[0]!.split(';')[0]!
  await until('its request is counted', async () => (await standby())[0]!.requests === 1)
  expect(await standby()).toEqual([{ priority: 1, since: expect.any(String), requests: 1 }])
  expect(await gauge()).toBe('1')
  const told = 'pool erp: priority 1 (site-2) carries load now: no earlier one can serve'
  expect(vigia.stdout() + vigia.stderr()).toContain(told)
  const { stdout } = await vigiaCommand(['status', '--admin', `http://127.0.0.1:${vigia.adminPort}`])
  expect(stdout).toContain('Pool erp: priority 1 (site-2) carries load, for')

  // The load returns by itself, and so does who was sent away.
  other.state.well = true
  await until('one is back', async () => (await stateOf(vigia, 1)) === 'available')
  const home = await fetch(`http://127.0.0.1:${vigia.port}/`, { headers: { cookie } })
  expect(await home.text()).toBe('other')
  expect(await served(vigia)).toEqual(['other'])
  await until('its end is told', () =>
    /priority 1 \(site-2\) carries no load any more, after \d+ s and 1 requests/.test(vigia.stdout() + vigia.stderr()),
  )
  const { events } = (await (await fetch(`http://127.0.0.1:${vigia.adminPort}/events?follow=false`)).json()) as {
    events: { type: string; detail: { carries: boolean } }[]
  }
  expect(events.filter(({ type }) => type === 'standby').map(({ detail }) => detail.carries)).toEqual([true, false])
})
