// The sentences around the table of `vigia status`: above it what is wrong now, with what would come of it; below it what else there is
// to know. Pure text.

import type { PoolReport } from '../../admin/contract/pools.ts'
import type { FileDiffers, StatusReport } from '../../admin/contract/status.ts'
import type { UpstreamReport } from '../../admin/contract/upstreams.ts'
import { formatAge, gotWords } from '../../util/words.ts'
import { acmeRemarks } from './acme-lines.ts'
import { authorityRemarks, authorityTrouble, certificateRemarks, certificateTrouble } from './certificate-lines.ts'
import { integrationRemarks } from './held-lines.ts'
import { summaryLines } from './maintenance-lines.ts'
import { printable } from './text.ts'

const NEXT_START: Readonly<Record<FileDiffers['nextStart'], string>> = {
  fails: 'the next start would FAIL',
  file: 'the next start would use the file as it is',
  'last-good': 'the next start would use the last good configuration',
}

export function troubles(report: StatusReport, nowMs: number): string[] {
  const { configuration, pools, certificates = [], authorities = [] } = report
  const differs = configuration.fileDiffers
  const outages = pools.flatMap(({ name, outage, maintenance }) => {
    if (outage === null || maintenance !== undefined) return []
    const { since, answers, inDoubt, planned } = outage
    const got = gotWords(answers, inDoubt, planned)
    return [
      `Pool ${printable(name)} has NOBODY LEFT, for ${formatAge(nowMs - Date.parse(since))}: its users got ${got}.`,
    ]
  })
  const ended = [
    ...certificates.flatMap(each => certificateTrouble(each, nowMs) ?? []),
    ...authorities.flatMap(each => authorityTrouble(each, nowMs) ?? []),
  ]
  return [...(differs === null ? [] : [differsWords(differs, report)]), ...outages, ...ended]
}

function differsWords(
  { why, since, problem, nextStart }: FileDiffers,
  { configuration, revision }: StatusReport,
): string {
  const file = printable(configuration.file ?? 'the configuration file')
  const next = NEXT_START[nextStart]
  const because = printable(problem ?? '')
  switch (why) {
    case 'refused':
      return `NOT IN USE: what ${file} says was refused at ${since}: ${because}. Revision ${revision} goes on; ${next}.`
    case 'frozen':
      return `NOT IN USE: what ${file} says was refused at ${since}: ${because}. A change of the file is tried again when the freeze is over; ${next}.`
    case 'last-good':
      return `LAST GOOD CONFIGURATION: ${file} can't be used: ${because}. It is used as soon as it can be; ${next}.`
    case 'not-in-file':
      return `NOT IN THE FILE: revision ${revision} was applied at ${since} and is not what ${file} says; the next reload or change of the file would undo it, and ${next}.`
  }
}

export function remarks(report: StatusReport, nowMs: number): string[] {
  const lines = report.maintenance === undefined ? [] : summaryLines(report.maintenance, nowMs)
  for (const pool of report.pools) lines.push(...poolRemarks(pool, nowMs))
  const unsure = new Map(report.pools.flatMap(({ upstreams }) => upstreams.flatMap(nameInDoubt)))
  for (const [name, why] of unsure) lines.push(`Name ${name}: ${why}; its last addresses stay in use.`)
  const { store, clients, certificates = [], authorities = [], acme } = report
  for (const each of certificates) lines.push(...certificateRemarks(each, nowMs))
  for (const each of authorities) lines.push(...authorityRemarks(each, nowMs))
  if (acme !== undefined) lines.push(...acmeRemarks(acme, nowMs))
  if (report.integrations !== undefined) lines.push(...integrationRemarks(report.integrations))
  if (clients.limitWarning !== null) lines.push(`Few clients: ${printable(clients.limitWarning)}.`)
  if (store !== null && store.state !== 'ok') {
    const lost = store.dropped === 0 ? '' : `, ${store.dropped} given up`
    lines.push(
      `Store ${store.state}: ${printable(store.reason ?? '')} (${store.waiting} rows wait${lost}); traffic goes on.`,
    )
    if (store.ordersFrom !== 'store') lines.push(ORDERS_FROM[store.ordersFrom])
  }
  for (const { worker, state, restarts } of report.workers) {
    if (state !== 'ready' || restarts > 0) lines.push(`Worker ${worker} is ${state}, restarted ${restarts} times.`)
  }
  return lines
}

function poolRemarks(pool: PoolReport, nowMs: number): string[] {
  const name = `Pool ${printable(pool.name)}`
  const lines: string[] = []
  if (pool.available === 0 && pool.outage === null && pool.maintenance === undefined)
    lines.push(`${name} has no available upstream: nobody serves its users.`)
  if (pool.waiting > 0) lines.push(`${name}: ${pool.waiting} requests wait for an upstream.`)
  const { inUse, awaitsFailback, standby } = pool.priorities
  for (const { priority, since } of standby) {
    if (since === null) continue
    const who = pool.upstreams.filter(each => each.priority === priority).map(each => printable(each.name))
    const age = formatAge(nowMs - Date.parse(since))
    lines.push(`${name}: priority ${priority} (${who.join(', ')}) carries load, for ${age} now.`)
  }
  if (awaitsFailback !== null)
    lines.push(
      `${name} is served by priority ${inUse}; priority ${awaitsFailback} can serve again and waits for: vigia failback ${printable(pool.name)}`,
    )
  if (pool.inDoubtOpen > 0)
    lines.push(
      `${name}: ${pool.inDoubtOpen} requests in doubt (may or may not have been carried out): vigia in-doubt lists them.`,
    )
  const own = pool.answers['5xx']
  if (own > 0) {
    const causes = [
      ['the queue was full', pool.queue.full],
      ['waited too long', pool.queue.timeouts],
      ['the circuit breaker', pool.breaker.refusals],
    ] as const
    const known = causes.flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]))
    lines.push(
      `${name}: ${own} requests were answered 5xx by vigia itself, without an upstream${known.length === 0 ? '' : ` (${known.join(', ')})`}.`,
    )
  }
  return lines
}

const ORDERS_FROM = {
  copy: 'The store could not be read at the start: drains and other orders from before it are those of the copy beside it.',
  nowhere: 'The store has not been read: who was drained or disabled before the start is not known, and serves.',
} as const

/** An upstream whose name is not resolved any more, and that has addresses all the same. */
function nameInDoubt({ url, resolved }: UpstreamReport): [string, string][] {
  if (!resolved?.problem || resolved.addresses.length === 0) return []
  return [[printable(new URL(url).hostname), printable(resolved.problem.why)]]
}
