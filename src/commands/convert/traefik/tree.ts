// A document of Traefik, from YAML or TOML, as one tree whose parts know their places. Knows neither format.

import type { Directive, Place } from '../directive.ts'

export type Tree = Scalar | List | Mapping

interface Base {
  readonly place: Place
}

export interface Scalar extends Base {
  readonly kind: 'scalar'
  readonly text: string
}

export interface List extends Base {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}

export interface Mapping extends Base {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, Entry>
}

export interface Entry {
  /** Key, and what it says in short: for notes. `used` as that of a directive. */
  readonly directive: Directive
  readonly tree: Tree
}

/** Traefik takes keys in any case. */
export function entryOf(tree: Tree | undefined, ...keys: readonly string[]): Entry | undefined {
  let found: Entry | undefined
  let at = tree
  for (const key of keys) {
    if (at?.kind !== 'mapping') return undefined
    found = at.entries.get(key.toLowerCase())
    at = found?.tree
  }
  return found
}

/** The same, and it is decided from here on. */
export function takeEntry(tree: Tree | undefined, ...keys: readonly string[]): Entry | undefined {
  for (let length = 1; length <= keys.length; length += 1) {
    const entry = entryOf(tree, ...keys.slice(0, length))
    if (entry !== undefined) entry.directive.used = true
  }
  return entryOf(tree, ...keys)
}

export function textOf(tree: Tree | undefined, ...keys: readonly string[]): string | undefined {
  const found = keys.length === 0 ? tree : takeEntry(tree, ...keys)?.tree
  return found?.kind === 'scalar' ? found.text : undefined
}

export function textsOf(tree: Tree | undefined, ...keys: readonly string[]): string[] {
  const found = keys.length === 0 ? tree : takeEntry(tree, ...keys)?.tree
  if (found?.kind === 'scalar') return [found.text]
  return found?.kind === 'list' ? found.items.flatMap(each => (each.kind === 'scalar' ? [each.text] : [])) : []
}

export function entriesOf(tree: Tree | undefined, ...keys: readonly string[]): Entry[] {
  const found = keys.length === 0 ? tree : takeEntry(tree, ...keys)?.tree
  return found?.kind === 'mapping' ? [...found.entries.values()] : []
}

export function itemsOf(tree: Tree | undefined, ...keys: readonly string[]): readonly Tree[] {
  const found = takeEntry(tree, ...keys)?.tree
  return found?.kind === 'list' ? found.items : []
}

/** As blocks of directives: so what nobody has decided is found in the same way as elsewhere. */
export function asDirectives(tree: Tree): Directive[] {
  if (tree.kind === 'list') return tree.items.flatMap(asDirectives)
  if (tree.kind === 'scalar') return []
  return [...tree.entries.values()].map(({ directive }) => directive)
}
