// What holds for a key that is not there, where its schema has no plain default: another key's value, or what follows from one. Each part
// says it beside the function that compiles it, in the words of the document.

import type { Path } from './problem.ts'

/** A value that stands in for a key. */
export interface StandIn {
  /** As the document would write it. */
  readonly value: unknown
  /** `inherited`: it is that of `from`; `derived`: it follows from that; `application`: from what the pool says that it runs. */
  readonly by: 'default' | 'inherited' | 'derived' | 'application'
  readonly from?: Path
}

/** Where no value says it. */
export interface InWords {
  readonly words: string
}

export interface Around {
  /** The mapping that lacks the key, as it is given. */
  readonly beside: Mapping
  /** Where that mapping is. */
  readonly at: Path
  readonly document: Mapping
  /** What is in force at another place, as the document would write it; undefined = nothing such. */
  readonly inForce: (path: Path) => unknown
}

export type Mapping = Readonly<Record<string, unknown>>

/** @returns undefined where the schema's words for a missing key hold */
export type Otherwise = (around: Around) => StandIn | InWords | undefined

/** By path of the schema: `pools.*.limits.head`, `routes[].maxBody`. */
export type Otherwises = Readonly<Record<string, Otherwise>>

/** What a short form (`health: tcp`) stands for; undefined = it is all there is to say. By path, likewise. */
export type LongForms = Readonly<Record<string, (short: unknown) => Mapping | undefined>>

/** What the document itself has at a place. */
export function givenAt({ document }: Around, path: Path): unknown {
  return path.reduce<unknown>((tree, step) => (tree as Mapping | undefined)?.[step], document)
}

/** The value of another place, where there is one. */
export function inherited({ inForce }: Around, from: Path): StandIn | undefined {
  const value = inForce(from)
  return value === undefined ? undefined : { value, by: 'inherited', from }
}

/** Follows from another key of the same mapping. */
export function derived({ at }: Around, value: unknown, key: string): StandIn {
  return { value, by: 'derived', from: [...at, key] }
}
