// The HTTP probe: one request on a fresh connection, judged by its status and, if asked, by the first bytes of its body.
// Redirects are an answer like any other, never followed. The timeout covers everything from connecting to the last byte read.

import type { IncomingMessage } from 'node:http'
import { Pattern } from '../../../config/forms/pattern.ts'
import type { HealthPlan, HttpProbe } from '../../../plan/health.ts'
import { type AgentHints, readHints } from '../../../policy/upstream/agent-hints.ts'
import { connectBehindHeader, connectProbe } from './connect.ts'
import { describeProbeError, isVoidProbe, oneLine, type RunProbe } from './probe.ts'

// An import of it would load fetch and all its parts as well: a fifth of what control takes to load.
const { request: requestHttp } = process.getBuiltinModule('node:http')

type HttpPlan = HealthPlan & { kind: 'http' }

export const probeHttp: RunProbe<HttpPlan> = async (plan, place, signal) => {
  const started = performance.now()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(plan.timeoutMs)])
  const { body } = plan
  let status: number | undefined
  let error: string | undefined
  let answer: string | undefined
  let isVoid = false
  let hints: AgentHints | undefined
  let end = () => {}
  try {
    const { proxyProtocol } = place
    const behindHeader = proxyProtocol && (await connectBehindHeader(place, proxyProtocol, deadline))
    const request = requestHttp({
      method: plan.method,
      path: plan.path,
      headers: {
        'user-agent': 'vigia-probe',
        ...plan.headers,
        host: plan.host ?? place.upstream.authority,
        connection: 'close',
        // Node.js leaves it out of a GET, body or not.
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      // So that no agent is used, which would have its own mind on connections and server names.
      createConnection: () => behindHeader ?? connectProbe(place),
    })
    const onAbort = () => request.destroy(deadline.reason)
    end = () => {
      deadline.removeEventListener('abort', onAbort)
      // Not awaited: what is left of the connection is nobody's business any more.
      request.destroy()
    }
    deadline.addEventListener('abort', onAbort)
    // Node writes the request in the next tick.
    if (behindHeader) process.nextTick(() => behindHeader.uncork())
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.on('response', resolve).on('error', reject).end(body)
    })
    status = response.statusCode
    answer = headWords(response)
    error = await judge(plan, response, start => {
      answer += `, beginning with "${oneLine(start, SHOWN_CHARS)}"`
    })
    // A node that does not count as well is not asked for its hints.
    if (error === undefined) hints = readHints(response.statusCode!, response.headers, plan)
  } catch (thrown) {
    const why = deadline.aborted ? deadline.reason : thrown
    error = describeProbeError(why, plan.timeoutMs)
    isVoid = isVoidProbe(why, plan.timeoutMs, performance.now() - started)
  } finally {
    end()
  }
  return { ok: error === undefined, durationMs: performance.now() - started, status, error, isVoid, hints, answer }
}

/** Of a body that is not as expected. */
const SHOWN_CHARS = 120

/** `302 Found, Location: /web/login`; without the query, which may be a login. */
function headWords({ statusCode, statusMessage, headers }: IncomingMessage): string {
  const location =
    headers.location === undefined ? '' : `, Location: ${oneLine(headers.location.replace(/[?#].*/s, ''))}`
  return `${statusCode} ${oneLine(statusMessage ?? '', SHOWN_CHARS)}`.trimEnd() + location
}

/** What is wrong with the answer; undefined = nothing. @param onStart the beginning of a body that is not as expected */
async function judge(
  plan: HttpPlan,
  response: IncomingMessage,
  onStart: (text: string) => void,
): Promise<string | undefined> {
  response.on('error', () => {})
  const statusCode = response.statusCode!
  if (plan.drainOn404 === true && statusCode === 404) return undefined
  if (!plan.statuses.some(({ from, to }) => statusCode >= from && statusCode <= to)) {
    // What came with the head; nothing is waited for.
    const start: Buffer | null = response.read()
    if (start !== null) onStart(start.subarray(0, plan.bodyBytes).toString('utf8'))
    return `status ${statusCode}, expected ${formatStatuses(plan.statuses)}`
  }
  if (plan.bodyContains === undefined && plan.bodyMatches === undefined) return undefined
  const text = await readStart(response, plan.bodyBytes)
  if (plan.bodyContains !== undefined && !text.includes(plan.bodyContains)) {
    onStart(text)
    return `status ${statusCode}, but "${plan.bodyContains}" is not in the first ${plan.bodyBytes} bytes of the body`
  }
  const matches = patternOf(plan)?.test(text)
  if (plan.bodyMatches === undefined || matches) return undefined
  onStart(text)
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

async function readStart(body: AsyncIterable<Buffer>, bytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size >= bytes) break
  }
  return Buffer.concat(chunks).subarray(0, bytes).toString('utf8')
}

function formatStatuses(statuses: HttpProbe['statuses']): string {
  return statuses.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
