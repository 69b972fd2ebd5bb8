import { afterEach, expect, test } from 'vitest'
import type { StatusReport } from '../../../src/admin/contract/status.ts'
import { vigiaCommand } from '../../support/command.ts'
import { freePort } from '../../support/free-port.ts'
import { startHttpUpstream } from '../../support/http-upstream.ts'
import { until } from '../../support/until.ts'
import { fetchText, startVigia } from '../../support/vigia.ts'

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function twoNodes(pool: Record<string, unknown> = {}, dead = false) {
  const first = await startHttpUpstream('erp-1')
  cleanUps.push(() => first.close())
  const second = dead ? { port: await freePort() } : await startHttpUpstream('erp-2')
  if ('close' in second) cleanUps.push(() => second.close())
  const vigia = await startVigia({ upstreams: [first.port, second.port], pool })
  cleanUps.push(() => vigia.stop())
  return vigia
}

test('status and metrics count what was served, and where', async () => {
  const vigia = await twoNodes({ balance: 'round-robin' })
  for (let i = 0; i < 10; i += 1) await fetchText(vigia.port, '/')
  await fetchText(vigia.port, '/status/404')
  await until('all are counted', async () => {
    const report = (await vigia.status()) as StatusReport
    const sum = (code: '2xx' | '4xx') =>
      report.pools[0]!.upstreams.reduce((total, each) => total + each.responses[code], 0)
    return sum('2xx') === 10 && sum('4xx') === 1
  })
  const report = (await vigia.status()) as StatusReport
  expect(report).toMatchObject({
    state: 'ready',
    revision: 1,
    listeners: [{ name: 'web', address: `127.0.0.1:${vigia.port}` }],
  })
  expect(report.workers).toMatchObject([{ worker: 0, state: 'ready', restarts: 0 }])
  expect(report.pools[0]).toMatchObject({ name: 'erp', available: 2, waiting: 0 })
  expect(report.pools[0]!.upstreams.map(each => each.responses['2xx'])).toEqual([5, 5])
  expect(report.pools[0]!.upstreams.map(each => each.inFlight)).toEqual([0, 0])
  const metrics = await vigia.metrics()
  expect(metrics).toContain('vigia_requests_total{pool="erp",upstream="erp-1",method="safe",code="2xx"} 5')
  expect(metrics).toMatch(/vigia_request_duration_seconds_count\{pool="erp",upstream="erp-1"\} [56]/)
  expect(metrics).toContain('vigia_upstream_available{pool="erp",upstream="erp-2"} 1')
})

test('vigia status prints a table and exits 0 when every upstream is available', async () => {
  const vigia = await twoNodes()
  const { code, stdout } = await vigiaCommand(['status', '--admin', `http://127.0.0.1:${vigia.adminPort}`])
  expect(stdout).toMatch(/2 of 2 upstreams available/)
  expect(stdout).toMatch(/^POOL +UPSTREAM +STATE +SINCE +PRI +BUSY +TUN +RATE +P99 +REQS +ERRS +WHY$/m)
  expect(stdout).toMatch(/^erp +erp-1 +available +\d+ s +0 +0 +0 +0\/s +- +0 +0 +not probed$/m)
  expect(code).toBe(0)
})

test('vigia status exits 1 and says why when an upstream is out', async () => {
  const vigia = await twoNodes({ health: { type: 'tcp', interval: '100ms', timeout: '50ms' } }, true)
  const ask = () => vigiaCommand(['status', '--admin', `127.0.0.1:${vigia.adminPort}`])
  await until(
    'erp-2 is out',
    async () => ((await vigia.status()) as StatusReport).pools[0]!.upstreams[1]!.state === 'out',
  )
  const { code, stdout } = await ask()
  expect(stdout).toMatch(/^erp +erp-2 +out .* unhealthy: connection refused$/m)
  expect(code).toBe(1)
  const json = await vigiaCommand(['status', '--json', '--admin', `http://127.0.0.1:${vigia.adminPort}`])
  expect((JSON.parse(json.stdout) as StatusReport).pools[0]!.upstreams).toHaveLength(2)
})

test('vigia status exits 2 with one line when nothing answers', async () => {
  const { code, stderr } = await vigiaCommand(['status', '--admin', `http://127.0.0.1:${await freePort()}`])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^vigia: no answer from vigia at .*: connection refused\. .*\n$/)
})

test('a mistyped command is answered with the right one, and exit code 2', async () => {
  const { code, stderr } = await vigiaCommand(['stauts'])
  expect(stderr).toContain('Did you mean status?')
  expect(code).toBe(2)
})
