// What is due by itself: requests whose time is over, the next ones that may be sent, and when to look again.

import type { Moment } from './ages.ts'
import type { HeldIndex } from './held-index.ts'
import type { Turn } from './turn.ts'
import type { HeldUnit } from './unit.ts'

export function expireDue(index: HeldIndex, unit: HeldUnit, turn: Turn, nowMs: number): void {
  for (const entry of index.entries.values()) {
    if (entry.state !== 'waiting' || entry.expiresMs > nowMs) continue
    unit.begin()
    turn.expire(entry)
  }
}

export function pickNext(index: HeldIndex, unit: HeldUnit, turn: Turn, { nowMs, clockMs, ages }: Moment): void {
  for (const route of index.routes.values()) {
    for (let entry = route.next(nowMs, clockMs); entry !== undefined; entry = route.next(nowMs, clockMs)) {
      unit.begin()
      if (ages && entry.expiresMs <= nowMs) turn.expire(entry)
      else turn.pick(entry)
    }
  }
}

/** Ms; undefined = when something comes up. */
export function nextInMs(index: HeldIndex, nowMs: number): number | undefined {
  let least: number | undefined
  for (const route of index.routes.values()) {
    const inMs = route.nextInMs(nowMs)
    if (inMs !== undefined && (least === undefined || inMs < least)) least = inMs
  }
  return least
}
