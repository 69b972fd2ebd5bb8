// What the admin listener needs of recent events. Control implements it; admin never reaches further.

/** Each with what `detail` has for it. */
export const EVENT_TYPES = [
  /** An upstream is in another state: `from`, `to`, `cause`. */
  'transition',
  /** Nobody of a pool is left to take new work (`phase` begins, `upstreams`), or somebody is again (`phase` ends, `since`, `durationMs`, `answers`, `inDoubt`, `planned`). */
  'pool',
  /** Something about an upstream, a pool or the clock that changes nobody's state: `level`, and `byMs` of the clock. */
  'notice',
  /** A priority after the first carries load, or no longer: `priority`, `upstreams`, `carries`. */
  'standby',
  /** A configuration is in use, or was refused: `result`, `source`, `revision`. */
  'reload',
  /** A maintenance window was planned, changed, began, ended ...: `window`, `kind`, `occurrence`, `reason`. */
  'window',
  /** A request may or may not have been carried out: `requestId`, `route`, `method`, `path`. */
  'in-doubt',
  /** Somebody has looked, and settled one that was in doubt: `requestId`, `route`, `method`, `path`, `resolution`, `note`. */
  'resolution',
  /** A worker ended, stood still or is replaced, or the control plane stood still, or memory is short: `worker`, and `lost`, `phase`, `stalledMs` or `residentBytes`. */
  'worker',
  /** A host name of upstreams has other addresses, or none is found: `name`, `addresses`, `level`. */
  'name',
  /** Somebody has emptied the cache, all of it or a part: `pool`, `host`, `path` that were named, `entries`, `reason`. */
  'cache',
  /** A certificate, authority or ticket key is another one, was refused or expires, or ACME has brought one or failed: `kind`, `level`, and what it is about. */
  'certificate',
  /** Requests of a route began to be held, or none waits any more; one is dead or in doubt; nothing more can be held: `phase`, `level`, and what it is about. */
  'held',
  /** Somebody has paused an integration, or its pause has ended: `phase`, `route`, `until`, `reason`. */
  'pause',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Something that happened, and that the people who look after this vigia want to know. */
export interface ControlEvent {
  /** Increases with each event, also over a restart of vigia. */
  readonly id: number
  /** ISO 8601. */
  readonly at: string
  /** See above. */
  readonly type: EventType
  /** One line for people. */
  readonly text: string
  /** That it is about; null = about none, or more than one. */
  readonly pool: string | null
  /** Likewise. */
  readonly upstream: string | null
  /** Who asked for it; null = it came about by itself. */
  readonly by: string | null
  /** What there is to know beside the text, by the type of the event. */
  readonly detail: Readonly<Record<string, unknown>>
}

export interface EventsAfter {
  /** Oldest first. */
  readonly events: readonly ControlEvent[]
  /** Some that came after that id are not kept any more, or the id is not one of this feed. */
  readonly gap: boolean
}

export interface EventFeed {
  /** Id of the newest event; of the beginning where there is none. */
  readonly newest: number
  /** Whoever knows less than this id has missed something. */
  readonly oldest: number
  /** @param id 0 = whatever is kept, which is no gap */
  after(id: number): EventsAfter
  /** @param listener is called after each event, and must not throw @returns a function that ends it */
  subscribe(listener: () => void): () => void
}
