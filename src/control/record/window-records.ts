// Maintenance windows in the store: facts of windows are kept under their id, each with its audit row, and come back after a restart.
// What a fact means is window-facts.ts's and the policy's business.

import type { Recording } from '../../admin/contract/control-operations.ts'
import type { AuditEntry, StoredWindow, WindowChange } from '../../store/contract.ts'
import { BY_SCHEDULE, type WindowEvent, type WindowEventKind } from '../windows/window-event.ts'
import { factId, type WindowFact } from '../windows/window-facts.ts'
import { NotRecorded, type Records } from './records.ts'

/** What only people do: these are written with what they ask for, before they are carried out. */
const BY_PEOPLE: ReadonlySet<WindowEventKind> = new Set(['ended-early', 'cancelled', 'confirmed', 'added', 'removed'])

export interface WindowRecords {
  /**
   * What somebody asked for: all of it or nothing. Resolves when it is kept; then it is carried out. Rejects where it can't be kept: then nothing is
   * changed, and the message is told to who asked.
   */
  commit(facts: readonly WindowFact[], event: WindowEvent, how: Recording): Promise<void>
  /** Something that came by itself. Returns at once, never throws. */
  append(fact: WindowFact): void
}

/** @param onLate facts whose author was told that the disk has not answered are on the disk now: they count */
export function windowRecords(records: Records, onLate: (facts: readonly WindowFact[]) => void): WindowRecords {
  return {
    async commit(facts, event, { source = 'api', unrecorded = false }) {
      let isLate = false
      const change = { audit: [rowOf(event, source)] as const, windows: facts.map(changeOf) }
      try {
        await records.order(change, { unrecorded }, () => {
          if (isLate) onLate(facts)
        })
      } catch (error) {
        isLate = error instanceof NotRecorded
        throw error
      }
    },
    append(fact) {
      const subject = subjectOf(fact)
      const entry = {
        actor: BY_SCHEDULE,
        source: 'schedule',
        action: `window.${fact.kind}`,
        subject,
        after: fact,
      } as const
      records.later({ audit: [entry], windows: [changeOf(fact)] })
    },
  }
}

/** The audit row of what has become of a window; undefined = it has one already. */
export function windowRow(event: WindowEvent): AuditEntry | undefined {
  return BY_PEOPLE.has(event.kind) && event.by !== BY_SCHEDULE ? undefined : rowOf(event)
}

/** Of what the store gives back: those that are facts. */
export function keptFacts(windows: readonly StoredWindow[]): WindowFact[] {
  return windows.flatMap(({ value }) => (isFact(value) ? [value] : []))
}

function rowOf(event: WindowEvent, source: AuditEntry['source'] = 'api'): AuditEntry {
  const { atMs, window, kind, occurrence, by, reason, cause } = event
  return {
    atMs,
    actor: by,
    source: by === BY_SCHEDULE ? 'schedule' : source,
    action: `window.${kind}`,
    subject: window,
    reason: reason === '' ? cause : reason,
    after: { occurrence: occurrence ?? null, what: cause },
  }
}

function changeOf(fact: WindowFact): WindowChange {
  const id = factId(fact)
  const isOver = fact.kind === 'removed' || (fact.kind === 'postponed' && !fact.holds)
  return isOver ? { op: 'remove', id } : { op: 'put', id, value: fact }
}

function subjectOf(fact: WindowFact): string {
  if (fact.kind === 'made') return fact.made.plan.name
  if ('window' in fact) return fact.window
  return fact.key.slice(0, fact.key.lastIndexOf('@'))
}

/** Written by another version of vigia, or by another hand, it may be anything. */
function isFact(value: unknown): value is WindowFact {
  if (typeof value !== 'object' || value === null) return false
  const { kind, key, atMs, window, made, holds } = value as Record<string, unknown>
  switch (kind as WindowFact['kind']) {
    case 'ended':
      return typeof key === 'string' && typeof atMs === 'number'
    case 'confirmed':
    case 'reopened':
      return typeof key === 'string'
    case 'postponed':
      return typeof key === 'string' && typeof holds === 'boolean'
    case 'known':
      return typeof window === 'string' && typeof atMs === 'number'
    case 'made': {
      const { plan, by, atMs: madeMs } = (made ?? {}) as Record<string, unknown>
      const name = typeof plan === 'object' && plan !== null ? (plan as Record<string, unknown>).name : undefined
      return typeof name === 'string' && typeof by === 'string' && typeof madeMs === 'number'
    }
    default:
      return false
  }
}
