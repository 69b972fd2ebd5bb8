// The HTTP probe: one request on a fresh connection, judged by its status and, if asked, by the first bytes of its body.
// Redirects are an answer like any other, never followed. The timeout covers everything from connecting to the last byte read.

import { Client, type Dispatcher } from 'undici'
import { Pattern } from '../../../config/forms/pattern.ts'
import type { HealthPlan, HttpProbe } from '../../../plan/health.ts'
import type { UpstreamPlan } from '../../../plan/pool.ts'
import { type AgentHints, readHints } from '../../../policy/upstream/agent-hints.ts'
import type { ConnectTarget } from '../../../shared/upstream-addresses.ts'
import { upstreamTlsOptions } from '../../../tls/upstream-tls.ts'
import { hostPort } from '../../../util/words.ts'
import { describeProbeError, isVoidProbe, type RunProbe } from './probe.ts'

type HttpPlan = HealthPlan & { kind: 'http' }

export const probeHttp: RunProbe<HttpPlan> = async (plan, upstream, target, signal) => {
  const started = performance.now()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(plan.timeoutMs)])
  const client = openClient(plan, upstream, target)
  let status: number | undefined
  let error: string | undefined
  let isVoid = false
  let hints: AgentHints | undefined
  try {
    const response = await client.request({
      method: plan.method as Dispatcher.HttpMethod,
      path: plan.path,
      headers: {
        'user-agent': 'vigia-probe',
        ...plan.headers,
        host: plan.host ?? upstream.authority,
        connection: 'close',
      },
      ...(plan.body === undefined ? {} : { body: plan.body }),
      signal: deadline,
    })
    status = response.statusCode
    error = await judge(plan, response)
    // A node that does not count as well is not asked for its hints.
    if (error === undefined) hints = readHints(response.statusCode, response.headers, plan)
  } catch (thrown) {
    error = describeProbeError(thrown, plan.timeoutMs)
    isVoid = isVoidProbe(thrown, plan.timeoutMs, performance.now() - started)
  } finally {
    // Not awaited: what is left of the connection is nobody's business any more.
    client.destroy().catch(() => {})
  }
  return { ok: error === undefined, durationMs: performance.now() - started, status, error, isVoid, hints }
}

function openClient(plan: HttpPlan, { host, port, tls }: UpstreamPlan, target: ConnectTarget): Client {
  return new Client(`${tls === undefined ? 'http' : 'https'}://${hostPort(host, port)}`, {
    pipelining: 0,
    allowH2: false,
    // The probe's own deadline ends it; these only must not be shorter.
    connectTimeout: plan.timeoutMs + 1000,
    headersTimeout: plan.timeoutMs + 1000,
    bodyTimeout: plan.timeoutMs + 1000,
    connect: { ...target, ...(tls === undefined ? {} : upstreamTlsOptions(tls)) },
  })
}

/** What is wrong with the answer; undefined = nothing. */
async function judge(plan: HttpPlan, { statusCode, body }: Dispatcher.ResponseData): Promise<string | undefined> {
  body.on('error', () => {})
  if (plan.drainOn404 === true && statusCode === 404) return undefined
  if (!plan.statuses.some(({ from, to }) => statusCode >= from && statusCode <= to)) {
    return `status ${statusCode}, expected ${formatStatuses(plan.statuses)}`
  }
  if (plan.bodyContains === undefined && plan.bodyMatches === undefined) return undefined
  const text = await readStart(body, plan.bodyBytes)
  if (plan.bodyContains !== undefined && !text.includes(plan.bodyContains)) {
    return `status ${statusCode}, but "${plan.bodyContains}" is not in the first ${plan.bodyBytes} bytes of the body`
  }
  const matches = patternOf(plan)?.test(text)
  if (plan.bodyMatches === undefined || matches) return undefined
  const how = matches === undefined ? 'takes longer than 100 ms on' : 'does not match'
  return `status ${statusCode}, but /${plan.bodyMatches}/ ${how} the first ${plan.bodyBytes} bytes of the body`
}

const patterns = new WeakMap<HttpPlan, Pattern>()

function patternOf(plan: HttpPlan): Pattern | undefined {
  let pattern = patterns.get(plan)
  if (pattern === undefined && plan.bodyMatches !== undefined) {
    pattern = new Pattern(plan.bodyMatches)
    patterns.set(plan, pattern)
  }
  return pattern
}

async function readStart(body: Dispatcher.ResponseData['body'], bytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= bytes) break
  }
  return Buffer.concat(chunks).subarray(0, bytes).toString('utf8')
}

function formatStatuses(statuses: HttpProbe['statuses']): string {
  return statuses.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
