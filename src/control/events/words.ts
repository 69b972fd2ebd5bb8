// What happens, in words for people: the lines of the log and the entries of GET /events. The one place where an event becomes a
// sentence; who is told of what else, and when, is not said here. Pure.

import { formatProblem } from '../../config/forms/problem.ts'
import { changeText, diffText } from '../../config/shown/diff.ts'
import { iso } from '../../util/words.ts'
import type { NameEvent } from '../names/name-event.ts'
import type { Transition } from '../upstreams/upstream-event.ts'
import type { WindowEvent } from '../windows/window-event.ts'
import type { SettledEvent } from '../workers/in-doubt-list.ts'
import type { LostRequests } from '../workers/lost-requests.ts'
import type { MemoryEvent, StallEvent } from '../workers/worker-event.ts'
import { acmeWords } from './acme-words.ts'
import { certificateWords } from './certificate-words.ts'
import { stepWords } from './clock-words.ts'
import type { ClockStepEvent, StartedEvent, VigiaEvent } from './event.ts'
import type { NewEntry } from './feed.ts'
import { heldWords, pauseWords } from './held-words.ts'
import type { Orderer, PurgeEffect } from './order-event.ts'
import { poolWords, standbyWords } from './pool-words.ts'
import type { ConfigurationSource, ReloadEvent, ReloadRequest } from './reload-event.ts'
import type { LogLine, Words } from './said.ts'

const BECAUSE: Readonly<Record<ConfigurationSource, string>> = {
  start: 'start',
  file: 'its files changed',
  signal: 'SIGHUP',
  api: 'asked for over the admin API',
  cli: 'asked for on the command line',
  program: 'asked for by the program',
}

export function wordsOf(event: VigiaEvent): Words {
  switch (event.type) {
    case 'transition':
      return transitionWords(event.transition)
    case 'notice': {
      const { level, pool, upstream, text } = event.notice
      const name = upstream === undefined ? `pool ${pool}` : `${pool}/${upstream}`
      const fields = upstream === undefined ? { pool } : { pool, upstream }
      return {
        lines: [{ level, fields, text: `${upstream === undefined ? `${name}:` : `upstream ${name}`} ${text}` }],
        entries: [{ type: 'notice', pool, upstream, text: `${name}: ${text}`, detail: { level } }],
      }
    }
    case 'standby':
      return standbyWords(event)
    case 'name':
      return nameWords(event)
    case 'window':
      return windowWords(event)
    case 'order': {
      const told = event.effects.flatMap(effect =>
        effect.kind === 'window'
          ? [windowWords(effect.event)]
          : effect.kind === 'purge'
            ? [purgeWords(effect, event.who)]
            : [],
      )
      return { lines: told.flatMap(({ lines }) => lines), entries: told.flatMap(({ entries }) => entries) }
    }
    case 'in-doubt': {
      const { method, path, pool, upstream, atMs: _, ...fields } = event.record
      const { requestId, route } = fields
      const what = `${method} ${path} on ${pool}/${upstream}`
      return {
        lines: [
          {
            level: 'warn',
            fields,
            text: `in doubt: ${method} ${path} may or may not have been carried out by ${pool}/${upstream}`,
          },
        ],
        entries: [
          {
            type: 'in-doubt',
            pool,
            upstream,
            text: `in doubt: ${what} may or may not have been carried out`,
            detail: { requestId, route, method, path },
          },
        ],
      }
    }
    case 'settled':
      return settledWords(event)
    case 'worker-lost':
      return lostWords(event.worker, event.lost, event.isReplaced)
    case 'worker-stalled':
    case 'control-stalled':
      return stalledWords(event)
    case 'clock-step':
      return clockWords(event)
    case 'memory':
      return memoryWords(event)
    case 'pool':
      return poolWords(event)
    case 'acme':
      return acmeWords(event, Date.now())
    case 'certificate':
      return certificateWords(event, Date.now())
    case 'held':
      return heldWords(event)
    case 'pause':
      return pauseWords(event)
    case 'started':
      return { lines: startLines(event) }
    case 'reload':
      return { lines: reloadLines(event), entries: reloadEntry(event) }
    default:
      // Others write it down or act on it: people learn what comes of it.
      return {}
  }
}

function transitionWords({ atMs, pool, upstream, from, to, cause, by }: Transition): Words {
  const text = `${pool}/${upstream} is ${to}: ${cause}`
  return {
    lines: [{ level: to === 'out' ? 'warn' : 'info', fields: { pool, upstream, from, to }, text: `upstream ${text}` }],
    entries: [{ type: 'transition', atMs, pool, upstream, by, text, detail: { from, to, cause } }],
  }
}

function startLines({ version, revision, file, keeps }: StartedEvent): LogLine[] {
  const of = file === undefined ? '' : `${file}, `
  const text = `vigia ${version} starts: process ${process.pid}, ${of}configuration revision ${revision}`
  const fields = { version, pid: process.pid, file, revision }
  const noStore =
    'no store: a restart forgets drains and other orders, and there is no audit (configuration key "store")'
  return [{ level: 'info', fields, text }, ...(keeps ? [] : [{ level: 'info', text: noStore } as const])]
}

function nameWords({ host, before, now: { addresses, problem } }: NameEvent): Words {
  const fields = { name: host, addresses }
  const all = addresses.join(', ')
  const isMoved = before.addresses.length > 0 && before.addresses !== addresses
  const kept = all === '' ? 'its upstreams are out until it has an address' : `its last addresses stay in use: ${all}`
  const [level, text] =
    problem === undefined
      ? (['info', `name ${host} is ${all}${isMoved ? ` (was ${before.addresses.join(', ')})` : ''}`] as const)
      : (['warn', `name ${host}: ${problem.why}; ${kept}`] as const)
  return { lines: [{ level, fields, text }], entries: [{ type: 'name', text, detail: { ...fields, level } }] }
}

function windowWords({ window, kind, occurrence, by, reason, cause }: WindowEvent): Required<Words> {
  const text = `window ${window}: ${cause}`
  const level = kind === 'postponed' || kind === 'overrun' ? 'warn' : 'info'
  return {
    lines: [{ level, fields: { window, occurrence, by }, text }],
    entries: [{ type: 'window', text, by, detail: { window, kind, occurrence: occurrence ?? null, reason } }],
  }
}

function purgeWords({ selection, entries }: PurgeEffect, { by, reason = '' }: Orderer): Required<Words> {
  const named = Object.entries(selection).flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
  const what = named.length === 0 ? 'all of it' : named.join(', ')
  const text = `cache: ${entries} purged (${what}) by ${by}${reason === '' ? '' : `: ${reason}`}`
  return {
    lines: [{ level: 'info', fields: { ...selection, by, entries }, text }],
    entries: [{ type: 'cache', pool: selection.pool, text, by, detail: { ...selection, entries, reason } }],
  }
}

function settledWords({ requestId, resolution, by, note, atMs, requests }: SettledEvent): Words {
  return {
    lines: [
      {
        level: 'info',
        fields: { requestId, resolution, by, note },
        text: `in doubt: request ${requestId} is settled: ${resolution}`,
      },
    ],
    entries: requests.map(({ route, pool, upstream, method, path }) => ({
      type: 'resolution',
      atMs,
      pool,
      upstream,
      by,
      text: `no longer in doubt: ${method} ${path} on ${pool}/${upstream} is settled as ${resolution}${note === '' ? '' : `: ${note}`}`,
      detail: { requestId, route, method, path, resolution, note },
    })),
  }
}

function lostWords(worker: number, { total, upstreams }: LostRequests, isReplaced: boolean): Words {
  const what = total === 1 ? '1 request' : `${total} requests`
  const text = `worker ${worker} ended${total === 0 ? '' : ` with ${total} requests in flight`}; another takes its place`
  return {
    lines:
      total === 0
        ? []
        : [
            {
              level: 'warn',
              fields: { worker, upstreams },
              text: `in doubt: a worker ended with ${what} in flight, which can't be named; those that change something may have been carried out`,
            },
          ],
    entries: isReplaced ? [{ type: 'worker', text, detail: { worker, lost: total } }] : [],
  }
}

function stalledWords(event: StallEvent): Required<Words> {
  const { forMs } = event
  const seconds = `${(forMs / 1000).toFixed(1)} s`
  if (event.type === 'control-stalled') {
    const text = event.alone
      ? `the control plane stood still for ${seconds}: no probe, no order and no signal was looked at meanwhile; traffic went on`
      : `vigia stood still for ${seconds}, or only its control plane did: the machine may have been suspended, or have had no core for it`
    return { lines: [{ level: 'warn', text }], entries: [{ type: 'worker', text, detail: { stalledMs: forMs } }] }
  }
  const { worker, phase } = event
  const what = {
    begins: `worker ${worker} stands still: its clients wait; others no longer wait for those that it has in a queue`,
    ends: `worker ${worker} goes on, after ${seconds}`,
    replaced: `worker ${worker} has stood still for ${seconds}: it is ended (watchdog.worker)`,
  }[phase]
  const level = phase === 'ends' ? 'info' : 'error'
  return {
    lines: [{ level, fields: { worker }, text: what }],
    entries: [{ type: 'worker', text: what, detail: { worker, phase, stalledMs: forMs } }],
  }
}

function clockWords({ atMs, byMs }: ClockStepEvent): Required<Words> {
  const text = `the clock was set ${stepWords(byMs)}, from ${iso(atMs - byMs)} to ${iso(atMs)}, or the machine was suspended: windows follow it; drains, ejections and slow starts last as long as before`
  const detail = { level: 'warn', byMs }
  return { lines: [{ level: 'warn', fields: { byMs }, text }], entries: [{ type: 'notice', text, detail }] }
}

function memoryWords({ residentBytes, totalBytes, heapBytes, renewal }: MemoryEvent): Required<Words> {
  const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`
  const what =
    renewal?.why === 'heap'
      ? `the heap of worker ${renewal.worker} is nearly full (its bound is ${mib(heapBytes)})`
      : `vigia has ${mib(residentBytes)} of memory, and limits.memory is ${mib(totalBytes)}`
  const text = renewal === undefined ? what : `${what}: worker ${renewal.worker} is drained and replaced`
  const detail = { residentBytes, worker: renewal?.worker ?? null }
  return { lines: [{ level: 'warn', text }], entries: [{ type: 'worker', text, detail }] }
}

function reloadLines(event: ReloadEvent): LogLine[] {
  const { request, revision, input } = event
  if (input === undefined) return []
  const { name, file, isNews } = input
  switch (event.result) {
    case 'applied': {
      const { loaded, diff } = event.applied!
      const fields = { revision, changes: diff.changes.map(changeText) }
      const text = `${name} is in use, revision ${revision} (${becauseOf(request)}); ${diffText(diff)}`
      return [
        ...loaded.warnings.map(warning => ({ level: 'warn', text: formatProblem(warning) }) as const),
        ...loaded.advice.map(advice => ({ level: 'info', text: formatProblem(advice) }) as const),
        { level: 'info', fields, text },
      ]
    }
    case 'unchanged': {
      const text = `${name} says what is in use already: nothing to apply, revision ${revision} stays`
      return [{ level: isNews ? 'info' : 'debug', text }]
    }
    case 'refused': {
      const level = isNews ? 'error' : 'debug'
      const why = event.frozen
        ? `refused (${becauseOf(request)}): the former configuration stays${event.waits ? `; ${file} is tried again when the freeze is over` : ''}`
        : `failed (${becauseOf(request)}): ${file} can't be used; the former configuration stays`
      const text = `reload ${why}`
      return [...event.problems.map(problem => ({ level, text: problem }) as const), { level, text }]
    }
  }
}

/** None where nothing has changed. */
function reloadEntry(event: ReloadEvent): NewEntry[] {
  const { result, request, revision } = event
  const { source } = request
  if (result === 'unchanged') return []
  const text =
    result === 'applied'
      ? `configuration applied, revision ${revision} (${source})`
      : `configuration refused (${source}): ${problemsText(event.problems)}`
  return [{ type: 'reload', text, detail: { result, source, revision } }]
}

/** Several problems in a line. */
export function problemsText(problems: readonly string[]): string {
  const more = problems.length - 1
  return `${problems[0]}${more > 0 ? ` (and ${more} more)` : ''}`
}

function becauseOf({ source, by }: ReloadRequest): string {
  return by === undefined ? BECAUSE[source] : `${BECAUSE[source]} by ${by}`
}
