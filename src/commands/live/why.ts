// vigia why: says in words why an upstream is as it is, or what became of a request. Which of both is meant, the running vigia's pools say.

import type { RequestExplanation, UpstreamExplanation } from '../../admin/contract/explanations.ts'
import type { StatusReport } from '../../admin/contract/status.ts'
import type { LogEntry } from '../logs/entry.ts'
import { ASKED } from '../words/exit-codes.ts'
import { loggedLines, whyRequestLines } from '../words/explain/why-request.ts'
import { whyUpstreamLines } from '../words/explain/why-upstream.ts'
import { laidOut, terminalColumns } from '../words/paragraphs.ts'
import { hereZone } from '../words/times.ts'
import { fetchJson, fetchStatus, RefusedByVigia } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface WhyOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
  /** It is the id of a request, whatever it looks like. */
  readonly request?: boolean
}

/** Resolves with the exit code: 1 where nothing is known of it. */
export async function why(what: string, { admin, json, request = false }: WhyOptions): Promise<number> {
  try {
    const places = request ? [] : placesOf(what, await fetchStatus(admin))
    if (places.length === 0) return await ofRequest(what, admin, json)
    const found = await Promise.all(
      places.map(([pool, upstream]) => fetchJson(admin, `/pools/${encode(pool)}/upstreams/${encode(upstream)}`)),
    )
    const explanations = found as UpstreamExplanation[]
    if (json) print(JSON.stringify(explanations.length === 1 ? explanations[0] : explanations, null, 2))
    else print(explanations.map(each => inWords(whyUpstreamLines(each, Date.now(), hereZone()))).join('\n\n'))
    return ASKED.done
  } catch (error) {
    if (error instanceof RefusedByVigia) {
      console.error(`vigia: ${error.message}`)
      return ASKED.refused
    }
    return failed(`why ${what}`, error)
  }
}

/** The upstreams that are meant: one, or those of a pool. None = it is no pool; an upstream that is not there, of a pool that is, is asked for. */
function placesOf(what: string, { pools }: StatusReport): (readonly [string, string])[] {
  const whole = pools.find(({ name }) => name === what)
  if (whole !== undefined) return whole.upstreams.map(({ name }) => [whole.name, name] as const)
  const slash = what.indexOf('/')
  const pool = pools.find(({ name }) => name === what.slice(0, slash))
  return pool === undefined ? [] : [[pool.name, what.slice(slash + 1)]]
}

async function ofRequest(requestId: string, admin: string, json: boolean): Promise<number> {
  const explanation = (await fetchJson(admin, `/requests/${encode(requestId)}`)) as RequestExplanation
  const isKept = explanation.stories.length > 0 || explanation.inDoubt.length > 0
  const logged = isKept ? [] : await inLog(explanation)
  const isKnown = isKept || logged.length > 0
  if (json) print(JSON.stringify({ ...explanation, logged }, null, 2))
  else if (isKept) print(inWords(whyRequestLines(explanation, Date.now(), hereZone())))
  else if (isKnown) print(inWords(logged.flatMap(entry => loggedLines(entry, Date.now(), hereZone()))))
  else console.error(`vigia: ${unknownWords(explanation)}`)
  return isKnown ? ASKED.done : ASKED.refused
}

/** Where the log is on this machine, and may be read. */
async function inLog({ requestId, accessLog }: RequestExplanation): Promise<LogEntry[]> {
  if (!accessLog.enabled || accessLog.destination === 'stdout') return []
  const { findRequest } = await import('../logs/find-request.ts')
  return findRequest(accessLog.destination, requestId).catch(() => [])
}

function unknownWords({ requestId, accessLog, silentWorkers }: RequestExplanation): string {
  const silent = silentWorkers.length === 0 ? '' : ` Workers ${silentWorkers.join(', ')} did not answer in time.`
  const log = logWords(accessLog)
  return `nothing is kept of a request ${JSON.stringify(requestId)}: it was plain, or is too long ago, or no pool is called so; ${log}.${silent}`
}

function logWords({ enabled, destination, sampled }: RequestExplanation['accessLog']): string {
  if (!enabled) return 'the access log is off'
  if (destination === 'stdout') return 'the access log, which goes to standard output, may have it'
  return `the access log does not have it here (${destination}${sampled ? '; not every request gets a line there' : ''})`
}

function inWords(lines: readonly string[]): string {
  return laidOut(lines, hereZone(), terminalColumns())
}

function print(text: string): void {
  console.log(text)
}

function encode(text: string): string {
  return encodeURIComponent(text)
}
