// Whether a request is one that is held already: by its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) or by its body. A key
// counts until the result is removed. A body counts only until its request has ended: the same order may come again next week.

import type { HoldPlan } from '../../plan/hold.ts'

/** repeat: it is not held again. conflict: the key is another request's. new: it is one of its own. */
export type Sameness = 'repeat' | 'conflict' | 'new'

/** @param found the last one with the same key or body, its state as a HeldState (shared/held/messages.ts); undefined = there is none */
export function sameness(
  by: HoldPlan['dedupe'],
  found: { readonly state: string; readonly fingerprint: string } | undefined,
  fingerprint: string,
): Sameness {
  if (by === 'off' || found === undefined || found.state === 'dropped') return 'new'
  if (by === 'body' && found.state === 'answered') return 'new'
  return found.fingerprint === fingerprint ? 'repeat' : 'conflict'
}
