// Facts of maintenance windows in the store: each is kept under its id, and comes back after a restart. What a fact means is
// window-facts.ts's and the policy's business.

import type { WindowBypass } from '../../plan/window.ts'
import type { AuditEntry, StoredWindow, WindowChange } from '../../store/contract.ts'
import { BY_SCHEDULE } from '../windows/window-event.ts'
import { factId, type WindowFact } from '../windows/window-facts.ts'

export function windowChange(fact: WindowFact): WindowChange {
  const id = factId(fact)
  const isOver = fact.kind === 'removed' || fact.kind === 'uncancelled' || ('holds' in fact && !fact.holds)
  return isOver ? { op: 'remove', id } : { op: 'put', id, value: fact }
}

/** The audit row of a fact that came by itself. */
export function factRow(fact: WindowFact): AuditEntry {
  const action = `window.${fact.kind}`
  return { actor: BY_SCHEDULE, source: 'schedule', action, subject: subjectOf(fact), after: fact }
}

/** Of what the store gives back: those that are facts. */
export function keptFacts(windows: readonly StoredWindow[]): WindowFact[] {
  return windows.flatMap(({ value }) => (isFact(value) ? [whole(value)] : []))
}

/** Earlier versions did not write when it was found out: then it counts, as it did for them. */
function whole(fact: WindowFact): WindowFact {
  return fact.kind === 'reopened' || fact.kind === 'postponed' ? { ...fact, holds: true, atMs: fact.atMs } : fact
}

function subjectOf(fact: WindowFact): string {
  if (fact.kind === 'made') return fact.made.plan.name
  if ('window' in fact) return fact.window
  return fact.key.slice(0, fact.key.lastIndexOf('@'))
}

/** Written by another version of vigia, or by another hand, it may be anything. */
function isFact(value: unknown): value is WindowFact {
  if (typeof value !== 'object' || value === null) return false
  const { kind, key, atMs, endMs, by, reason, window, made, holds } = value as Record<string, unknown>
  const isSigned = typeof by === 'string' && typeof reason === 'string'
  switch (kind as WindowFact['kind']) {
    case 'ended':
      return typeof key === 'string' && typeof atMs === 'number' && (isSigned || by === undefined)
    case 'extended':
      return typeof key === 'string' && typeof atMs === 'number' && typeof endMs === 'number' && isSigned
    case 'confirmed':
      return typeof key === 'string'
    case 'reopened':
    case 'postponed':
      return typeof key === 'string' && holds !== false && (atMs === undefined || typeof atMs === 'number')
    case 'known':
      return typeof window === 'string' && typeof atMs === 'number'
    case 'made': {
      const { plan, by, atMs: madeMs } = (made ?? {}) as Record<string, unknown>
      const { name, bypass } = (plan ?? {}) as { readonly name?: unknown; readonly bypass?: Partial<WindowBypass> }
      const isBypassKnown = bypass?.header === undefined || typeof bypass.header.sha256 === 'string'
      return typeof name === 'string' && isBypassKnown && typeof by === 'string' && typeof madeMs === 'number'
    }
    default:
      return false
  }
}
