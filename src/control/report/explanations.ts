// Why an upstream is as it is, and what became of a request: put together from what the parts of control know, and workers tell. Reads
// only; decides nothing.

import type { EventFeed } from '../../admin/contract/events.ts'
import type {
  EjectionReport,
  Explanations,
  ProbeAnswerReport,
  ProbingReport,
  RequestExplanation,
  UpstreamExplanation,
} from '../../admin/contract/explanations.ts'
import type { Found } from '../../admin/contract/history.ts'
import { isSecretKey, MASK, withoutSecrets } from '../../config/shown/secrets.ts'
import type { HealthPlan, HttpProbe } from '../../plan/health.ts'
import { slowStartFactor } from '../../policy/upstream/slow-start.ts'
import { nearest } from '../../util/nearest.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import { hostPort, iso } from '../../util/words.ts'
import { type Entry, takesWork } from '../upstreams/entry.ts'
import type { KnownProbe } from '../upstreams/probes/probe-history.ts'
import { upstreamUrl } from '../upstreams/slots.ts'
import type { Supervisor } from '../workers/supervisor.ts'
import { inDoubtReport } from './in-doubt-report.ts'
import { windowsOn } from './maintenance-report.ts'
import type { Sources } from './sources.ts'
import { reportUpstream } from './upstream-report.ts'
import { accessLogReport } from './view.ts'

export interface ExplanationSources extends Sources {
  readonly feed: EventFeed
  readonly supervisor: Pick<Supervisor, 'ask'>
}

const MOST_EVENTS = 10

export function createExplanations(sources: ExplanationSources): Explanations {
  return {
    upstream: (pool, upstream) => explainUpstream(pool, upstream, sources, Date.now()),
    request: requestId => explainRequest(requestId, sources),
    async route(question) {
      const { replies } = await sources.supervisor.ask({ kind: 'route', ...question }, 'one')
      const [reply] = replies
      if (reply?.kind === 'route') return reply.found
      return refuse('unavailable', 'no worker answers in time', 'vigia status says how they are')
    },
  }
}

async function explainRequest(
  requestId: string,
  { supervisor, inDoubt, inUse }: ExplanationSources,
): Promise<RequestExplanation> {
  const { replies, silent } = await supervisor.ask({ kind: 'request', requestId })
  return {
    requestId,
    stories: replies.flatMap(each => (each.kind === 'request' ? each.stories : [])).sort((a, b) => b.atMs - a.atMs),
    inDoubt: inDoubtReport(inDoubt).records.filter(each => each.requestId === requestId),
    silentWorkers: silent,
    accessLog: accessLogReport(inUse.snapshot),
  }
}

function explainUpstream(
  poolName: string,
  name: string,
  sources: ExplanationSources,
  nowMs: number,
): Found<UpstreamExplanation> {
  const { registry, windows, feed } = sources
  const pool = registry.pool(poolName)
  const known = registry.pools().map(({ plan }) => plan.name)
  if (pool === undefined) return unknown('pool', poolName, known)
  const entry = pool.entries.find(({ plan }) => plan.name === name)
  const names = pool.entries.map(({ plan }) => plan.name)
  if (entry === undefined) return unknown(`upstream of ${poolName}`, name, names)
  const { events } = feed.after(0)
  return {
    ok: true,
    pool: poolName,
    upstream: reportUpstream(entry, sources),
    othersAvailable: pool.entries.filter(each => each !== entry && takesWork(each)).length,
    probing: probingOf(entry),
    probes: entry.probes.recent.map(reportProbe).reverse(),
    ejection: reportEjection(entry),
    slowStart: reportSlowStart(entry, pool.plan.slowStartMs ?? 0, nowMs),
    windows: windowsOn(windows, poolName, name),
    events: events
      .filter(each => each.pool === poolName && each.upstream === name)
      .slice(-MOST_EVENTS)
      .reverse(),
  }
}

function unknown(what: string, name: string, names: readonly string[]): Refusal {
  const near = nearest(name, names)
  const advice = near === undefined ? `there is ${names.slice(0, 20).join(', ')}` : `did you mean ${near}?`
  return refuse('unknown', `there is no ${what} called ${JSON.stringify(name)}`, advice)
}

function probingOf({ plan, health, proxyProtocol }: Entry): ProbingReport | undefined {
  if (health.kind === 'none') return undefined
  const { intervalMs, timeoutMs, rise, fall } = health
  const rhythm = { intervalMs, timeoutMs, rise, fall }
  const behind = proxyProtocol === undefined ? '' : `, behind a PROXY header (${proxyProtocol})`
  if (health.kind === 'tcp') {
    const expects = [plan.tls === undefined ? 'a connection' : 'a connection and its TLS handshake']
    const asks = hostPort(plan.host, plan.port) + behind
    return { kind: 'tcp', asks, fields: [], bodyBytes: 0, expects, ...rhythm }
  }
  return {
    kind: 'http',
    asks: `${health.method} ${upstreamUrl(plan)}${withoutSecrets(health.path)}${behind}`,
    fields: fieldsOf(health),
    bodyBytes: Buffer.byteLength(health.body ?? ''),
    expects: expectationsOf(health),
    ...rhythm,
  }
}

function fieldsOf({ host, headers }: HttpProbe): string[] {
  const all = { ...(host === undefined ? {} : { Host: host }), ...headers }
  return Object.entries(all).map(
    ([name, value]) => `${name}: ${isSecretKey(['health', 'headers', name]) ? MASK : withoutSecrets(value)}`,
  )
}

function expectationsOf({ statuses, bodyContains, bodyMatches, drainOn404 }: HttpProbe & HealthPlan): string[] {
  const ranges = statuses.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
  return [
    `status ${ranges.join(', ')}${drainOn404 === true ? '; 404 means "drain me"' : ''}`,
    ...(bodyContains === undefined ? [] : [`"${bodyContains}" in the body`]),
    ...(bodyMatches === undefined ? [] : [`a body that matches /${bodyMatches}/`]),
  ]
}

function reportProbe({ atMs, ok, status, error, durationMs, answer, isVoid }: KnownProbe): ProbeAnswerReport {
  return {
    at: iso(atMs),
    ok,
    status: status ?? null,
    error: error === undefined ? null : withoutSecrets(error),
    durationMs: Math.round(durationMs * 10) / 10,
    answer: answer === undefined ? null : withoutSecrets(answer),
    isVoid: isVoid === true,
  }
}

function reportEjection({ outlier: { status, sinceMs, untilMs, reason, ejections } }: Entry): EjectionReport | null {
  if (status === 'admitted') return null
  return { status, since: iso(sinceMs), until: status === 'ejected' ? iso(untilMs) : null, reason, times: ejections }
}

function reportSlowStart({ returnedMs }: Entry, rampMs: number, nowMs: number): UpstreamExplanation['slowStart'] {
  const share = slowStartFactor(nowMs, returnedMs, rampMs)
  return returnedMs === undefined || share === 1
    ? null
    : { since: iso(returnedMs), sharePercent: Math.round(share * 100) }
}
