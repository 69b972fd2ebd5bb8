// The steps of test/ops/run.sh: a vigia with traffic, promtool on what it exposes, Prometheus on top. Ends with 0 where all is well.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHttpUpstream } from '../support/http-upstream.ts'
import { exchange } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { fetchText, startVigia } from '../support/vigia.ts'
import { promtool, RULE_TESTS, RULES, startPrometheus } from './prometheus.ts'

const REQUESTS = 200

const folder = mkdtempSync(join(tmpdir(), 'vigia-ops-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const step = (text: string) => console.log(`ops: ${text}`)

// 1. The rules, with nothing running.
promtool(['check', 'rules', RULES])
promtool(['test', 'rules', RULE_TESTS])
step('promtool: the alert rules are well-formed, and their tests pass')

// 2. A vigia in front of two nodes, with everything on that has metrics of its own.
const nodes = [await startHttpUpstream('erp-1'), await startHttpUpstream('erp-2')]
const vigia = await startVigia({
  upstreams: nodes.map(({ port }) => port),
  pool: {
    health: { path: '/', interval: '200ms', timeout: '100ms', fall: 2 },
    queue: { max: 100 },
    outlier: { consecutiveFailures: 5 },
  },
  config: {
    workers: 2,
    routes: [
      { name: 'reports', match: { path: '/status' }, pool: 'erp' },
      { name: 'web', pool: 'erp' },
    ],
  },
})
await until('both nodes are available', async () => (await vigia.status()).pools[0]?.available === 2)
for (let i = 0; i < REQUESTS; i += 1) await fetchText(vigia.port, i % 10 === 0 ? '/status/404' : '/')
await exchange(vigia.port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
await exchange(vigia.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')

// 3. What it exposes.
const metrics = await vigia.metrics()
promtool(['check', 'metrics'], metrics)
step(
  `promtool: ${metrics.split('\n').filter(line => !line.startsWith('#')).length} series, names, types and help as they should be`,
)

// 4. Prometheus scrapes it.
const prometheus = await startPrometheus(folder, vigia.adminPort)
const read = async (expression: string) => Number((await prometheus.query(expression))[0]?.value[1])
const expectValue = (expression: string, expected: number) =>
  until(`${expression} is ${expected}`, async () => (await read(expression)) === expected, {
    timeoutMs: 15_000,
    everyMs: 200,
  })
await expectValue('up{job="vigia"}', 1)
await expectValue('sum(vigia_route_requests_total{route="web",method="safe",code="2xx"})', REQUESTS * 0.9)
await expectValue('sum(vigia_route_requests_total{route="reports",code="4xx"})', REQUESTS * 0.1)
await expectValue('sum(vigia_requests_total{pool="erp",method="unsafe"})', 1)
await expectValue('sum(vigia_upstream_first_byte_seconds_count)', REQUESTS + 1)
await expectValue('vigia_request_rejects_total{reason="bad-host"}', 1)
await expectValue('sum(vigia_upstream_available)', 2)
await expectValue('count(vigia_worker_event_loop_delay_seconds_count > 0)', 2)
step(
  `Prometheus: what was asked is what it counts (scraped in ${await read('scrape_duration_seconds{job="vigia"}')} s)`,
)

// 5. Every query of the dashboard is one, and most have an answer already.
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
}
const dashboard = JSON.parse(
  readFileSync(new URL('../../config/grafana/vigia.json', import.meta.url), 'utf8'),
) as Dashboard
const queries = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
// Rates need some scrapes first.
await until('there are some scrapes', async () => (await read('count_over_time(up[1m])')) >= 4, { timeoutMs: 15_000 })
let answered = 0
for (const { title, expr } of queries) {
  const filled = expr
    .replaceAll('$instance', '.*')
    .replaceAll('$pool', '.*')
    .replaceAll(/\$__(?:rate_)?interval/g, '1m')
  const series = await prometheus.query(filled).catch((error: Error) => {
    throw new Error(`the dashboard's panel "${title}": ${error.message}`)
  })
  if (series.length > 0) answered += 1
}
if (answered < queries.length / 2)
  throw new Error(`only ${answered} of ${queries.length} queries of the dashboard have an answer`)
step(`dashboard: ${queries.length} queries are understood, ${answered} of them have an answer`)

// 6. A node dies: the rules see it.
await nodes[1]!.close()
await expectValue('sum(vigia_upstream_available)', 1)
await expectValue('count(ALERTS{alertname="VigiaUpstreamOut",upstream="erp-2",alertstate="pending"})', 1)
await expectValue('count(ALERTS{alertname="VigiaPoolWithoutSpare",pool="erp",alertstate="pending"})', 1)
const broken = await prometheus.brokenRules()
if (broken.length > 0) throw new Error(`rules that could not be evaluated: ${broken.join('; ')}`)
step('rules: all are evaluated, and the node that died makes its alerts pending')

await prometheus.stop()
await vigia.stop()
await nodes[0]!.close()
step('all is well')
process.exit(0)
