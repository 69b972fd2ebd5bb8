// When a held request will probably be carried out. It is a guess from what is known: when the route opens, how many go first, how fast.

import type { ForwardPlan } from '../../plan/hold.ts'

export interface Outlook {
  /** When the route's requests go out, epoch ms: not before now; undefined = nobody knows. */
  readonly opensMs: number | undefined
  readonly forward: Pick<ForwardPlan, 'perSecond' | 'concurrency'>
  /** How long one takes, ms; undefined = none has been sent yet. */
  readonly eachMs: number | undefined
}

/** @param ahead requests that go first @returns epoch ms; undefined = nobody knows */
export function expectedMs({ opensMs, forward, eachMs }: Outlook, ahead: number): number | undefined {
  if (opensMs === undefined) return undefined
  const { perSecond, concurrency } = forward
  const rate = eachMs === undefined || eachMs <= 0 ? perSecond : Math.min(perSecond, (concurrency * 1000) / eachMs)
  return Math.round(opensMs + (ahead * 1000) / rate)
}
