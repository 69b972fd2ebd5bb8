// Looks at the ends of what is in use, certificates, authorities of clients and their lists, and tells each mark that one passes once. When
// that is says policy/certificates/expiry.ts.

import { type ExpiryMark, expiryMark, type Validity } from '../../policy/certificates/expiry.ts'

export class ExpiryWatch<Ending extends Validity> {
  readonly #tell: (ending: Ending, mark: ExpiryMark) => void
  /** What was told last, by the id of what ends. */
  #told = new Map<string, ExpiryMark>()

  constructor(tell: (ending: Ending, mark: ExpiryMark) => void) {
    this.#tell = tell
  }

  /** @param inUse all of them by id: what was told of others is forgotten @param nowMs epoch ms */
  look(inUse: ReadonlyMap<string, Ending>, nowMs: number): void {
    const told = new Map<string, ExpiryMark>()
    for (const [id, ending] of inUse) {
      const mark = expiryMark(ending, nowMs)
      // A clock that was set back makes what was told untrue: it is told again when its time comes.
      if (mark === undefined) continue
      const before = this.#told.get(id)
      told.set(id, mark)
      if (before === undefined || mark < before) this.#tell(ending, mark)
    }
    this.#told = told
  }
}
