import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clockFindings } from '../../../../src/commands/doctor/clock.ts'
import { diskFindings, modeFindings } from '../../../../src/commands/doctor/files.ts'
import type { Finding } from '../../../../src/commands/doctor/finding.ts'
import { heldFindings } from '../../../../src/commands/doctor/held.ts'
import { kernelFindings } from '../../../../src/commands/doctor/kernel.ts'
import { portFindings, probeFinding } from '../../../../src/commands/doctor/network.ts'
import { type ProcessFacts, processFindings } from '../../../../src/commands/doctor/process.ts'
import { doctorLines } from '../../../../src/commands/words/explain/doctor-lines.ts'
import { poolPlan, servedAt, snapshotOf, upstreamPlan } from '../../control/fixtures/snapshot.ts'

const reader = (files: Record<string, string>) => (path: string) => files[path]
const severities = (findings: readonly Finding[]) =>
  Object.fromEntries(findings.map(({ check, severity }) => [check, severity]))

const SOUND = {
  '/proc/sys/net/core/somaxconn': '4096\n',
  '/proc/sys/net/ipv4/tcp_migrate_req': '1\n',
  '/proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  '/proc/sys/net/netfilter/nf_conntrack_count': '10\n',
  '/proc/sys/net/netfilter/nf_conntrack_max': '1000\n',
  '/proc/sys/net/ipv4/tcp_abort_on_overflow': '0\n',
  '/proc/sys/net/ipv4/tcp_syncookies': '1\n',
  '/proc/net/netstat': 'TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 0\nIpExt: A\nIpExt: 1\n',
}

describe('the kernel', () => {
  test('is fine as the package sets it', () => {
    expect(new Set(Object.values(severities(kernelFindings(reader(SOUND), 4))))).toEqual(new Set(['ok']))
  })

  test.each([
    ['somaxconn', '/proc/sys/net/core/somaxconn', '128\n', 'warning'],
    ['tcp_migrate_req', '/proc/sys/net/ipv4/tcp_migrate_req', '0\n', 'warning'],
    ['local ports', '/proc/sys/net/ipv4/ip_local_port_range', '50000 60999\n', 'warning'],
    ['conntrack', '/proc/sys/net/netfilter/nf_conntrack_count', '801\n', 'error'],
    ['tcp_abort_on_overflow', '/proc/sys/net/ipv4/tcp_abort_on_overflow', '1\n', 'warning'],
    ['tcp_syncookies', '/proc/sys/net/ipv4/tcp_syncookies', '0\n', 'warning'],
    ['accept queue', '/proc/net/netstat', 'TcpExt: A ListenOverflows\nTcpExt: 0 7\n', 'note'],
  ])('%s: what is set otherwise is said, with the command', (check, path, text, severity) => {
    const findings = kernelFindings(reader({ ...SOUND, [path]: text }), 4)
    const wrong = findings.filter(each => each.severity !== 'ok')
    expect(severities(wrong)).toEqual({ [check]: severity })
    expect(wrong[0]?.advice).toMatch(/sysctl -w|nstat/)
  })

  test('says nothing of what can not be read, and one worker hands its connections to nobody', () => {
    expect(severities(kernelFindings(reader({}), 4))).toEqual({ tcp_migrate_req: 'note' })
    const alone = kernelFindings(reader({ ...SOUND, '/proc/sys/net/ipv4/tcp_migrate_req': '0' }), 1)
    expect(severities(alone).tcp_migrate_req).toBe('ok')
  })
})

describe('the process', () => {
  const LIMITS =
    'Limit Soft Limit Hard Limit Units\nMax open files            1024                 4096                 files\n'
  const GROUP = '/sys/fs/cgroup/system.slice/vigia.service'
  const files = {
    '/proc/7/limits': LIMITS,
    '/proc/7/status': 'Name: x\nVmRSS:\t  204800 kB\n',
    '/proc/7/cgroup': '0::/system.slice/vigia.service\n',
    '/proc/7/environ': 'A=b\0UV_THREADPOOL_SIZE=8\0',
    '/proc/meminfo': 'MemTotal: 8388608 kB\nMemAvailable:    4194304 kB\n',
    [`${GROUP}/memory.max`]: '1073741824\n',
    [`${GROUP}/memory.events`]: 'low 0\noom_kill 0\n',
    [`${GROUP}/cpu.max`]: '400000 100000\n',
  }
  const facts: ProcessFacts = {
    pid: 7,
    workers: 4,
    descriptors: 100,
    descriptorWarning: undefined,
    memoryBytes: 800 * 1024 ** 2,
    machineBytes: 8 * 1024 ** 3,
  }
  const wrong = (more: Record<string, string>, change: Partial<ProcessFacts> = {}) =>
    severities(
      processFindings(reader({ ...files, ...more }), { ...facts, ...change }).filter(
        ({ severity }) => severity !== 'ok',
      ),
    )

  test('has all it needs', () => expect(wrong({})).toEqual({}))

  test('lacks something', () => {
    expect(wrong({}, { descriptors: 900 })).toEqual({ descriptors: 'error' })
    expect(wrong({}, { descriptorWarning: 'few' })).toEqual({ descriptors: 'warning' })
    expect(wrong({}, { memoryBytes: 2 * 1024 ** 3 })).toEqual({ memory: 'error' })
    expect(wrong({ [`${GROUP}/memory.events`]: 'oom 3\noom_kill 3\n' })).toEqual({ memory: 'warning' })
    expect(wrong({ [`${GROUP}/cpu.max`]: '150000 100000\n' })).toEqual({ cores: 'warning' })
    expect(wrong({ [`${GROUP}/cpu.max`]: 'max 100000\n' })).toEqual({})
    expect(wrong({ '/proc/7/environ': 'UV_THREADPOOL_SIZE=1\0' })).toEqual({ 'thread pool': 'warning' })
    expect(wrong({ '/proc/meminfo': 'MemAvailable:  1000 kB\n' })).toEqual({ memory: 'warning' })
  })
})

describe('the clock', () => {
  const facts = { synchronised: true, systemZones: '2025b', ownZones: '2026a', zones: ['America/Sao_Paulo'] }
  test.each([
    [{}, { clock: 'ok', 'time zones': 'ok' }],
    [{ synchronised: false }, { clock: 'warning', 'time zones': 'ok' }],
    [
      { synchronised: undefined, systemZones: undefined },
      { clock: 'note', 'time zones': 'ok' },
    ],
    [{ systemZones: '2026b' }, { clock: 'ok', 'time zones': 'warning' }],
    [
      { systemZones: '2026b', zones: [] },
      { clock: 'ok', 'time zones': 'note' },
    ],
  ])('%o: %o', (change, expected) => {
    expect(severities(clockFindings({ ...facts, ...change }))).toEqual(expected)
  })
})

describe('files', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vigia-doctor-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const file = async (name: string, mode: number, text = 'x') => {
    const path = join(folder, name)
    await writeFile(path, text)
    await chmod(path, mode)
    return path
  }

  test('that others may read or write are named by what is in them', async () => {
    const key = await file('key.pem', 0o644, '-----BEGIN PRIVATE KEY-----\n')
    const chain = await file('chain.pem', 0o644, '-----BEGIN CERTIFICATE-----\n')
    const both = await file('both.pem', 0o644, '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n')
    const config = await file('vigia.yaml', 0o664)
    const open = await file('open.yaml', 0o646)
    const store = await file('vigia.db', 0o600)
    expect(
      modeFindings([
        { path: chain, kind: 'named' },
        { path: store, kind: 'store' },
      ]),
    ).toMatchObject([{ severity: 'ok' }])
    const named = [key, chain, both].map(path => ({ path, kind: 'named' }) as const)
    expect(modeFindings(named).map(({ severity, what }) => [severity, what.split(' ')[0]])).toEqual([
      ['error', key],
      ['error', both],
    ])
    expect(modeFindings([{ path: config, kind: 'configuration' }])[0]?.severity).toBe('note')
    expect(modeFindings([{ path: open, kind: 'configuration' }])[0]).toMatchObject({
      severity: 'error',
      advice: `chmod o-w ${open}`,
    })
    expect(modeFindings([{ path: join(folder, 'none'), kind: 'token' }])[0]?.severity).toBe('ok')
  })

  test('with keys of held requests are there and are keys, or it is said which is not', async () => {
    const good = await file('held.key', 0o600, 'k'.repeat(32))
    const short = await file('short.key', 0o600, 'k')
    const missing = join(folder, 'gone.key')
    const of = (...keyFiles: string[]) => heldFindings({ path: '/v/held.db', keyFiles })[0]
    expect(of()?.severity).toBe('note')
    expect(of(good)?.severity).toBe('ok')
    expect(of(good, short)).toMatchObject({ severity: 'error', what: expect.stringContaining(short) })
    expect(of(good, missing)).toMatchObject({ severity: 'error', what: expect.stringContaining(missing) })
  })

  test('have room on their disks, or not', () => {
    const disk =
      (freeBytes: number, freeInodes = 1000) =>
      () => ({ path: '/v', freeBytes, totalBytes: 100e9, freeInodes, totalInodes: 1000 })
    const use = new Map([['/v', 'the store']])
    expect(diskFindings(use, disk(50e9))[0]?.severity).toBe('ok')
    expect(diskFindings(use, disk(2e9))[0]?.severity).toBe('ok')
    expect(diskFindings(use, disk(0.5e9))[0]?.severity).toBe('error')
    expect(diskFindings(use, disk(50e9, 10))[0]?.severity).toBe('warning')
    expect(diskFindings(new Map([[join(tmpdir(), 'not', 'there'), 'x']]))).toHaveLength(1)
  })
})

describe('the network', () => {
  const pool = poolPlan('erp', [upstreamPlan('erp-1', 8069)])
  const [upstream] = pool.upstreams
  const result = { ok: true, durationMs: 3, status: 200, error: undefined }
  const bad = { ...result, ok: false, error: 'connection refused' }

  test.each([
    [result, 'available', 'ok'],
    [result, undefined, 'ok'],
    [result, 'out', 'warning'],
    [bad, 'out', 'error'],
    [bad, undefined, 'error'],
    [bad, 'available', 'note'],
  ] as const)('a probe from here that says %o of one that is %s: %s', (probed, state, severity) => {
    expect(probeFinding(pool, upstream!, probed, state).severity).toBe(severity)
  })

  test('others on the ports of the listeners are named', () => {
    const snapshot = snapshotOf({ pools: [pool], ...servedAt(8080) })
    const other = [{ pid: 9, name: 'nginx' }]
    expect(
      new Set(portFindings(snapshot, 7, () => [{ pid: 7, name: 'vigia' }]).map(({ severity }) => severity)),
    ).toEqual(new Set(['ok']))
    expect(portFindings(snapshot, 7, () => other)[0]?.what).toContain('nginx (process 9) listens on port')
    expect(portFindings(snapshot, undefined, () => other)[0]?.what).toContain('vigia can not listen there')
  })
})

test('what is wrong stands first, with what to do, in 80 columns', () => {
  const lines = doctorLines(
    [
      { severity: 'ok', what: 'fine', advice: undefined },
      { severity: 'error', what: `a long story ${'of words '.repeat(12)}`.trim(), advice: 'do this\u001b[31m' },
    ],
    { color: false, columns: 80 },
  )
  expect(lines[0]).toMatch(/^ERROR {4}a long story/)
  expect(lines.filter(line => line.length > 80)).toEqual([])
  expect(lines).toContain('         -> do this?[31m')
  expect(lines.at(-1)).toBe('1 error, 0 warnings, 0 notes; 2 things were looked at.')
})
