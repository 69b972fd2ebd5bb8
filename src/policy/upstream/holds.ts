// What people, and nodes themselves, ask for with an upstream: at most one hold per source, never merged by overwriting one with
// another. Decides which of them counts (the strictest) and what a deadline makes of one. Who may ask is not decided here.

import type { HoldFact } from './availability.ts'

/** `operator`: the admin API and the command line. `agent`: the node itself, by what its probe answers. `window`: planned maintenance. */
export type HoldSource = 'operator' | 'agent' | 'window'

export interface Hold {
  readonly source: HoldSource
  /** `draining`: its own sessions only, no new work. `disabled`: nothing at all. */
  readonly status: 'draining' | 'disabled'
  /** One line. */
  readonly reason: string
  /** Name of who asked. */
  readonly by: string
  /** When it came into this status, epoch ms. */
  readonly sinceMs: number
  /** When the drain began, epoch ms, also after its deadline has made it `disabled`; undefined = it never was a drain. */
  readonly drainSinceMs: number | undefined
  /** When the drain becomes `disabled`, epoch ms; undefined = never by itself. */
  readonly deadlineMs: number | undefined
  /** `elapsed`: it was given as a length of time, and moves with a clock that is set. Undefined = as an instant. */
  readonly deadlineBy?: 'elapsed' | undefined
}

export type Holds = readonly Hold[]

/** What is asked for; the rest of a hold follows from what was there before. */
export type HoldOrder = Pick<Hold, 'source' | 'status' | 'reason' | 'by' | 'deadlineMs' | 'deadlineBy'>

const STRICTNESS = { enabled: 0, draining: 1, disabled: 2 } as const
const ENABLED: HoldFact = { status: 'enabled' }

/** The same source's earlier hold gives way. A drain that is ordered again (another deadline or reason) goes on since it began. */
export function withHold(holds: Holds, order: HoldOrder, nowMs: number): Holds {
  const former = holds.find(hold => hold.source === order.source)
  const goesOn = former?.status === order.status
  const drainSinceMs = order.status === 'draining' ? (goesOn ? former.drainSinceMs : nowMs) : undefined
  const deadlineMs = order.status === 'draining' ? order.deadlineMs : undefined
  return [
    ...withoutHold(holds, order.source),
    { ...order, sinceMs: goesOn ? former.sinceMs : nowMs, drainSinceMs, deadlineMs },
  ]
}

/** The very same list where the source holds nothing. */
export function withoutHold(holds: Holds, source: HoldSource): Holds {
  return holds.some(hold => hold.source === source) ? holds.filter(hold => hold.source !== source) : holds
}

/** The strictest counts; among equals the one that has been there for longer. */
export function strictest(holds: Holds): Hold | undefined {
  let found: Hold | undefined
  for (const hold of holds) {
    const more = found === undefined ? 1 : STRICTNESS[hold.status] - STRICTNESS[found.status]
    if (more > 0 || (more === 0 && hold.sinceMs < found!.sinceMs)) found = hold
  }
  return found
}

export function holdFact(holds: Holds): HoldFact {
  const hold = strictest(holds)
  return hold === undefined ? ENABLED : { status: hold.status, reason: hold.reason, by: hold.by }
}

/** Drains whose deadline has come are `disabled`. The very same list where there is none. */
export function atDeadline(holds: Holds, nowMs: number): Holds {
  if (!holds.some(hold => isDue(hold, nowMs))) return holds
  return holds.map(hold => (isDue(hold, nowMs) ? { ...hold, status: 'disabled', sinceMs: nowMs } : hold))
}

/** The wall clock was set by so many ms: all is as long ago as it was, and a length of time that was given lasts as long. */
export function movedHold(hold: Hold, byMs: number): Hold {
  const { sinceMs, drainSinceMs, deadlineMs, deadlineBy } = hold
  return {
    ...hold,
    sinceMs: sinceMs + byMs,
    drainSinceMs: drainSinceMs && drainSinceMs + byMs,
    deadlineMs: deadlineMs !== undefined && deadlineBy === 'elapsed' ? deadlineMs + byMs : deadlineMs,
  }
}

function isDue({ status, deadlineMs }: Hold, nowMs: number): boolean {
  return status === 'draining' && deadlineMs !== undefined && deadlineMs <= nowMs
}
