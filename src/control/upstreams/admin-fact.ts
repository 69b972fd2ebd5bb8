// Takes in what operators and the nodes themselves ask for, and what a deadline makes of it, and turns it into the admin fact of
// an upstream. Each order is told once, whether or not it changes what the upstream does. It never looks at probes or traffic.

import type { AgentHints } from '../../policy/upstream/agent-hints.ts'
import type { UpstreamState } from '../../policy/upstream/availability.ts'
import {
  atDeadline,
  type Hold,
  type HoldOrder,
  type HoldSource,
  type Holds,
  holdFact,
  strictest,
  withHold,
  withoutHold,
} from '../../policy/upstream/holds.ts'
import { iso } from '../../util/words.ts'
import { type Entry, type MutableEntry, type RegistryPool, takesWork } from './entry.ts'
import type { Notice, UpstreamEvent } from './upstream-event.ts'

/** What the registry does for it. */
export interface EntryChanges {
  readonly now: () => number
  /** Takes over a state. Returns whether the availability is another one now, which has been told with this cause. */
  change(entry: MutableEntry, state: UpstreamState, cause: string, by?: string): boolean
  /** Tells of an order that leaves the availability as it is. */
  tellUnchanged(entry: Entry, cause: string, by?: string): void
  /** The weight follows from something that has changed. */
  reweigh(entry: MutableEntry): void
  notice(level: Notice['level'], entry: Entry, text: string): void
  poolOf(entry: Entry): RegistryPool | undefined
  tell(event: UpstreamEvent): void
}

export class AdminFacts {
  readonly #registry: EntryChanges

  constructor(registry: EntryChanges) {
    this.#registry = registry
  }

  hold(entry: MutableEntry, order: HoldOrder): void {
    const until = order.deadlineMs === undefined ? '' : `, until ${iso(order.deadlineMs)}`
    const holds = withHold(entry.holds, order, this.#registry.now())
    this.#set(entry, holds, `${order.status} by ${order.by}: ${order.reason}${until}`, order.by)
  }

  release(entry: MutableEntry, source: HoldSource, cause: string, by?: string): void {
    this.#set(entry, withoutHold(entry.holds, source), cause, by)
  }

  /** A hold from before a restart. One of the same source that came since goes before it. */
  restore(entry: MutableEntry, hold: Hold): void {
    if (entry.holds.some(({ source }) => source === hold.source)) return
    const { status, by, reason, sinceMs } = hold
    const cause = `${status} by ${by}: ${reason}; ordered at ${iso(sinceMs)}, before vigia was started`
    this.#set(entry, [...entry.holds, hold], cause, by)
  }

  /** Time has passed. */
  endDrain(entry: MutableEntry): void {
    const holds = atDeadline(entry.holds, this.#registry.now())
    const hold = strictest(holds)
    if (holds === entry.holds || hold === undefined) return
    this.#set(entry, holds, `disabled by ${hold.by}: ${hold.reason}; the deadline of the drain has come`, hold.by)
  }

  /** What a node says of itself holds until it says something else. */
  hear(entry: MutableEntry, hints: AgentHints): void {
    const before = entry.hints
    entry.hints = hints
    const { name } = entry.plan
    if (hints.drain !== before.drain) {
      const { drain: reason } = hints
      if (reason === undefined)
        this.release(entry, 'agent', `enabled by ${name}: it no longer asks to be drained`, name)
      else this.hold(entry, { source: 'agent', status: 'draining', reason, by: name, deadlineMs: undefined })
    }
    if (hints.weight !== before.weight) {
      this.#registry.reweigh(entry)
      const share = Math.round(hints.weight * 1000) / 10
      this.#registry.notice('info', entry, `asks for ${share}% of its weight (X-Vigia-Weight)`)
    }
    this.#warn(entry, before)
  }

  #warn(entry: MutableEntry, before: AgentHints): void {
    const { hints } = entry
    const refuses = hints.drain !== undefined || hints.weight === 0
    const refusedBefore = before.drain !== undefined || before.weight === 0
    // A node knows best what it can't do, so it may; people should know nevertheless.
    if (refuses && !refusedBefore && !this.#registry.poolOf(entry)?.entries.some(takesWork)) {
      this.#registry.notice('warn', entry, 'asks for no new work, and nothing else of its pool takes any')
    }
    for (const { field, why } of hints.ignored) {
      if (entry.ignoredHints.has(field)) continue
      entry.ignoredHints = new Set([...entry.ignoredHints, field])
      this.#registry.notice('warn', entry, `its ${field} is ignored: ${why}`)
    }
  }

  #set(entry: MutableEntry, holds: Holds, cause: string, by: string | undefined): void {
    if (holds === entry.holds) return
    const before = entry.holds
    const wasDisabled = strictest(before)?.status === 'disabled'
    entry.holds = holds
    this.#registry.tell({ type: 'holds', entry, before })
    const told = this.#registry.change(entry, { ...entry.state, hold: holdFact(holds) }, cause, by)
    if (!told) this.#registry.tellUnchanged(entry, cause, by)
    if (!wasDisabled && strictest(holds)?.status === 'disabled')
      this.#registry.tell({ type: 'disabled', slot: entry.slot })
  }
}
