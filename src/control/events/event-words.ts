// What is told of each sort of event, and in which words. Pure: who tells it, and to whom, is not said here.

import type { ConfigurationSource, ReloadResult } from '../configuration/reload-record.ts'
import type { KnownInDoubt } from '../record/in-doubt-list.ts'
import type { Notice, Transition } from '../upstreams/upstream-event.ts'
import type { NewEvent } from './events.ts'

export function transitionEvent({ atMs, pool, upstream, from, to, cause, by }: Transition): NewEvent {
  return {
    type: 'transition',
    atMs,
    pool,
    upstream,
    by,
    text: `${pool}/${upstream} is ${to}: ${cause}`,
    detail: { from, to, cause },
  }
}

export function noticeEvent({ level, pool, upstream, text }: Notice): NewEvent {
  const name = upstream === undefined ? `pool ${pool}` : `${pool}/${upstream}`
  return { type: 'notice', pool, upstream, text: `${name}: ${text}`, detail: { level } }
}

/** Also after it was settled. */
export function inDoubtEvent(record: KnownInDoubt): NewEvent {
  const { requestId, route, pool, upstream, method, path, resolved } = record
  const what = `${method} ${path} on ${pool}/${upstream}`
  const detail = { requestId, route, method, path }
  if (resolved === undefined)
    return { type: 'in-doubt', pool, upstream, text: `in doubt: ${what} may or may not have been carried out`, detail }
  const { resolution, note, by, atMs } = resolved
  const text = `no longer in doubt: ${what} is settled as ${resolution}${note === '' ? '' : `: ${note}`}`
  return { type: 'resolution', atMs, pool, upstream, by, text, detail: { ...detail, resolution, note } }
}

export function workerEvent(worker: number, lost: number): NewEvent {
  const text = `worker ${worker} ended${lost === 0 ? '' : ` with ${lost} requests in flight`}; another takes its place`
  return { type: 'worker', text, detail: { worker, lost } }
}

/** Undefined where nothing has changed. @param revision in use after it */
export function reloadEvent(
  result: ReloadResult,
  source: ConfigurationSource,
  revision: number,
  error?: string,
): NewEvent | undefined {
  if (result === 'unchanged') return undefined
  const detail = { result, source, revision }
  if (result === 'applied')
    return { type: 'reload', text: `configuration applied, revision ${revision} (${source})`, detail }
  return { type: 'reload', text: `configuration refused (${source}): ${error ?? 'it cannot be used'}`, detail }
}
