// Who gets a place on a listener of vigia's own (admin, health) when places are short. Connections that have shown nothing yet go first, the oldest of them: what
// floods the listener pushes out itself, and who sends a request at once is answered. Some places are kept for this machine, so that an
// orchestrator beside vigia and its command line always get in.

/** One connection to such a listener. */
export interface ListenerPlace {
  /** Of its client (client-key.ts). */
  readonly key: string
  /** It comes from this machine. */
  readonly local: boolean
  /** It has shown a right token. */
  readonly known: boolean
  /** It is in the middle of what it was let in for: where there are tokens, a stranger never is. */
  readonly busy: boolean
}

export interface PlaceLimits {
  /** Connections in all. */
  readonly most: number
  /** Of these, for this machine alone, or for who has shown a token. */
  readonly reserved: number
  /** Of one client elsewhere that has shown no token. */
  readonly perClient: number
}

/** `let-in` as one more, or in the place of another that is closed for it; or not at all. */
export type PlaceVerdict<T> = { readonly letIn: true; readonly inPlaceOf: T | undefined } | { readonly letIn: false }

/** @param places those in use, the oldest first */
export function placeFor<T extends ListenerPlace>(
  newcomer: Pick<ListenerPlace, 'key' | 'local'>,
  places: readonly T[],
  { most, reserved, perClient }: PlaceLimits,
): PlaceVerdict<T> {
  if (!newcomer.local) {
    const strangers = places.filter(({ local, known }) => !local && !known)
    const own = strangers.filter(({ key }) => key === newcomer.key)
    if (own.length >= perClient) return instead(own)
    if (strangers.length >= most - reserved) return instead(strangers)
  }
  if (places.length < most) return { letIn: true, inPlaceOf: undefined }
  // Those who have shown a token are the last to go, and only between two requests.
  return instead([...places].sort((a, b) => Number(a.known) - Number(b.known)))
}

/** The first of them that does nothing goes. */
function instead<T extends ListenerPlace>(candidates: readonly T[]): PlaceVerdict<T> {
  const leaving = candidates.find(({ busy }) => !busy)
  return leaving === undefined ? { letIn: false } : { letIn: true, inPlaceOf: leaving }
}
