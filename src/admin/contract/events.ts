// What the admin listener needs of recent events. Control implements it; admin never reaches further.

export const EVENT_TYPES = [
  'transition',
  'pool',
  'notice',
  'standby',
  'reload',
  'window',
  'in-doubt',
  'resolution',
  'worker',
  'name',
  'cache',
  'certificate',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

/** Something that happened, and that the people who look after this vigia want to know. */
export interface ControlEvent {
  /** Increases with each event, also over a restart of vigia. */
  readonly id: number
  /** ISO 8601. */
  readonly at: string
  readonly type: EventType
  /** One line for people. */
  readonly text: string
  readonly pool: string | null
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
