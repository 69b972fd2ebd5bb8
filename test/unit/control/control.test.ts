import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import { Control } from '../../../src/control/control.ts'
import { readiness } from '../../../src/control/report/view.ts'
import { createLogger } from '../../../src/logging/logger.ts'
import { freePort } from '../../support/free-port.ts'
import { until } from '../../support/until.ts'
import { poolPlan, snapshotOf, upstreamPlan } from './fixtures/snapshot.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const listenerNamed = (name: string, port: number) => [{ name, host: '127.0.0.1', port }]

async function control(more: Parameters<typeof snapshotOf>[0] = {}) {
  const adminPort = await freePort()
  const snapshot = snapshotOf({ admin: { host: '127.0.0.1', port: adminPort }, ...more })
  const built = new Control({
    snapshot,
    workerUrl: new URL('./fixtures/fake-worker.ts', import.meta.url),
    spoolUrl: new URL('./no-spool.ts', import.meta.url),
    logger: createLogger({ level: 'silent' }),
    version: '1.2.3',
  })
  cleanUps.push(() => built.close())
  return { built, snapshot, adminPort }
}

async function tcpNode(): Promise<{ server: Server; port: number }> {
  const server = createServer(socket => socket.on('error', () => {}).resume())
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return { server, port }
}

const get = async (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`)

test('the admin listener tells what control knows, from start to end', async () => {
  const node = await tcpNode()
  const { built, adminPort } = await control({ pools: [poolPlan('erp', [upstreamPlan('erp-1', node.port)])] })
  const seen: string[] = []
  built.onTransition(({ upstream, to }) => seen.push(`${upstream} ${to}`))
  await built.start()
  expect((await get(adminPort, '/readyz')).status).toBe(200)
  await until('erp-1 is available', () => seen.includes('erp-1 available'))
  const report = (await (await get(adminPort, '/status')).json()) as StatusReport
  expect(report).toMatchObject({ version: '1.2.3', state: 'ready', revision: 1 })
  expect(report.pools[0]!.upstreams[0]).toMatchObject({
    name: 'erp-1',
    state: 'available',
    url: `http://127.0.0.1:${node.port}`,
  })
  expect(await (await get(adminPort, '/metrics')).text()).toContain(
    'vigia_probes_total{pool="erp",upstream="erp-1",result="ok"} ',
  )
  expect(await built.close()).toBe(2)
  await expect(get(adminPort, '/healthz')).rejects.toThrow()
})

test('a reload moves the admin listener, keeps the number of workers and changes the revision', async () => {
  const { built, snapshot, adminPort } = await control()
  await built.start()
  const moved = await freePort()
  await built.reload({ ...snapshot, workers: 7, admin: { host: '127.0.0.1', port: moved } })
  const report = (await (await get(moved, '/status')).json()) as StatusReport
  expect(report.revision).toBe(2)
  expect(report.workers.map(({ revision }) => revision)).toEqual([2, 2])
  await expect(get(adminPort, '/healthz')).rejects.toThrow()
})

test('a reload that a worker refuses puts everything back, under a new revision', async () => {
  const node = await tcpNode()
  const pools = [poolPlan('erp', [upstreamPlan('erp-1', node.port)])]
  const { built, snapshot, adminPort } = await control({ pools, listeners: listenerNamed('web', await freePort()) })
  await built.start()
  await until('erp-1 is available', () => built.view.status().pools[0]!.upstreams[0]!.state === 'available')
  const before = built.view.status().pools[0]!.upstreams[0]!
  const bad = { ...snapshot, pools: [], listeners: listenerNamed('refuse', await freePort()), admin: undefined }
  await expect(built.reload(bad)).rejects.toThrow(/in use/)
  const after = built.view.status()
  expect(after.listeners).toMatchObject([{ name: 'web' }])
  expect(after.pools[0]!.upstreams[0]).toMatchObject({ state: 'available', since: before.since })
  expect(after.workers.map(({ revision }) => revision)).toEqual([after.revision, after.revision])
  expect((await get(adminPort, '/readyz')).status).toBe(200)
})

test('reloads that come at the same time happen one after the other', async () => {
  const { built, snapshot } = await control()
  await built.start()
  await Promise.all(
    [1, 2, 3].map(retryAfterS => built.reload({ ...snapshot, pools: [poolPlan('erp', [], { retryAfterS })] })),
  )
  expect(built.view.status().revision).toBe(4)
})

test('a start that fails leaves nothing behind', async () => {
  const { built, adminPort } = await control({ listeners: listenerNamed('refuse', await freePort()) })
  await expect(built.start()).rejects.toThrow(/in use/)
  await expect(get(adminPort, '/healthz')).rejects.toThrow()
  expect(built.view.status().workers.map(({ state }) => state)).toEqual(['gone', 'gone'])
})

test('vigia is ready while at least one worker listens, and not while it starts or drains', () => {
  const worker = (state: 'ready' | 'gone') => ({ worker: 0, state, revision: 1, sinceMs: 0, restarts: 0, stalls: 0 })
  expect(readiness('ready', [worker('gone'), worker('ready')], null).ready).toBe(true)
  expect(readiness('ready', [worker('gone')], null).ready).toBe(false)
  expect(readiness('starting', [worker('ready')], null).ready).toBe(false)
  expect(readiness('draining', [worker('ready')], null).ready).toBe(false)
})
