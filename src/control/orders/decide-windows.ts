// What an order for a maintenance window does, or why it is refused: one that can't be meant, one that would leave too few upstreams,
// one for what is not under way. Pure: it looks at the windows there are, and changes nothing.

import type { Order } from '../../admin/contract/operations.ts'
import { formatPath } from '../../config/forms/problem.ts'
import { guardAhead } from '../../config/parts/maintenance/maintenance.ts'
import { checkWindow, compileWindow, type WindowDocument } from '../../config/parts/maintenance/window.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import {
  neighbours,
  nextOccurrence,
  type Occurrence,
  occurrenceAt,
  occurrencesOf,
} from '../../policy/maintenance/occurrences.ts'
import { isRunning, type WindowState } from '../../policy/maintenance/window-state.ts'
import { didYouMean } from '../../util/nearest.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'
import type { WindowEvent, WindowEventKind } from '../windows/window-event.ts'
import type { WindowFact } from '../windows/window-facts.ts'
import type { PlannedWindow } from '../windows/window-list.ts'
import { whenWords } from '../windows/window-words.ts'
import type { Decision } from './decision.ts'

/** What such an order is judged by. */
export interface WindowsState {
  readonly snapshot: Snapshot
  readonly list: { all(): readonly PlannedWindow[]; get(name: string): PlannedWindow | undefined }
  /** What a window does now. */
  state(name: string): WindowState | undefined
  /** Dates to come, and those under way, that somebody has cancelled, in order. */
  cancelled(name: string): readonly Occurrence[]
  /** Somebody has ended, or cancelled, the occurrence of this key. */
  isEnded(key: string): boolean
}

const MOST_MADE = 500
const LONGEST_EXTENSION_MS = 86_400_000

/** What is wrong with a window that somebody has written down, and what may be; in words. */
export function judgeWindow(
  document: WindowDocument,
  { pools, routes }: Snapshot,
): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  const named = {
    pools: new Map(pools.map(({ name, upstreams }) => [name, upstreams.map(each => each.name)])),
    routes: new Set(routes.map(({ name }) => name)),
  }
  const findings = [...checkWindow(document, named, []), ...whatOnlyFilesHave(document)]
  const words = (severity: string) =>
    findings
      .filter(each => each.severity === severity)
      .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
  return { errors: words('error'), warnings: words('warning') }
}

/** @param errors what is wrong with the document */
export function decideAdd(
  { snapshot, list }: WindowsState,
  document: WindowDocument,
  errors: readonly string[],
  { by }: Pick<Order, 'by'>,
  nowMs: number,
): Decision {
  if (errors.length > 0) return refuse('invalid', errors.join('; '))
  const plan = compileWindow(document, new Map())
  if (list.get(plan.name) !== undefined)
    return refuse('conflict', `there is a window ${JSON.stringify(plan.name)} already: choose another name`)
  if (list.all().filter(({ source }) => source === 'api').length >= MOST_MADE)
    return refuse('conflict', `there are ${MOST_MADE} windows made over the API: remove some`)
  const calendar = occurrencesOf(plan)
  if (occurrenceAt(calendar, nowMs) === undefined && nextOccurrence(calendar, nowMs) === undefined)
    return refuse('invalid', 'start: all of it has passed')
  const short = guardAhead(
    [...list.all().map(each => each.occurrences), calendar],
    snapshot.pools.map(({ name, upstreams, minAvailable = 1 }) => ({
      name,
      upstreams: upstreams.map(each => each.name),
      minimum: minAvailable,
    })),
    nowMs,
  ).filter(finding => finding.windows.includes(plan.name))
  if (short.length > 0) return refuse('conflict', short.map(({ message }) => message).join('; '))
  const who = { by, reason: plan.reason }
  return becomes(plan.name, 'added', who, `added by ${by}`, nowMs, [{ kind: 'made', made: { plan, by, atMs: nowMs } }])
}

/** Ends what is under way, or what drains or is held back for it; with `next` the next one does not take place. */
export function decideEnd(
  state: WindowsState,
  name: string,
  { force, next, ...who }: Order & { readonly force: boolean; readonly next: boolean },
  nowMs: number,
): Decision {
  const window = state.list.get(name)
  if (window === undefined) return unknownWindow(state, name)
  const now = state.state(name)
  const occurrence = now?.occurrence
  const isUnderWay = now !== undefined && now.status !== 'scheduled' && now.status !== 'over'
  if (occurrence === undefined || (!isUnderWay && !(next && now?.status === 'scheduled')))
    return notUnderWay(window, now)
  const { key, startMs } = occurrence
  if (now!.status === 'overrun' && now!.waitingFor === 'probes' && !force)
    return refuse(
      'conflict',
      `window ${name} has ended, and waits for probes that fail`,
      'ask with force to open it all the same',
    )
  const { by, reason } = who
  const facts: WindowFact[] = [{ kind: 'ended', key, atMs: nowMs, by, reason }]
  if (force && nowMs > startMs) facts.push({ kind: 'reopened', key, holds: true, atMs: undefined })
  if (nowMs > startMs) return becomes(name, 'ended-early', who, `ended early by ${by}: ${reason}`, nowMs, facts, key)
  const when = whenWords(startMs, window.plan.timeZone)
  const cause = `cancelled by ${by}: that of ${when} does not take place: ${reason}`
  return becomes(name, 'cancelled', who, cause, nowMs, facts, key)
}

/** The nearest date that was cancelled takes place after all. */
export function decideUncancel(state: WindowsState, name: string, who: Order, nowMs: number): Decision {
  const window = state.list.get(name)
  if (window === undefined) return unknownWindow(state, name)
  const [first] = state.cancelled(name)
  if (first === undefined) return refuse('conflict', `no date of window ${name} that is to come was cancelled`)
  const { key, startMs } = first
  const when = whenWords(startMs, window.plan.timeZone)
  const cause = `uncancelled by ${who.by}: that of ${when} takes place after all: ${who.reason}`
  return becomes(name, 'uncancelled', who, cause, nowMs, [{ kind: 'uncancelled', key, atMs: nowMs }], key)
}

/** What is under way ends later: from its end on, or from now on where that has passed. */
export function decideExtend(
  state: WindowsState,
  name: string,
  { durationMs, ...who }: Order & { readonly durationMs: number },
  nowMs: number,
): Decision {
  const window = state.list.get(name)
  if (window === undefined) return unknownWindow(state, name)
  if (durationMs > LONGEST_EXTENSION_MS) return refuse('invalid', 'duration: at most 24h at a time')
  const now = state.state(name)
  const occurrence = now?.occurrence
  if (now === undefined || occurrence === undefined || !isRunning(now.status)) return notUnderWay(window, now)
  const { key } = occurrence
  if (state.isEnded(key)) return refuse('conflict', `window ${name} was ended early: there is no end to move`)
  const { timeZone } = window.plan
  const endMs = Math.max(occurrence.endMs, nowMs) + durationMs
  const { next } = neighbours(window.occurrences, occurrence.startMs)
  if (next !== undefined && endMs > next.leadFromMs && !state.isEnded(next.key))
    return refuse(
      'conflict',
      `the next date of window ${name} begins at ${whenWords(next.leadFromMs, timeZone)}, before the new end`,
      'extend it by less, or cancel that date',
    )
  const until = `until ${whenWords(endMs, timeZone)}, in the place of ${whenWords(occurrence.endMs, timeZone)}`
  const { by, reason } = who
  const fact = { kind: 'extended', key, endMs, atMs: nowMs, by, reason } as const
  return becomes(name, 'extended', who, `extended by ${by}: ${until}: ${reason}`, nowMs, [fact], key)
}

/** The work is done: what stays closed after its end may reopen. */
export function decideConfirm(state: WindowsState, name: string, who: Order, nowMs: number): Decision {
  const window = state.list.get(name)
  if (window === undefined) return unknownWindow(state, name)
  if (window.plan.overrun !== 'confirm')
    return refuse('conflict', `window ${name} reopens by itself (overrun: reopen): there is nothing to confirm`)
  const now = state.state(name)
  const occurrence = now?.occurrence
  if (occurrence === undefined || (now?.status !== 'active' && now?.status !== 'overrun'))
    return notUnderWay(window, now)
  const { key } = occurrence
  const cause = `confirmed by ${who.by}: ${who.reason}`
  return becomes(name, 'confirmed', who, cause, nowMs, [{ kind: 'confirmed', key }], key)
}

/** Of those made over the API. */
export function decideRemove(state: WindowsState, name: string, who: Order, nowMs: number): Decision {
  const window = state.list.get(name)
  if (window === undefined) return unknownWindow(state, name)
  if (window.source === 'file')
    return refuse('conflict', `window ${name} is in the configuration: remove it there, or end it`)
  const cause = `removed by ${who.by}: ${who.reason}`
  return becomes(name, 'removed', who, cause, nowMs, [{ kind: 'removed', window: name }])
}

export function unknownWindow({ list }: WindowsState, name: string): Refusal {
  const names = list.all().map(({ plan }) => plan.name)
  const hint = didYouMean(name, names) || (names.length === 0 ? '; there is none' : `; there is ${names.join(', ')}`)
  return refuse('unknown', `there is no window ${JSON.stringify(name)}${hint}`)
}

function becomes(
  window: string,
  kind: WindowEventKind,
  { by, reason }: Pick<Order, 'by' | 'reason'>,
  cause: string,
  atMs: number,
  facts: readonly WindowFact[],
  occurrence?: string,
): Decision {
  const event: WindowEvent = { type: 'window', atMs, window, kind, occurrence, by, reason, cause }
  return [{ kind: 'window', facts, event }]
}

function notUnderWay({ plan }: PlannedWindow, now: WindowState | undefined): Refusal {
  const isNext = now?.status === 'scheduled' && now.occurrence !== undefined
  const next = isNext ? `; its next start is ${whenWords(now.occurrence.startMs, plan.timeZone)}` : ''
  return refuse('conflict', `window ${plan.name} is not under way${next}`)
}

function* whatOnlyFilesHave({ bypass }: WindowDocument) {
  if (bypass?.header?.valueFile === undefined) return
  const path = ['bypass', 'header', 'valueFile']
  const message = 'files are read for the configuration file only: give the value'
  yield { severity: 'error', path, message } as const
}
