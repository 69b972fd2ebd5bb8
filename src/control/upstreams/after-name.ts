// What the name of an upstream makes of its entry: without an address it can't serve.

import type { NameState } from '../../policy/names/name-state.ts'
import type { AddressFact } from '../../policy/upstream/availability.ts'
import type { Entry } from './entry.ts'
import { type Step, withState } from './step.ts'

export function afterName(entry: Entry, name: NameState, nowMs: number): Step {
  return withState(entry, { ...entry.state, address: addressFact(name) }, nowMs)
}

/** Undefined = it has an address. */
export function addressFact({ addresses, problem }: NameState): AddressFact | undefined {
  if (addresses.length > 0) return undefined
  return problem === undefined ? { status: 'pending' } : { status: 'missing', reason: problem.why }
}
