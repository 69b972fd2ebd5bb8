// What a sender may know of its request.

import type { HeldView } from '../../shared/held/messages.ts'
import type { HeldIndex } from './held-index.ts'
import type { HeldUnit } from './unit.ts'

export function viewOf(
  id: string,
  { ids, rows, views }: HeldUnit,
  index: HeldIndex,
  nowMs: number,
): HeldView | undefined {
  const seq = ids.seqOf(id)
  if (seq === undefined) return undefined
  const entry = index.entries.get(seq)
  if (entry !== undefined) {
    const { state, receivedMs, queue, blocks, notBeforeMs } = entry
    const ahead = blocks ? queue.ahead(seq) : 0
    const expectedMs =
      state === 'in-doubt' ? undefined : index.routeOf(entry).expectedMs(aheadInRoute(seq, ahead, index), nowMs)
    return {
      state,
      ahead,
      receivedMs,
      expectedMs: expectedMs === undefined ? undefined : Math.max(expectedMs, notBeforeMs),
      result: undefined,
    }
  }
  const row = views.row(seq)
  if (row === undefined) return undefined
  const { state, receivedMs, endedMs } = row
  const answer = rows.result(seq)
  return {
    state,
    ahead: 0,
    receivedMs,
    expectedMs: undefined,
    result: answer && { ...answer, atMs: endedMs ?? receivedMs },
  }
}

/** About: as if the route's requests lay evenly among all. Exact where they have one key. */
function aheadInRoute(seq: number, ahead: number, index: HeldIndex): number {
  const entry = index.entries.get(seq)!
  const [first = seq] = index.entries.keys()
  const part = index.lastSeq <= first ? 0 : Math.max(0, seq - first) / (index.lastSeq - first)
  return Math.max(ahead, Math.round(part * index.routeOf(entry).waiting))
}
