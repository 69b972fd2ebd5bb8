// What people ask for, one request after the other: done, or left with the reason.

import type { HeldOrder, HeldOrderDone } from '../contract.ts'
import type { Entry } from './key-queue.ts'
import type { Turn, TurnContext } from './turn.ts'

const DEFAULT_TTL_MS = 7 * 86_400_000

export function carryOut(order: HeldOrder, turn: Turn, context: TurnContext): HeldOrderDone {
  const done: string[] = []
  const left: { id: string; why: string }[] = []
  for (const id of order.type === 'settle' ? [order.id] : order.ids) {
    const why = one(id, order, turn, context)
    if (why === undefined) done.push(id)
    else left.push({ id, why })
  }
  return { done, left }
}

/** @returns why it was left */
function one(id: string, order: HeldOrder, turn: Turn, context: TurnContext): string | undefined {
  const { index, ids, nowMs } = context
  const seq = ids.seqOf(id)
  const live = seq === undefined ? undefined : index.entries.get(seq)
  const row = seq === undefined || live !== undefined ? undefined : context.rows.row(seq)
  const state = live?.state ?? row?.state
  if (state === undefined) return 'there is no such held request'
  if (state === 'sending') return 'it is being sent'
  if (state === 'answered' || state === 'dropped') return `it is ${state} already`
  if (order.type === 'settle' && state !== 'in-doubt') return `it is ${state}, not in doubt`
  const entry = live ?? raise(row!, context)
  const expiresMs = (ttlMs: number | undefined, fromMs = nowMs) => fromMs + (ttlMs ?? ttlOf(entry, context))
  switch (order.type) {
    case 'drop':
      turn.drop(entry, order.reason)
      return undefined
    case 'retry': {
      const { ttlMs, notBeforeMs = 0 } = order
      const keeps = state === 'waiting' && ttlMs === undefined && notBeforeMs < entry.expiresMs
      const lastMs = keeps ? entry.expiresMs : expiresMs(ttlMs, Math.max(nowMs, notBeforeMs))
      turn.anew(entry, lastMs, '', notBeforeMs)
      return undefined
    }
    case 'settle':
      if (order.carriedOut) turn.settled(entry, order.note)
      else turn.anew(entry, expiresMs(undefined), `settled: ${order.note}`)
      return undefined
  }
}

/** One that was dead is among the others of its key again, at its place. */
function raise(row: NonNullable<ReturnType<TurnContext['rows']['row']>>, { index, nowMs }: TurnContext): Entry {
  index.raised(row.route, row.bytes)
  const entry = index.add({ ...row, state: 'waiting' }, nowMs)
  // What `dedupe` compares is marked already.
  index.removed([row.dedupe])
  return entry
}

function ttlOf(entry: Entry, { index }: TurnContext): number {
  return index.routeOf(entry).plan?.ttlMs ?? DEFAULT_TTL_MS
}
