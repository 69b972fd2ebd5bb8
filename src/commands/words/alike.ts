// What several entries of a list have alike without saying it, so that it can be told once. Pure.

import type { InForce } from '../../config/in-force/explain.ts'

export interface Alike {
  /** In the order of the entries; a mapping has only what is shared of it. */
  readonly shared: readonly InForce[]
  /** The entries without that. */
  readonly rest: readonly InForce[]
}

/** @param entries mappings of one kind @param told what a key without anything below it looks like */
export function alike(entries: readonly InForce[], told: (key: InForce) => string): Alike {
  const shared: InForce[] = []
  let rest = entries
  for (const step of new Set(entries.flatMap(({ below }) => below!.map(stepOf)))) {
    const keys = rest.map(entry => entry.below!.find(each => stepOf(each) === step))
    const mappings = keys.filter(key => key !== undefined && isMapping(key)) as InForce[]
    const same = mostOf(Map.groupBy(keys.filter(key => key !== undefined && isUnsaid(key)) as InForce[], told))
    if (same.length > Math.max(1, mappings.length)) {
      shared.push(same[0]!)
      rest = rest.map((entry, i) => (same.includes(keys[i]!) ? replaced(entry, keys[i]!, undefined) : entry))
    } else if (mappings.length > 1) {
      const inner = alike(mappings, told)
      if (inner.shared.length === 0) continue
      shared.push({ ...mappings[0]!, below: inner.shared })
      const left = new Map(mappings.map((key, i) => [key, inner.rest[i]!]))
      rest = rest.map((entry, i) => {
        const now = keys[i] && left.get(keys[i])
        // One that is written stays, though nothing in it is.
        return now ? replaced(entry, keys[i]!, now.below!.length > 0 || isSaid(now) ? now : undefined) : entry
      })
    }
  }
  return { shared, rest }
}

function stepOf({ path }: InForce): string | number {
  return path.at(-1)!
}

function isMapping({ below, isList }: InForce): boolean {
  return below !== undefined && isList !== true
}

function isUnsaid(key: InForce): boolean {
  return key.below === undefined && !isSaid(key)
}

/** What follows from another key of the entry is its own too. */
function isSaid({ from }: InForce): boolean {
  return from.by === 'file' || from.by === 'environment' || from.by === 'derived' || from.by === 'application'
}

function mostOf(groups: ReadonlyMap<string, readonly InForce[]>): readonly InForce[] {
  return [...groups.values()].reduce((most, each) => (each.length > most.length ? each : most), [])
}

function replaced(entry: InForce, key: InForce, now: InForce | undefined): InForce {
  return { ...entry, below: entry.below!.flatMap(each => (each !== key ? each : (now ?? []))) }
}
