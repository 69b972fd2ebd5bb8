// What people ask for with windows: make one, end it early, confirm it, remove it; and what a freeze forbids. Refuses what can't be
// meant; what is accepted is kept first, then carried out.

import type { Recording } from '../../admin/contract/control-operations.ts'
import type { MaintenanceOperations, WindowResult } from '../../admin/contract/maintenance-view.ts'
import { checkWindowDocument, guardAhead } from '../../config/parts/check-maintenance.ts'
import { compileWindow } from '../../config/parts/compile-maintenance.ts'
import type { WindowDocument } from '../../config/parts/schema-maintenance.ts'
import { formatPath } from '../../config/read/problem.ts'
import { nextOccurrence, occurrenceAt, occurrencesOf } from '../../policy/maintenance/occurrences.ts'
import { didYouMean } from '../../util/nearest.ts'
import { Serial } from '../../util/serial.ts'
import type { WindowRecords } from '../record/window-records.ts'
import { reportWindow } from '../report/maintenance-report.ts'
import type { MaintenanceWindows } from '../windows/maintenance-windows.ts'
import type { WindowNews } from '../windows/window-event.ts'
import type { MadeWindow, WindowFact } from '../windows/window-facts.ts'
import type { PlannedWindow } from '../windows/window-list.ts'
import { whenWords } from '../windows/window-words.ts'

type Refusal = WindowResult & { ok: false }

const MOST_MADE = 500

export function createMaintenanceOperations(
  windows: MaintenanceWindows,
  commit: WindowRecords['commit'],
  now: () => number = Date.now,
): MaintenanceOperations {
  const { list } = windows
  /** One order after the other: each is judged by what the one before has left. */
  const turns = new Serial()

  async function carryOut(
    facts: readonly WindowFact[],
    event: WindowNews,
    how: Recording,
    report: () => WindowResult,
  ): Promise<WindowResult> {
    try {
      await commit(facts, { type: 'window', atMs: now(), ...event }, how)
    } catch (error) {
      return refused('unavailable', error instanceof Error ? error.message : String(error))
    }
    for (const fact of facts) windows.learn(fact)
    windows.tell(event)
    windows.tick()
    return report()
  }

  const reportOf = (name: string, warnings: readonly string[] = []): WindowResult => {
    const window = list.get(name)
    if (window === undefined) return unknown(name)
    return { ok: true, window: reportWindow(window, windows, now()), warnings }
  }

  function unknown(name: string): Refusal {
    const names = list.all().map(({ plan }) => plan.name)
    const hint = didYouMean(name, names) || (names.length === 0 ? '; there is none' : `; there is ${names.join(', ')}`)
    return refused('unknown', `there is no window ${JSON.stringify(name)}${hint}`)
  }

  return {
    add: (document, order) =>
      turns.run(async () => {
        const { snapshot } = windows
        const places = {
          pools: new Map(snapshot.pools.map(({ name, upstreams }) => [name, upstreams.map(each => each.name)])),
          routes: snapshot.routes.map(({ name }) => name),
        }
        const findings = [...checkWindowDocument(document, places, []), ...whatOnlyFilesHave(document)]
        const words = (severity: string) =>
          findings
            .filter(each => each.severity === severity)
            .map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`))
        const errors = words('error')
        if (errors.length > 0) return refused('invalid', ...errors)
        const plan = compileWindow(document, new Map())
        const known = list.get(plan.name)
        if (known !== undefined)
          return refused('conflict', `there is a window ${JSON.stringify(plan.name)} already: choose another name`)
        if (list.all().filter(({ source }) => source === 'api').length >= MOST_MADE)
          return refused('conflict', `there are ${MOST_MADE} windows made over the API: remove some`)
        const calendar = occurrencesOf(plan)
        if (isPast(calendar, now())) return refused('invalid', 'start: all of it has passed')
        const short = guardAhead(
          [...list.all().map(each => each.occurrences), calendar],
          snapshot.pools.map(({ name, upstreams, minAvailable = 1 }) => ({
            name,
            upstreams: upstreams.map(each => each.name),
            minimum: minAvailable,
          })),
          now(),
        ).filter(finding => finding.windows.includes(plan.name))
        if (short.length > 0) return refused('conflict', ...short.map(({ message }) => message))
        const { by } = order
        const made: MadeWindow = { plan, by, atMs: now() }
        return carryOut(
          [{ kind: 'made', made }],
          { window: plan.name, kind: 'added', occurrence: undefined, by, reason: plan.reason, cause: `added by ${by}` },
          order,
          () => reportOf(plan.name, words('warning')),
        )
      }),

    end: (name, order) =>
      turns.run(async () => {
        const { by, reason, force, next } = order
        const window = list.get(name)
        if (window === undefined) return unknown(name)
        windows.tick()
        const state = windows.state(name)
        const occurrence = state?.occurrence
        const isUnderWay = state !== undefined && state.status !== 'scheduled' && state.status !== 'over'
        if (occurrence === undefined || (!isUnderWay && !(next && state?.status === 'scheduled')))
          return refused('conflict', notUnderWay(window, windows))
        const { key } = occurrence
        const atMs = now()
        const waits = state!.status === 'overrun' && state!.waitingFor === 'probes'
        if (waits && !force)
          return refused(
            'conflict',
            `window ${name} has ended, and waits for probes that fail; ask with force to open it all the same`,
          )
        const facts: WindowFact[] = [{ kind: 'ended', key, atMs }]
        if (force) facts.push({ kind: 'reopened', key })
        const isCancelled = atMs <= occurrence.startMs
        return carryOut(
          facts,
          {
            window: name,
            kind: isCancelled ? 'cancelled' : 'ended-early',
            occurrence: key,
            by,
            reason,
            cause: isCancelled
              ? `cancelled by ${by}: that of ${whenWords(occurrence.startMs, window.plan.timeZone)} does not take place: ${reason}`
              : `ended early by ${by}: ${reason}`,
          },
          order,
          () => reportOf(name),
        )
      }),

    confirm: (name, order) =>
      turns.run(async () => {
        const { by, reason } = order
        const window = list.get(name)
        if (window === undefined) return unknown(name)
        if (window.plan.overrun !== 'confirm')
          return refused('conflict', `window ${name} reopens by itself (overrun: reopen): there is nothing to confirm`)
        windows.tick()
        const state = windows.state(name)
        const occurrence = state?.occurrence
        if (occurrence === undefined || (state?.status !== 'active' && state?.status !== 'overrun'))
          return refused('conflict', notUnderWay(window, windows))
        const { key } = occurrence
        return carryOut(
          [{ kind: 'confirmed', key }],
          { window: name, kind: 'confirmed', occurrence: key, by, reason, cause: `confirmed by ${by}: ${reason}` },
          order,
          () => reportOf(name),
        )
      }),

    remove: (name, order) =>
      turns.run(async () => {
        const { by, reason } = order
        const window = list.get(name)
        if (window === undefined) return unknown(name)
        if (window.source === 'file')
          return refused('conflict', `window ${name} is in the configuration: remove it there, or end it`)
        const report = reportWindow(window, windows, now())
        return carryOut(
          [{ kind: 'removed', window: name }],
          { window: name, kind: 'removed', occurrence: undefined, by, reason, cause: `removed by ${by}: ${reason}` },
          order,
          () => ({ ok: true, window: report, warnings: [] }),
        )
      }),
  }
}

function refused(why: Refusal['refused'], ...problems: readonly string[]): Refusal {
  return { ok: false, refused: why, problems }
}

function notUnderWay({ plan }: PlannedWindow, windows: MaintenanceWindows): string {
  const occurrence = windows.state(plan.name)?.occurrence
  const isNext = windows.state(plan.name)?.status === 'scheduled' && occurrence !== undefined
  const next = isNext ? `; its next start is ${whenWords(occurrence.startMs, plan.timeZone)}` : ''
  return `window ${plan.name} is not under way${next}`
}

function* whatOnlyFilesHave({ bypass }: WindowDocument) {
  if (bypass?.header?.valueFile !== undefined) {
    const path = ['bypass', 'header', 'valueFile']
    yield {
      severity: 'error',
      path,
      message: 'files are read for the configuration file only: give the value',
    } as const
  }
}

function isPast(calendar: ReturnType<typeof occurrencesOf>, nowMs: number): boolean {
  return occurrenceAt(calendar, nowMs) === undefined && nextOccurrence(calendar, nowMs) === undefined
}
