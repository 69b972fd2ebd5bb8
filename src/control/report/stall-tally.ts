// How often the control plane stood still, and for how long in all: for metrics. Counts only.

import type { VigiaEvent } from '../events/event.ts'

export class StallTally {
  count = 0
  seconds = 0

  /** Takes in what happens. */
  readonly see = (event: VigiaEvent): void => {
    if (event.type !== 'control-stalled') return
    this.count += 1
    this.seconds += event.forMs / 1000
  }
}
