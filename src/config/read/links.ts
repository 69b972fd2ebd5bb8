// What a YAML document says of itself: which anchor each alias stands for, how much that unfolds to, which keys are repeated. One walk
// over the document: the library's own answers walk all of it for each alias, and all of a mapping for each of its keys.

import { type Alias, type Document, isAlias, isCollection, isMap, isNode, isPair, isScalar, type Scalar } from 'yaml'

export interface Links {
  /** What each alias stands for: the last anchor of its name before it. */
  readonly targets: ReadonlyMap<unknown, unknown>
  /** Aliases without an anchor before them. */
  readonly dangling: readonly Alias.Parsed[]
  /** Keys that their mapping has already. */
  readonly repeatedKeys: readonly Scalar[]
}

export function linksOf(document: Document.Parsed): Links {
  const anchors = new Map<string, unknown>()
  const targets = new Map<unknown, unknown>()
  const dangling: Alias.Parsed[] = []
  const repeatedKeys: Scalar[] = []
  const walk = (node: unknown): void => {
    if (isPair(node)) {
      walk(node.key)
      walk(node.value)
    } else if (isAlias(node)) {
      if (anchors.has(node.source)) targets.set(node, anchors.get(node.source))
      else dangling.push(node as Alias.Parsed)
    } else if (isNode(node)) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
      if (!isCollection(node)) return
      if (isMap(node)) repeatedKeys.push(...repeatedIn(node.items))
      for (const item of node.items) walk(item)
    }
  }
  walk(document.contents)
  return { targets, dangling, repeatedKeys }
}

function repeatedIn(pairs: readonly { readonly key: unknown }[]): Scalar[] {
  const names = new Set<unknown>()
  return pairs.flatMap(({ key }) => {
    if (!isScalar(key)) return []
    if (names.has(key.value)) return [key]
    names.add(key.value)
    return []
  })
}

/** Number of values with each alias written out; infinite where one stands within what it stands for. */
export function unfoldedSize(root: unknown, { targets }: Links): number {
  const known = new Map<unknown, number>()
  const sizeOf = (node: unknown): number => {
    if (isPair(node)) return sizeOf(node.value)
    if (isAlias(node)) return sizeOf(targets.get(node))
    if (!isCollection(node)) return 1
    const size = known.get(node)
    if (size !== undefined) return size
    known.set(node, Number.POSITIVE_INFINITY)
    const sum = node.items.reduce<number>((all, item) => all + sizeOf(item), 1)
    known.set(node, sum)
    return sum
  }
  return sizeOf(root)
}
