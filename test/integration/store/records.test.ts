// What a running vigia keeps in its store, and what comes back of it: after kill -9, over a full disk, with a corrupt file.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppliedReport } from '../../../src/admin/contract/configurations.ts'
import type { AuditReport, IncidentReport, Rows, TransitionReport } from '../../../src/admin/contract/history.ts'
import type { PoolReport } from '../../../src/admin/contract/pools.ts'
import { inspectStore } from '../../../src/store/backup/inspect.ts'
import { vigiaCommand } from '../../support/command.ts'
import { type HttpUpstream, startHttpUpstream } from '../../support/http-upstream.ts'
import { sleep, until } from '../../support/until.ts'
import { fetchText, startVigia, type Vigia, type VigiaSetup } from '../../support/vigia.ts'

const KEY = 'a secret that nobody may read, ever'
const ANA = { by: 'ana', reason: 'kernel update' }
const canLimit = spawnSync('prlimit', ['--version']).status === 0

let folder: string
let path: string
let nodes: HttpUpstream[]
let setup: VigiaSetup
let vigia: Vigia

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-records-'))
  path = join(folder, 'vigia.db')
  // Not a store at all: it is set aside, and a new one begun.
  writeFileSync(path, 'garbage '.repeat(2000))
  nodes = await Promise.all(['erp-1', 'erp-2', 'erp-3'].map(name => startHttpUpstream(name)))
  setup = {
    upstreams: nodes.map(({ port }) => port),
    pool: { affinity: { cookie: 'VIGIA', keys: [KEY] } },
    config: { store: path },
    ownProcess: true,
  }
  vigia = await startVigia(setup)
})
afterAll(async () => {
  vigia.kill('SIGKILL')
  await vigia.exited
  await Promise.all(nodes.map(node => node.close()))
  rmSync(folder, { recursive: true })
})

async function ask(where: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${vigia.adminPort}${where}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, recorded: response.headers.get('x-vigia-recorded'), answer }
}

async function read<T>(where: string): Promise<T> {
  return JSON.parse((await fetchText(vigia.adminPort, where)).body) as T
}

async function audit(query: string): Promise<readonly AuditReport[]> {
  return (await read<Rows<AuditReport>>(`/audit?${query}`)).rows
}

async function poolOf(): Promise<PoolReport> {
  return (await vigia.status()).pools[0]!
}

function limitFiles(bytes: string): void {
  expect(spawnSync('prlimit', ['--pid', String(vigia.pid), `--fsize=${bytes}:`]).status).toBe(0)
}

test('a corrupt file at the start is set aside; vigia serves, and says so', async () => {
  expect((await fetchText(vigia.port, '/')).status).toBe(200)
  expect(readdirSync(folder).some(name => name.startsWith('vigia.db.corrupt-'))).toBe(true)
  expect(vigia.stderr()).toMatch(/store: .*corrupt/)
  expect(await vigia.status()).toMatchObject({ store: { state: 'ok', reason: null, dropped: 0 } })
  expect(await vigia.metrics()).toMatch(/^vigia_store_up 1$/m)
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('after kill -9 it drains, disables and weighs as before, by whom and until when; its audit is whole', async () => {
  const drain = { ...ANA, deadline: '1h' }
  expect((await ask('/pools/erp/upstreams/erp-1/drain', drain, { 'x-vigia-client': 'cli' })).status).toBe(200)
  expect((await ask('/pools/erp/upstreams/erp-2/weight', { ...ANA, percent: 25 })).status).toBe(200)
  expect((await ask('/pools/erp/upstreams/erp-3/disable', ANA)).status).toBe(200)
  expect((await ask('/pools/erp/upstreams/erp-3/enable', { by: 'ben' })).status).toBe(200)
  const night = {
    name: 'night',
    everything: true,
    start: '2099-12-06T02:00',
    duration: '1h',
    timeZone: 'Europe/Rome',
    by: 'ana',
  }
  expect((await ask('/maintenance', { ...night, reason: 'Updates' })).status).toBe(200)
  const { deadline } = (await poolOf()).upstreams[0]!.holds[0]!
  // Its deadline passes while vigia is down.
  expect((await ask('/pools/erp/upstreams/erp-3/drain', { ...ANA, deadline: '2s' })).status).toBe(200)
  vigia.kill('SIGKILL')
  await vigia.exited
  await sleep(2000)
  vigia = await startVigia(setup)
  await until('the short drain is over', async () => (await poolOf()).upstreams[2]!.state === 'disabled')
  const [first, second, third] = (await poolOf()).upstreams
  expect(first).toMatchObject({ state: 'draining', holds: [{ ...ANA, source: 'operator', deadline }] })
  expect(second).toMatchObject({ effectiveWeight: 25, weightOverride: { percent: 25, by: 'ana' } })
  expect(third).toMatchObject({ state: 'disabled', holds: [{ ...ANA, status: 'disabled' }] })
  expect(inspectStore(path, 'full').audit).toMatchObject({ fault: undefined })
  expect(await audit('subject=erp')).toMatchObject([
    { actor: 'ana', source: 'automatic', action: 'upstream.disable', reason: expect.stringContaining('deadline') },
    { action: 'upstream.drain', subject: 'erp/erp-3' },
    {
      actor: 'ben',
      source: 'api',
      action: 'upstream.enable',
      subject: 'erp/erp-3',
      before: { status: 'disabled' },
      after: null,
    },
    { action: 'upstream.disable', reason: 'kernel update', before: null },
    { action: 'upstream.weight', before: { weight: 100 }, after: { percent: 25 } },
    { actor: 'ana', source: 'cli', action: 'upstream.drain', after: { status: 'draining', deadline } },
  ])
  expect((await audit('action=vigia.start')).length).toBe(2)
  expect(await audit('action=window.added')).toMatchObject([{ actor: 'ana', source: 'api', subject: 'night' }])
  const { windows } = await read<{ windows: { name: string; source: string; by: string }[] }>('/maintenance')
  expect(windows).toMatchObject([{ name: 'night', source: 'api', by: 'ana' }])
  await ask('/pools/erp/enable', { by: 'ana' })
  await ask('/pools/erp/upstreams/erp-2/weight', { ...ANA, weight: null })
})

test('where the file can not be read at the start, the copy of its orders counts until it can, and vigia says so', async () => {
  expect((await ask('/pools/erp/upstreams/erp-1/drain', ANA)).status).toBe(200)
  await until('the orders are copied', () => readFileSync(`${path}.orders`, 'utf8').includes('draining'))
  vigia.kill('SIGKILL')
  await vigia.exited
  // Nothing that can be opened has its name.
  const away = join(folder, 'away.db')
  renameSync(path, away)
  mkdirSync(path)
  vigia = await startVigia(setup)
  expect((await poolOf()).upstreams[0]).toMatchObject({ state: 'draining', holds: [ANA] })
  expect((await vigia.status()).store).toMatchObject({ state: 'degraded', ordersFrom: 'copy' })
  expect((await fetchText(vigia.adminPort, '/readyz')).body).toContain('the copy of its orders counts')
  expect(vigia.stderr()).toContain('store: it can not be read yet: until it can, its copy counts, with 1 orders')

  rmSync(path, { recursive: true })
  renameSync(away, path)
  await until('the store is read', async () => (await vigia.status()).store!.ordersFrom === 'store')
  expect((await poolOf()).upstreams[0]).toMatchObject({ state: 'draining', holds: [ANA] })
  await ask('/pools/erp/enable', { by: 'ana' })
})

test('hundreds of transitions come in pages, newest first; a pool without upstreams is an incident with an end', async () => {
  for (let round = 0; round < 30; round += 1) {
    await ask('/pools/erp/disable', { ...ANA, force: true })
    await ask('/pools/erp/enable', { by: 'ana' })
  }
  const first = await read<Rows<TransitionReport>>('/transitions?pool=erp&limit=100')
  const second = await read<Rows<TransitionReport>>(`/transitions?pool=erp&limit=100&cursor=${first.next}`)
  const ids = [...first.rows, ...second.rows].map(({ id }) => id)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  expect(new Set(ids).size).toBe(200 - Math.max(0, 100 - second.rows.length))
  expect(first.rows[0]).toMatchObject({ pool: 'erp', to: 'available', by: 'ana' })
  const { rows } = await read<Rows<IncidentReport>>('/incidents?pool=erp&open=false&limit=1000')
  expect(rows.filter(({ kind }) => kind === 'pool-unavailable').length).toBe(30)
  expect(rows[0]).toMatchObject({ upstream: null, end: expect.any(String), cause: expect.stringContaining('ana') })
  expect((await read<Rows<IncidentReport>>('/incidents?open=true')).rows).toEqual([])
})

test.each([
  ['/audit?since=yesterday', 'since is neither a time'],
  ['/audit?limit=many', 'limit'],
  ['/audit?who=ana', 'who'],
  ['/incidents?open=maybe', 'open'],
  ['/config/history/999', 'there is no configuration 999'],
])('%s is answered with what is wrong', async (where, words) => {
  const { status, body } = await fetchText(vigia.adminPort, where)
  expect(status).toBe(where.includes('999') ? 404 : 400)
  expect(JSON.parse(body)).toMatchObject({ status, detail: expect.stringContaining(words) })
})

test('a configuration is checked, applied, shown, compared and rolled back, and never shows a secret', async () => {
  const original = readFileSync(vigia.configFile, 'utf8')
  const changed = original.replace('health: off', 'health: off\n    slowStart: 20s')
  const url = ['--admin', `http://127.0.0.1:${vigia.adminPort}`]
  const file = join(folder, 'candidate.yaml')
  writeFileSync(file, changed.replace('slowStart', 'slowStrat'))
  const wrong = await vigiaCommand(['config', 'check', file, ...url])
  expect(wrong).toMatchObject({ code: 1, stdout: expect.stringContaining('did you mean "slowStart"') })
  const refused = await ask('/config/apply', { text: changed.replace('20s', 'soon'), ...ANA })
  expect(refused).toMatchObject({ status: 422, answer: { problems: [expect.stringContaining('soon')] } })

  writeFileSync(file, changed)
  const applied = await vigiaCommand(['config', 'apply', file, '--reason', 'warm up', '--by', 'ana', ...url])
  expect(applied).toMatchObject({ code: 0, stderr: '' })
  expect(applied.stdout).toMatch(
    /revision \d+ is in use\n1 change\n {2}pool erp: slowStart 0 -> 20s\n.*was not changed/,
  )
  expect(readFileSync(vigia.configFile, 'utf8')).toBe(original)

  const { rows } = await until('it is in the history', async () => {
    const page = await read<Rows<AppliedReport>>('/config/history?limit=2')
    return page.rows[0]?.actor === 'ana' ? page : undefined
  })
  expect(rows[0]).toMatchObject({ actor: 'ana', source: 'cli', summary: expect.stringContaining('slowStart') })
  const [second, first] = [rows[0]!.id, rows[1]!.id]
  expect(await read(`/config/diff?from=${first}&to=${second}`)).toEqual({
    changes: ['pool erp: slowStart 0 -> 20s'],
    total: 1,
  })
  const back = await ask('/config/rollback', { to: first, by: 'ben', reason: 'too slow', write: true })
  expect(back).toMatchObject({ status: 200, answer: { outcome: { result: 'applied' }, written: true } })
  expect(await read(`/config/diff?from=${first}`)).toMatchObject({ total: 0 })
  expect(readFileSync(vigia.configFile, 'utf8')).toBe(original)

  const shown = [
    (await fetchText(vigia.adminPort, '/config')).body,
    (await fetchText(vigia.adminPort, `/config/history/${second}`)).body,
    (await vigiaCommand(['config', 'show', ...url])).stdout,
    JSON.stringify(await audit('limit=1000')),
    (await fetchText(vigia.adminPort, `/config/diff?from=${second}`)).body,
  ]
  expect(shown[1]).toContain('slowStart: 20s')
  for (const text of shown) expect(text).not.toContain(KEY)
  const orders = await audit('subject=configuration&limit=5')
  expect(orders.map(({ action, actor, source }) => `${action} ${actor} ${source}`)).toEqual([
    'configuration.apply ben api',
    'configuration.rollback ben api',
    'configuration.apply ana cli',
    'configuration.order ana cli',
    'configuration.apply vigia startup',
  ])
})

test('a changed file is in the audit too, with what changed', async () => {
  const text = readFileSync(vigia.configFile, 'utf8')
  writeFileSync(vigia.configFile, text.replace('health: off', 'health: off\n    slowStart: 30s'))
  const [row] = await until('it is applied', async () => {
    const found = await audit('subject=configuration&limit=1')
    return found[0]?.source === 'file' ? found : undefined
  })
  expect(row).toMatchObject({ action: 'configuration.apply', after: { changes: ['pool erp: slowStart 0 -> 30s'] } })
  const list = await vigiaCommand([
    'audit',
    '--subject',
    'configuration',
    '--limit',
    '1',
    '--admin',
    `127.0.0.1:${vigia.adminPort}`,
  ])
  expect(list).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/configuration\.apply configuration by vigia \(file\): 1 change/),
  })
})

test('a configuration in several files is kept with all of them, and only the configuration file is written over the API', async () => {
  const shown = async (id = '') =>
    (await fetchText(vigia.adminPort, id === '' ? '/config' : `/config/history/${id}`)).body
  const pools = async () => (await vigia.status()).pools.map(({ name }) => name)
  const inUse = (...names: string[]) =>
    until(`${names.join(' and ')} in use`, async () => (await pools()).join() === names.join() || undefined)
  const whole = readFileSync(vigia.configFile, 'utf8')
  const conf = join(vigia.configFile, '../conf.d')
  const part = join(conf, 'crm.yaml')
  mkdirSync(conf)

  // A file that comes is taken over, one that is wrong is told of at its place, and changes nothing.
  const main = `include: [conf.d/*.yaml]\n${whole}`
  writeFileSync(vigia.configFile, main)
  await until('it includes', async () => (await shown()).startsWith('# include: ["conf.d/*.yaml"]'))
  const crm = `pools: { crm: { affinity: { cookie: CRM, keys: ["${KEY}"] }, upstreams: [{ name: c, url: "http://127.0.0.1:1" }] } }\n`
  /** Whole at once: a slow machine may look between two steps. */
  const put = (file: string, text: string) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  put(part, crm)
  await inUse('erp', 'crm')
  await until('it is told', async () => (await shown()).includes('# from conf.d/crm.yaml\n  crm:'))
  put(join(conf, 'wrong.yaml'), 'pool: x\nworkers: 1\n')
  const { problem } = await until('the file is refused', async () => (await vigia.status()).configuration.fileDiffers)
  expect(problem).toMatch(/wrong\.yaml:2:1: workers: is said already at .*vigia\.yaml:\d+:1: /)
  rmSync(join(conf, 'wrong.yaml'))
  await until('it is forgotten', async () => (await vigia.status()).configuration.fileDiffers === null)

  // What was in use comes back, also without its file.
  const { rows } = await read<Rows<AppliedReport>>('/config/history?limit=1')
  const { id } = rows[0]!
  rmSync(part)
  await inUse('erp')
  await until('it is told no more', async () => !(await shown()).includes('crm:'))
  const back = { to: id, by: 'ben', reason: 'crm is missed' }
  const written = await ask('/config/rollback', { ...back, write: true })
  expect(written).toMatchObject({ status: 409, answer: { detail: expect.stringContaining('it is of several files') } })
  expect(await ask('/config/rollback', back)).toMatchObject({ status: 200, answer: { written: false } })
  await inUse('erp', 'crm')
  expect(await shown()).toContain('# from conf.d/crm.yaml\n  crm:')
  for (const text of [await shown(), await shown(String(id))]) expect(text).not.toContain(KEY)

  // A text that includes the same is the configuration file's; one that does not says what no longer counts.
  put(part, crm.replace('CRM', 'CRM2'))
  await until('the file counts again', async () => (await shown()).includes('CRM2'))
  const slower = main.replace('slowStart: 30s', 'slowStart: 31s')
  const check = await ask('/config/check', { text: slower.replace('pools:', 'pools:\n  crm: {}') })
  const problems = [{ file: part, line: 1, column: 10, path: 'pools.crm' }]
  expect(check.answer).toMatchObject({ valid: false, problems, diff: null })
  const applied = await ask('/config/apply', { text: slower, ...ANA, write: true })
  expect(applied).toMatchObject({
    status: 200,
    answer: { written: true, note: `${vigia.configFile} says the same now` },
  })
  expect(readFileSync(vigia.configFile, 'utf8')).toBe(slower)
  await inUse('erp', 'crm')
  const alone = await ask('/config/apply', { text: whole, ...ANA, write: true })
  const note = `${vigia.configFile} says the same now; it no longer includes ${conf}/*.yaml`
  expect(alone).toMatchObject({ status: 200, answer: { written: true, note } })
  await inUse('erp')
  const elsewhere = await ask('/config/apply', { text: `include: [/etc/passwd]\n${whole}`, ...ANA })
  expect(elsewhere).toMatchObject({
    status: 422,
    answer: { problems: [expect.stringContaining('may not be included')] },
  })
  rmSync(conf, { recursive: true })
})

test.skipIf(!canLimit)(
  'a disk without room stops no traffic; orders are refused, or made up for where somebody insists',
  async () => {
    limitFiles('4096')
    const refused = await ask('/pools/erp/upstreams/erp-1/drain', ANA)
    expect(refused).toMatchObject({
      status: 503,
      answer: { detail: expect.stringMatching(/nothing was changed.*unrecorded/) },
    })
    expect((await poolOf()).upstreams[0]!.state).toBe('available')
    expect((await fetchText(vigia.port, '/')).status).toBe(200)
    expect(await vigia.status()).toMatchObject({
      store: { state: 'degraded', reason: expect.stringContaining('disk') },
    })
    expect(await vigia.metrics()).toMatch(/^vigia_store_up 0$/m)

    const insisted = await ask('/pools/erp/upstreams/erp-1/drain', { ...ANA, unrecorded: true })
    expect(insisted).toMatchObject({
      status: 200,
      recorded: 'later',
      answer: { state: 'draining', holds: [{ recorded: false }] },
    })
    expect((await fetchText(vigia.port, '/')).status).toBe(200)

    limitFiles('unlimited')
    // Whoever orders something then does not wait for the store to look again by itself.
    expect(await ask('/pools/erp/upstreams/erp-2/drain', { ...ANA, by: 'ben' })).toMatchObject({
      status: 200,
      recorded: null,
    })
    expect((await poolOf()).upstreams.flatMap(({ holds }) => holds.map(({ by, recorded }) => [by, recorded]))).toEqual([
      ['ana', undefined],
      ['ben', undefined],
    ])
    await until('all is written', async () => {
      const { store } = await vigia.status()
      return store?.state === 'ok' && store.waiting === 0
    })
    expect(await vigia.status()).toMatchObject({ store: { dropped: 0 } })
    expect(await audit('subject=erp&limit=2')).toMatchObject([
      { actor: 'ben' },
      { action: 'upstream.drain', actor: 'ana' },
    ])
  },
)

test('a stop is the last row, and says what stopped it; the file is whole, with every order', async () => {
  await vigia.stop()
  const { audit, counts } = inspectStore(path, 'full')
  expect(audit).toMatchObject({ fault: undefined })
  expect(counts.overrides).toBe(canLimit ? 2 : 0)
  const db = new DatabaseSync(path, { readOnly: true })
  const last = db.prepare('SELECT actor, source, action FROM audit ORDER BY seq DESC LIMIT 1').get()
  db.close()
  expect({ ...last }).toEqual({ actor: 'SIGTERM', source: 'signal', action: 'vigia.stop' })
})
