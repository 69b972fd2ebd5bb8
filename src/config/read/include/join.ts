// Several files as one document. Lists are appended in the order of the files, mappings are joined key by key; whatever else is said twice
// is an error with both places: no file overrides another. Pure.

import { Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import { formatPath, type Path, type Problem } from '../../forms/problem.ts'
import { type Links, unfoldedSize } from '../links.ts'
import { MOST_VALUES, placeIn, placeWords, type Source, type SourceFile } from '../source.ts'

export interface Joined {
  readonly source: Source
  readonly problems: readonly Problem[]
}

/** A key of some file, with what it says. */
interface Said {
  readonly key: Scalar
  readonly value: Node
  readonly file: Source
}

/** Says only which files belong to the configuration. */
export const INCLUDE = 'include'

/** @param sources the configuration file first; each a mapping, or without a value */
export function join(sources: readonly [Source, ...Source[]]): Joined {
  const [first] = sources
  const sizes = sources.map(({ document, links }) =>
    links.targets.size === 0 ? 0 : unfoldedSize(document.contents, links),
  )
  if (sizes.reduce((sum, size) => sum + size, 0) > MOST_VALUES) {
    const at = sources[sizes.indexOf(Math.max(...sizes))]!
    const message = 'YAML: the aliases (*name) unfold to too much: write the values out'
    return { source: first, problems: [{ severity: 'error', file: at.file, line: 1, column: 1, path: '', message }] }
  }

  const problems: Problem[] = sources.filter(({ document }) => !mayBeJoined(document.contents)).map(notJoined)
  const origins = new Map<unknown, SourceFile>()
  const root = new YAMLMap<Node, Node>()
  root.range = first.document.contents?.range ?? [0, 0, 0]
  for (const [name, said] of byName(sources.flatMap(source => keysOf(source, source === first)))) {
    const value = joinValues(name, said, origins, problems)
    origins.set(value, said[0].file)
    root.items.push(new Pair<Node, Node>(said[0].key, value))
  }
  const document = new Document(null, { merge: true, stringKeys: true })
  document.contents = root as typeof document.contents
  const links: Links = { targets: new Map(), dangling: [], repeatedKeys: [] }
  const joined = { files: sources, origins }
  return { source: { ...first, document: document as Document.Parsed, links, keys: new WeakMap(), joined }, problems }
}

function mayBeJoined(root: Node | null): boolean {
  return isMap(root) || root === null || (isScalar(root) && root.value === null)
}

function notJoined(file: Source): Problem {
  const message = 'expected keys, such as pools: and below it the pools of this file'
  return {
    severity: 'error',
    file: file.file,
    ...placeIn(file, file.document.contents ?? undefined),
    path: '',
    message,
  }
}

/** What one file says, with what its aliases stand for in their places: the names of anchors are its own. */
function keysOf(source: Source, isFirst: boolean): Said[] {
  const { document, links } = source
  const root = links.targets.size === 0 ? document.contents : copy(document.contents!, links)
  if (!isMap(root)) return []
  return root.items.flatMap(({ key, value }): Said[] => {
    if (!isScalar(key) || (key.value === INCLUDE && !isFirst)) return []
    return [{ key, value: isNode(value) ? value : placed(new Scalar(null), key), file: source }]
  })
}

function byName(said: readonly Said[]): Map<string, [Said, ...Said[]]> {
  return Map.groupBy(said, ({ key }) => String(key.value)) as Map<string, [Said, ...Said[]]>
}

function joinValues(
  name: string,
  all: readonly [Said, ...Said[]],
  origins: Map<unknown, SourceFile>,
  problems: Problem[],
) {
  const [first, ...others] = all
  if (others.length === 0) return first.value
  if (all.every(({ value }) => isSeq(value))) {
    const list = placed(new YAMLSeq<Node>(), first.value)
    for (const { value, file } of all) {
      for (const item of (value as YAMLSeq<Node>).items) {
        origins.set(item, file)
        list.items.push(item)
      }
    }
    return list
  }
  if (all.every(({ value }) => isMap(value))) {
    const mapping = placed(new YAMLMap<Node, Node>(), first.value)
    for (const [inner, said] of byName(all.flatMap(({ value, file }) => pairsOf(value as YAMLMap, file)))) {
      for (const again of said.slice(1)) problems.push(saidTwice([name, inner], again, said[0]))
      origins.set(said[0].value, said[0].file)
      mapping.items.push(new Pair<Node, Node>(said[0].key, said[0].value))
    }
    return mapping
  }
  for (const again of others) problems.push(saidTwice([name], again, first))
  return first.value
}

function pairsOf(map: YAMLMap, file: Source): Said[] {
  return map.items.flatMap(({ key, value }) =>
    isScalar(key) ? [{ key, value: isNode(value) ? value : placed(new Scalar(null), key), file }] : [],
  )
}

function saidTwice(path: Path, { key, file }: Said, first: Said): Problem {
  const before = placeWords(first.file, first.key)
  const message = `is said already at ${before}: no file overrides another, say it in one of them`
  return { severity: 'error', file: file.file, ...placeIn(file, key), path: formatPath(path), message }
}

function copy(node: Node, links: Links): Node {
  if (isAlias(node)) return copy(links.targets.get(node) as Node, links)
  if (isMap(node)) {
    const map = placed(new YAMLMap<unknown, unknown>(), node)
    map.items = node.items.map(({ key, value }) => new Pair(inner(key, links), inner(value, links)))
    return map
  }
  if (isSeq(node)) {
    const list = placed(new YAMLSeq<unknown>(), node)
    list.items = node.items.map(item => inner(item, links))
    return list
  }
  if (!isScalar(node)) return node
  const scalar = placed(new Scalar(node.value), node)
  // Whether `<<` is one that joins a mapping depends on it.
  if (node.type !== undefined) scalar.type = node.type
  return scalar
}

function inner(value: unknown, links: Links): unknown {
  return isNode(value) ? copy(value, links) : value
}

function placed<N extends Node>(node: N, { range }: Node): N {
  if (range) node.range = range
  return node
}
