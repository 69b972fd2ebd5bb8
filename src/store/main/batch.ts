// One batch on its way to the file: the rows and changes in it, and what became of them. It sends nothing itself.

import type { AppendKind } from '../contract.ts'
import type { ItemResult, WriteItem } from '../thread/protocol.ts'
import type { PendingCommit } from './pending-commit.ts'
import type { Lost, Waiting } from './write-queue.ts'

export type Entry = Waiting<WriteItem, PendingCommit>

export interface Batch {
  readonly number: number
  readonly nowMs: number
  readonly entries: readonly Entry[]
  /** What it confesses in its first row. */
  readonly lost: Lost
  readonly lostRow: WriteItem | undefined
  /** It has failed without saying whether it is in the file: the very same batch is sent until that is known. */
  doubtful: boolean
  /** It was handed to the thread, which has not answered. */
  underWay: boolean
}

/** As the thread gets them. */
export function itemsOf({ entries, lostRow }: Batch): readonly WriteItem[] {
  const items: WriteItem[] = entries.map(entry =>
    entry.type === 'append' ? entry.row : { type: 'commit', change: entry.commit.change },
  )
  return lostRow === undefined ? items : [lostRow, ...items]
}

export function commitsOf(batch: Batch | undefined): readonly PendingCommit[] {
  return (batch?.entries ?? []).flatMap(entry => (entry.type === 'commit' ? [entry.commit] : []))
}

/** Those of which nobody has been told that they are not written. */
export function waitingIn(batch: Batch | undefined): readonly Entry[] {
  return (batch?.entries ?? []).filter(entry => entry.type === 'append' || entry.commit.waits)
}

/** Answers who waits for a change. @param onBadRow for each row that can't be stored for what it is */
export function settle(
  { entries, lostRow }: Batch,
  results: readonly ItemResult[],
  onBadRow: (kind: AppendKind, text: string) => void,
): void {
  const own = lostRow === undefined ? results : results.slice(1)
  for (const [index, entry] of entries.entries()) {
    const result = own[index] ?? { ok: false, refused: false, text: 'the thread did not say' }
    if (entry.type === 'commit') entry.commit.settle(result)
    else if (!result.ok) onBadRow(entry.kind, result.text)
  }
}
