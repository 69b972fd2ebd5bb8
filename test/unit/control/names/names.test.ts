// Names of upstreams, resolved by a real DNS server and real files.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { NameEvent } from '../../../../src/control/names/name-event.ts'
import { Names } from '../../../../src/control/names/names.ts'
import type { DnsPlan } from '../../../../src/plan/dns.ts'
import { type DnsServer, type Entry, startDnsServer } from '../../../support/dns-server.ts'
import { until } from '../../../support/until.ts'
import { poolPlan, snapshotOf, upstreamPlan } from '../fixtures/snapshot.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

interface World {
  readonly names: Names
  readonly told: NameEvent[]
  readonly warnings: string[]
  readonly hostsFile: string
  readonly resolvConf: string
  wanted(hosts: readonly string[], dns?: Partial<DnsPlan>): ReturnType<typeof snapshotOf>
  /** Resolves with the addresses of a name, once there are any. */
  found(host: string): Promise<readonly string[]>
  /** Resolves with why a name has no answer. */
  problem(host: string): Promise<string>
}

async function dnsServer(zone: Readonly<Record<string, Entry>>): Promise<DnsServer> {
  const server = await startDnsServer(zone)
  cleanUps.push(() => server.close())
  return server
}

/** Of servers that are silent; others get so long that a busy machine does not make them silent. */
const SOON_SILENT = { timeoutMs: 100 }

/** Starts with these names. @param files what they say; resolv.conf may say more than its servers */
async function start(
  hosts: readonly string[],
  files: { hosts?: string; resolvConf?: string },
  dns: Partial<DnsPlan> = {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-names-'))
  const paths = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') }
  if (files.hosts !== undefined) await writeFile(paths.hosts, files.hosts)
  if (files.resolvConf !== undefined) await writeFile(paths.resolvConf, files.resolvConf)
  const told: NameEvent[] = []
  const warnings: string[] = []
  const names = new Names({
    tell: event => told.push(event),
    warn: text => warnings.push(text),
    files: paths,
    random: () => 0,
  })
  cleanUps.push(
    () => rm(folder, { recursive: true }),
    () => names.close(),
  )
  const wanted: World['wanted'] = (all, more = {}) =>
    snapshotOf({
      pools: [
        poolPlan(
          'erp',
          all.map(host => upstreamPlan(host, 80, { host })),
        ),
      ],
      dns: { servers: undefined, timeoutMs: 5_000, minTtlMs: 50, maxTtlMs: 60_000, ...more },
    })
  names.follow(wanted(hosts, dns))
  await names.start()
  return {
    names,
    told,
    warnings,
    hostsFile: paths.hosts,
    resolvConf: paths.resolvConf,
    wanted,
    found: host =>
      until(`${host} is found`, () => (names.of(host)?.addresses.length ? names.of(host)!.addresses : undefined)),
    problem: host => until(`${host} has a problem`, () => names.of(host)?.problem?.why),
  }
}

const serverLine = ({ address }: DnsServer) => `nameserver ${address}\n`

test('the hosts file goes first, localhost needs nobody, DNS has the rest: A and AAAA, aliases, domains of `search`', async () => {
  const server = await dnsServer({
    'both.test': { addresses: ['10.0.0.1', 'fd00::1'] },
    'alias.test': { alias: 'both.test' },
    'web.erp.test': { addresses: ['10.0.0.3'] },
    'known.test': { addresses: ['10.9.9.9'] },
    'blocked.test': { addresses: ['0.0.0.0', '::'] },
  })
  const world = await start(
    ['known.test', 'localhost', 'app.localhost', 'both.test', 'alias.test', 'web', 'blocked.test'],
    {
      hosts: '10.0.0.2 Known.test\n127.0.0.1 localhost\n',
      resolvConf: `${serverLine(server)}search nowhere.test erp.test\n`,
    },
  )
  const at = (host: string) => world.names.of(host)?.addresses
  expect(at('known.test')).toEqual(['10.0.0.2'])
  expect(at('localhost'), 'as the hosts file says').toEqual(['127.0.0.1'])
  expect(at('app.localhost')).toEqual(['127.0.0.1', '::1'])
  expect(await world.found('both.test')).toEqual(['10.0.0.1', 'fd00::1'])
  expect(await world.found('alias.test')).toEqual(['10.0.0.1', 'fd00::1'])
  expect(await world.found('web')).toEqual(['10.0.0.3'])
  expect(await world.problem('blocked.test')).toBe('name not found')
  expect(server.asked.filter(each => /known|localhost/.test(each))).toEqual([])
  const web = server.asked.filter(each => each.startsWith('A web'))
  expect(web).toEqual(['A web.nowhere.test', 'A web.erp.test'])
})

test('an answer is asked for again when its TTL is over, the shortest of an alias counts; another address is told once', async () => {
  const server = await dnsServer({
    'erp.test': { alias: 'node.test', ttlS: 0 },
    'node.test': { addresses: ['10.0.0.1'], ttlS: 3_600 },
    'calm.test': { addresses: ['10.0.0.9'], ttlS: 3_600 },
  })
  const world = await start(['erp.test', 'calm.test'], {}, { servers: [server.address] })
  await world.found('erp.test')
  await until('it was asked for three times', () => server.asked.filter(each => each === 'A erp.test').length >= 3)
  server.zone.set('node.test', { addresses: ['10.0.0.2', '10.0.0.1'] })
  await until('the other address counts', () => world.names.of('erp.test')!.addresses.includes('10.0.0.2'))
  server.zone.set('node.test', { addresses: ['10.0.0.1', '10.0.0.2'] })
  const { length } = server.asked
  await until('it was asked for again', () => server.asked.length >= length + 4)
  const told = world.told.filter(({ host }) => host === 'erp.test').map(({ now }) => now.addresses.length)
  expect(told).toEqual([1, 2])
  expect(server.asked.filter(each => each === 'A calm.test')).toHaveLength(1)
})

test('while DNS is silent the last addresses stay, which is told once, and its return too', async () => {
  const server = await dnsServer({ 'erp.test': { addresses: ['10.0.0.1'], ttlS: 0 } })
  const world = await start(['erp.test', 'other.test'], {}, { ...SOON_SILENT, servers: [server.address] })
  await world.found('erp.test')
  server.silent = true
  expect(await world.problem('erp.test')).toBe(`DNS doesn't answer (${server.address})`)
  const { lookups } = world.names
  const before = lookups.away
  await until('it was asked for in vain again', () => lookups.away > before)
  expect(world.names.of('erp.test')?.addresses).toEqual(['10.0.0.1'])
  expect(world.names.samples().find(({ host }) => host === 'erp.test')).toMatchObject({ addresses: 1, up: false })
  server.silent = false
  await until('it is answered', () => world.names.of('erp.test')?.problem === undefined)
  const told = world.told.filter(({ host }) => host === 'erp.test').map(({ now }) => now.problem?.kind)
  // A machine that stands still for a moment may have taken the server for silent before.
  expect(told.every((kind, i) => kind === (i % 2 === 0 ? undefined : 'away'))).toBe(true)
  expect(told.length).toBeGreaterThanOrEqual(3)
})

test('many names that nobody answers for keep no other from being found', async () => {
  const dead = Array.from({ length: 300 }, (_, i) => `dead-${i}.test`)
  const server = await dnsServer({
    ...Object.fromEntries(dead.map(name => [name, 'silence'])),
    'late.test': { addresses: ['10.0.0.2'] },
  })
  const world = await start(dead, {}, { ...SOON_SILENT, servers: [server.address] })
  await until('all were asked for once', () => world.names.lookups.away >= dead.length)
  world.names.follow(world.wanted([...dead, 'late.test'], { ...SOON_SILENT, servers: [server.address] }))
  expect(await world.found('late.test')).toEqual(['10.0.0.2'])
})

test.each([
  ['a name that does not exist', { entry: undefined, why: /^name not found$/ }],
  ['a name without addresses', { entry: { addresses: [] }, why: /^name not found$/ }],
  ['a failure of the server', { entry: 'failure', why: /^DNS has a failure \(127\.0\.0\.1:\d+\)$/ }],
] as const)('%s is said in words, and asked for again: once it is there it is found', async (_, { entry, why }) => {
  const server = await dnsServer(entry === undefined ? {} : { 'erp.test': entry })
  const world = await start(['erp.test'], {}, { servers: [server.address] })
  expect(await world.problem('erp.test')).toMatch(why)
  server.zone.set('erp.test', { addresses: ['10.0.0.1'] })
  expect(await world.found('erp.test')).toEqual(['10.0.0.1'])
})

test('another hosts file, another resolv.conf and other servers of the configuration count as they come', async () => {
  const [first, second, third] = [
    await dnsServer({ 'erp.test': { addresses: ['10.0.0.1'] } }),
    await dnsServer({ 'erp.test': { addresses: ['10.0.0.2'] } }),
    await dnsServer({ 'erp.test': { addresses: ['10.0.0.3'] } }),
  ]
  const world = await start(['erp.test'], { hosts: '', resolvConf: serverLine(first) })
  const isAt = (address: string) =>
    until(`it is at ${address}`, () => world.names.of('erp.test')?.addresses.join() === address)
  await isAt('10.0.0.1')
  await writeFile(`${world.resolvConf}.new`, serverLine(second))
  await rename(`${world.resolvConf}.new`, world.resolvConf)
  await isAt('10.0.0.2')
  world.names.follow(world.wanted(['erp.test'], { servers: [third.address] }))
  await isAt('10.0.0.3')
  await writeFile(world.hostsFile, '10.0.0.4 erp.test\n')
  await isAt('10.0.0.4')
  await writeFile(world.hostsFile, '10.0.0.5 other.test\n')
  await isAt('10.0.0.3')
  expect(world.warnings).toEqual([])
})

test('a name that no configuration has any more is forgotten, and no longer asked for', async () => {
  const server = await dnsServer({
    'old.test': { addresses: ['10.0.0.1'], ttlS: 0 },
    'new.test': { addresses: ['10.0.0.2'], ttlS: 0 },
  })
  const world = await start(['old.test'], {}, { servers: [server.address] })
  await world.found('old.test')
  const next = world.wanted(['new.test'], { servers: [server.address] })
  world.names.follow(next)
  expect(await world.found('new.test')).toEqual(['10.0.0.2'])
  expect(world.names.of('old.test')?.addresses, 'workers may still use it').toEqual(['10.0.0.1'])
  world.names.retire(next)
  expect(world.names.of('old.test')).toBeUndefined()
  server.asked.length = 0
  await until('the other was asked for again', () => server.asked.filter(each => each === 'A new.test').length >= 3)
  expect(server.asked.filter(each => each.endsWith('old.test'))).toEqual([])
})

test('of the domains of `search` one that fails is passed over; one that is silent could be anybody', async () => {
  const server = await dnsServer({
    'fails.bad.test': 'failure',
    'silent.bad.test': 'silence',
    'fails.good.test': { addresses: ['10.0.0.1'] },
    'silent.good.test': { addresses: ['10.0.0.2'] },
    'nowhere.bad.test': 'failure',
  })
  const resolvConf = `${serverLine(server)}search bad.test good.test\n`
  const world = await start(['fails', 'silent', 'nowhere'], { resolvConf }, { timeoutMs: 500 })
  expect(await world.found('fails')).toEqual(['10.0.0.1'])
  expect(await world.problem('silent')).toBe(`DNS doesn't answer (${server.address})`)
  expect(await world.problem('nowhere')).toBe(`DNS has a failure (${server.address})`)
})

test('files that are not there say nothing, and one that is too large is said to be; without names none is read', async () => {
  const world = await start(['localhost', 'big.test'], { hosts: `${'#'.repeat(1024 * 1024)}\n10.0.0.1 big.test\n` })
  expect(world.names.of('localhost')?.addresses).toEqual(['127.0.0.1', '::1'])
  expect(world.warnings).toEqual([`${world.hostsFile} is larger than 1 MiB and counts as empty`])
  const without = await start([], { hosts: '#'.repeat(1024 * 1024 + 1) })
  expect(without.warnings).toEqual([])
  without.names.follow(without.wanted(['localhost']))
  expect(await without.found('localhost')).toEqual(['127.0.0.1', '::1'])
})

test('a server that is silent gives way to the next one', async () => {
  const silent = await dnsServer({ 'erp.test': 'silence' })
  const server = await dnsServer({ 'erp.test': { addresses: ['10.0.0.1'] } })
  const world = await start(['erp.test'], {}, { ...SOON_SILENT, servers: [silent.address, server.address] })
  expect(await world.found('erp.test')).toEqual(['10.0.0.1'])
})
