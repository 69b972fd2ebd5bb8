// What is told of the names of upstreams. Types only.

import type { NameState } from '../../policy/names/name-state.ts'

/** Other addresses of a name count now, or there is another reason why it brought none. */
export interface NameEvent {
  readonly type: 'name'
  readonly host: string
  readonly before: NameState
  readonly now: NameState
}
