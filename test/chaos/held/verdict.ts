// Rules of held requests, judged by what senders were told, by the journals of the upstreams, and by what `vigia held export` shows.

import type { HeldRowReport } from '../../../src/admin/contract/held.ts'
import type { JournalLine } from '../modes.ts'
import type { Told } from './senders.ts'

export interface HeldEvidence {
  readonly told: readonly Told[]
  readonly journal: readonly JournalLine[]
  readonly rows: readonly HeldRowReport[]
  /** Found out by a person who looked into the journals. */
  readonly settled: ReadonlyMap<string, 'done' | 'not-done'>
  readonly goesOn: boolean
}

export interface HeldViolation {
  readonly rule: 'once' | 'kept' | 'refused' | 'order' | 'repeat' | 'whole'
  readonly id: string
  readonly what: string
}

/** Said of a request that may have been carried out. */
const UNKNOWN_CODES = ['in-doubt', 'upstream-timeout', 'upstream-reset', 'bad-upstream-response']

export function judgeHeld({ told, journal, rows, settled, goesOn }: HeldEvidence): HeldViolation[] {
  const violations: HeldViolation[] = []
  const wrong = (rule: HeldViolation['rule'], id: string, what: string) => violations.push({ rule, id, what })
  const whole = Map.groupBy(
    journal.filter(({ event }) => event === 'whole'),
    ({ id }) => id,
  )
  const rowsOf = Map.groupBy(rows, idOf)
  const first = new Map(told.filter(({ isRepeat }) => !isRepeat).map(each => [each.id, each]))

  for (const ask of first.values()) {
    const { id, route, status, end, node, code, bytes } = ask
    const times = whole.get(id)?.length ?? 0
    const mine = rowsOf.get(id) ?? []
    const [row] = mine
    if (mine.length > 1) wrong('once', id, `is held ${mine.length} times`)
    if (times > 1 && route === 'orders') wrong('once', id, `was carried out ${times} times`)
    for (const line of whole.get(id) ?? [])
      if (line.bytes !== bytes) wrong('whole', id, `${line.bytes} bytes of ${bytes} came`)
    if (status === 202) {
      if (row === undefined) wrong('kept', id, `was acknowledged, is not kept, and was carried out ${times} times`)
      else if (row.state === 'answered' && times === 0) wrong('kept', id, 'is answered, but was never carried out')
      else if (row.state === 'dead' && times > 0 && route === 'orders')
        wrong('kept', id, 'is dead, but was carried out')
      else if (!['answered', 'dead', 'in-doubt'].includes(row.state)) wrong('kept', id, `is still ${row.state}`)
    } else if (end === 'answered') {
      if (row !== undefined) wrong('refused', id, `is held, but was answered ${status} ${code}`)
      if (node === '' && times > 0 && !UNKNOWN_CODES.includes(code))
        wrong('refused', id, `was answered ${status} ${code}, but carried out`)
      if (node !== '' && times === 0) wrong('whole', id, `was answered by ${node}, which has not got it`)
    }
  }
  for (const { id, isRepeat, status, location, code, node } of told) {
    if (!isRepeat) continue
    if (node !== '') wrong('repeat', id, `its repeat went to ${node}`)
    if (status === 202 && location !== first.get(id)!.location) wrong('repeat', id, `its repeat got ${location}`)
    if (status === 422) wrong('repeat', id, `its repeat got 422 ${code}`)
  }
  for (const [id] of rowsOf) if (!first.has(id)) wrong('kept', id, 'is held, but nobody sent it')

  for (const of of Map.groupBy(first.values(), ({ route, sender }) => `${route} ${sender}`).values()) {
    const done = of
      .filter(({ status, node }) => status === 202 || node !== '')
      .filter(({ id }) => !(goesOn && settled.get(id) === 'not-done'))
      .flatMap(({ id }) => whole.get(id)?.slice(0, 1) ?? [])
    for (const [i, line] of done.entries()) {
      const before = done[i - 1]
      if (before !== undefined && line.atMs < before.atMs)
        wrong('order', line.id, `came ${before.atMs - line.atMs} ms before ${before.id}, which was sent before it`)
    }
  }
  return violations
}

export function idOf({ path }: { readonly path: string }): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
