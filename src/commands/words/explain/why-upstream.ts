// The words of `vigia why POOL/UPSTREAM`: what an upstream's state is and why, what its probes asked and got, what else bears on it, and
// what to do. Pure text.

import type { ProbeAnswerReport, ProbingReport, UpstreamExplanation } from '../../../admin/contract/explanations.ts'
import type { HoldReport } from '../../../admin/contract/upstreams.ts'
import { formatAge } from '../../../util/words.ts'
import { drainWords } from '../drain-lines.ts'
import { heading, paragraph } from '../paragraphs.ts'
import { localTime } from '../times.ts'

const STATES = {
  available: 'serves',
  unknown: 'is NOT KNOWN yet: no probe has a verdict on it',
  draining: 'is DRAINING: it serves who belongs to it, and gets no new work',
  out: 'is OUT: it gets no requests',
  disabled: 'is DISABLED: it gets no requests',
} as const

/** @param zone of all times @returns lines, some longer than a terminal is wide */
export function whyUpstreamLines(explanation: UpstreamExplanation, nowMs: number, zone: string): string[] {
  const { pool, upstream, events } = explanation
  const name = `${pool}/${upstream.name}`
  return [
    `${name} ${STATES[upstream.state]}, since ${localTime(upstream.since, zone)} (${formatAge(nowMs - Date.parse(upstream.since))}).`,
    ...paragraph(`Why: ${upstream.why}.`),
    ...addressLines(explanation),
    ...bearings(explanation, nowMs),
    ...probeLines(explanation, nowMs, zone),
    ...(events.length === 0
      ? []
      : [heading('What happened to it'), ...events.map(({ at, text }) => `  ${localTime(at, zone)}  ${text}`)]),
    heading('What to do'),
    ...adviceFor(explanation).flatMap(text => paragraph(text)),
  ]
}

function addressLines({ upstream: { url, resolved } }: UpstreamExplanation): string[] {
  if (resolved === null) return paragraph(`It is at ${url}.`)
  const addresses = resolved.addresses.length === 0 ? 'no address' : resolved.addresses.join(', ')
  const problem = resolved.problem === null ? '' : ` Its name is not resolved: ${resolved.problem.why}.`
  return paragraph(`It is at ${url} (${addresses}).${problem}`)
}

/** Who and what else has a say, of whatever state it is. */
function bearings({ upstream, ejection, slowStart, windows }: UpstreamExplanation, nowMs: number): string[] {
  const { holds, drain, weightOverride, lastFailure, weight, effectiveWeight, priority } = upstream
  const since = (at: string) => `${formatAge(nowMs - Date.parse(at))} ago`
  const lines = holds.map(each => holdWords(each, since))
  if (drain !== null) lines.push(`Drain: ${drainWords(drain, nowMs)}.`)
  for (const { name, status, until, reason } of windows) {
    const end = until === null ? '' : `, until ${until}`
    lines.push(`Window "${name}" is ${status}${end}${reason === '' ? '' : `: ${reason}`}.`)
  }
  if (ejection !== null) {
    const { status, until, reason, times } = ejection
    const often = times > 1 ? ` (${times} times of late: each makes the next one longer)` : ''
    lines.push(
      status === 'ejected'
        ? `Ejected${often} for what requests met there: ${reason}. It is tried again at ${until}.`
        : `On trial after an ejection${often} for: ${reason}. It gets a part of its weight until enough requests went well.`,
    )
  }
  if (weightOverride !== null)
    lines.push(
      `Weight ${weightOverride.weight} instead of ${weight}, by ${weightOverride.by}, ${since(weightOverride.since)}: ${weightOverride.reason}.`,
    )
  if (slowStart !== null)
    lines.push(`Slow start: back ${since(slowStart.since)}, it gets ${slowStart.sharePercent}% of its weight so far.`)
  if (weight > 0 && effectiveWeight === 0 && weightOverride === null) lines.push('Its weight is 0 now: no new work.')
  if (priority > 0) lines.push(`Priority ${priority}: it gets work where earlier priorities can't carry the load.`)
  if (lastFailure !== null)
    lines.push(`Newest failure that requests met there, ${since(lastFailure.at)}: ${lastFailure.error}.`)
  return lines.flatMap(text => paragraph(text))
}

const SOURCES = { operator: 'an order', agent: 'the node itself', window: 'a maintenance window' } as const

function holdWords({ source, status, by, since, reason, deadline, recorded }: HoldReport, age: (at: string) => string) {
  const end = deadline === null ? '' : `, until ${deadline}`
  const lost = recorded === false ? ' The store does not have it yet: a restart would forget it.' : ''
  return `Held ${status} by ${SOURCES[source]} (${by}, ${age(since)}${end}): ${reason}.${lost}`
}

function probeLines({ probing, probes, upstream }: UpstreamExplanation, nowMs: number, zone: string): string[] {
  if (probing === undefined) return paragraph('It is not probed (health: off): only what requests meet counts.')
  const { ok, failed } = upstream.probes
  return [
    heading('What its probes ask'),
    ...askedWords(probing).flatMap(text => paragraph(text)),
    heading(`What they got, newest first (${ok} well, ${failed} failed since the start)`),
    ...(probes.length === 0 ? ['  No probe has ended yet.'] : alike(probes).flatMap(run => probeWords(run, zone))),
    ...quiet(probing, probes, nowMs),
  ]
}

function askedWords({ asks, fields, bodyBytes, expects, intervalMs, timeoutMs, rise, fall }: ProbingReport): string[] {
  const body = bodyBytes === 0 ? '' : ` with a body of ${bodyBytes} bytes`
  return [
    asks + body,
    ...fields,
    `Expected: ${expects.join('; ')}.`,
    `Every ${intervalMs / 1000} s, for at most ${timeoutMs / 1000} s; ${fall} bad ones in a row take it out, ${rise} good ones bring it back.`,
  ]
}

/** Those in a row that found the same. */
function alike(probes: readonly ProbeAnswerReport[]): ProbeAnswerReport[][] {
  const runs: ProbeAnswerReport[][] = []
  for (const each of probes) {
    const last = runs.at(-1)
    const [one] = last ?? []
    const isSame = one?.ok === each.ok && one.isVoid === each.isVoid && one.error === each.error
    if (last !== undefined && isSame && one?.answer === each.answer) last.push(each)
    else runs.push([each])
  }
  return runs
}

function probeWords(run: readonly ProbeAnswerReport[], zone: string): string[] {
  const { at, ok, isVoid, durationMs, error, answer } = run[0]!
  const clock = (time: string) => localTime(time, zone).slice(11)
  const verdict = ok ? 'well  ' : isVoid ? 'void  ' : 'FAILED'
  const said = ok ? (answer ?? '') : (error ?? '')
  return [
    `  ${clock(at)}  ${verdict}  ${Math.round(durationMs)} ms  ${said}`.trimEnd(),
    ...(ok || answer === null ? [] : [`            got: ${answer}`]),
    ...(run.length === 1
      ? []
      : [`            so did ${run.length - 1} more before it, from ${clock(run.at(-1)!.at)} on`]),
  ]
}

/** Probes are late: vigia itself stands still, or waits. */
function quiet(
  { intervalMs, timeoutMs }: ProbingReport,
  [newest]: readonly ProbeAnswerReport[],
  nowMs: number,
): string[] {
  const age = newest === undefined ? 0 : nowMs - Date.parse(newest.at)
  // One that has been down for long is asked less often.
  return age > 20 * (intervalMs + timeoutMs) ? paragraph(`The newest is ${formatAge(age)} old.`) : []
}

/** The command, or what to look at, for each thing that keeps it from its work. */
export function adviceFor({
  pool,
  upstream,
  ejection,
  windows,
  probing,
  probes,
  othersAvailable,
}: UpstreamExplanation) {
  const place = `${pool}/${upstream.name}`
  const advice: string[] = []
  for (const { source } of upstream.holds) {
    if (source === 'operator') advice.push(`To end what was ordered: vigia enable ${place} --reason TEXT`)
    if (source === 'agent')
      advice.push(
        'The node asks for it with its health answer (X-Vigia-State, or a 404 with drainOn404): end it there.',
      )
  }
  for (const { name } of windows)
    advice.push(
      `To end the window early: vigia maintenance end "${name}" --reason TEXT (vigia maintenance list tells the rest)`,
    )
  const [newest] = probes
  if (upstream.resolved?.problem != null && upstream.resolved.addresses.length === 0)
    advice.push('Mend the name in DNS, or give its address in the configuration (pools.*.upstreams[].url).')
  else if (probing !== undefined && newest !== undefined && !newest.ok) advice.push(...probeAdvice(newest, probing))
  if (ejection !== null)
    advice.push(
      `Look at its own log for what requests met; vigia's view: vigia logs --filter "pool=${pool} upstream=${upstream.name} status=5xx"`,
    )
  if (advice.length === 0 && upstream.state !== 'available')
    advice.push(`Wait for a verdict: vigia status --watch; what has happened: vigia events --pool ${pool}`)
  if (advice.length === 0) advice.push('Nothing: it serves.')
  if (upstream.state !== 'available' && othersAvailable === 0)
    advice.push(
      `Nobody else of pool ${pool} gets new work: its users are without the application until this one, or another, is back.`,
    )
  return advice
}

function probeAdvice({ error, status, answer }: ProbeAnswerReport, { asks }: ProbingReport): string[] {
  const why = error ?? ''
  const again = `Ask as the probe does: ${curlOf(asks)}`
  if (why.includes('refused'))
    return ['Nothing listens there: start the node, or mend its url in the configuration.', again]
  if (why.includes('no route'))
    return ["The machine can't be reached: look at the network and firewall between it and vigia.", again]
  if (why.includes('within'))
    return [
      'It is hung, overloaded, or a firewall drops what is sent to it. If it is merely slow: health.timeout.',
      again,
    ]
  if (why.includes('certificate'))
    return [
      "Mend the node's certificate, or say whom vigia is to trust (pools.*.upstreams[].tls: caFile, serverName).",
      again,
    ]
  if (why.includes('name')) return ['Mend the name in DNS.', again]
  if (status !== null && status >= 300 && status < 400 && answer?.includes('Location'))
    return [
      'It redirects: probe the path that it leads to (health.path), send the host that it expects (health.host), or let the status count (health.expect.status).',
      again,
    ]
  if (status === 401 || status === 403)
    return ['It wants a login: probe a path that needs none (health.path), or give one (health.headers).', again]
  if (status === 404) return ['The path is not there: mend health.path, or what the node serves.', again]
  if (status !== null && status >= 500) return ['The node answers, but is in trouble: look at its own log.', again]
  return ['The node answers otherwise than the configuration expects: look at both.', again]
}

function curlOf(asks: string): string {
  const [, method, url] = /^([A-Z]+) (\S+?)(?:,.*)?$/.exec(asks) ?? []
  if (url === undefined) return `nc -vz ${asks.replace(/,.*/, '').replace(/:(\d+)$/, ' $1')}`
  return `curl -i${method === 'GET' ? '' : method === 'HEAD' ? 'I' : ` -X ${method}`} '${url}'`
}
