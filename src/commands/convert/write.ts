// Writes a draft as a YAML document: small mappings on one line, comments above the entries that they are about.

import { Document, isMap, isSeq, type Node, type Scalar, visit, type YAMLMap, type YAMLSeq } from 'yaml'
import { type Draft, ENVIRONMENT, type Entry, type Route } from './draft.ts'

const WIDEST = 110
const INDENT = 6
/** Texts that are easier to read in quotes, though YAML would do without. */
const QUOTED = /[:{}[\]*&#?|<>=!%@`$, ]/

/** @param title first line, without its # */
export function writeDraft(draft: Draft, title: string): string {
  const document = new Document({})
  const root = document.contents as unknown as YAMLMap
  const nodeOf = (value: unknown): Node => compact(document.createNode(value) as Node)
  const list = (entries: readonly Entry[], keysOf: (entry: Entry) => unknown) => {
    const seq = document.createNode([]) as YAMLSeq
    for (const entry of entries) seq.add(commented(nodeOf(keysOf(entry)), entry.comments))
    return seq
  }
  const add = (key: string, value: unknown) => {
    const name = document.createNode(key) as Scalar
    name.spaceBefore = root.items.length > 0
    root.add(document.createPair(name, value))
  }
  add(
    'listeners',
    list(draft.listeners, ({ keys }) => keys),
  )
  add(
    'routes',
    list(draft.routes, entry => routeKeys(entry as Route)),
  )
  const pools = document.createNode({}) as YAMLMap
  for (const [name, pool] of draft.pools) {
    const map = document.createNode({}) as YAMLMap
    for (const [key, value] of Object.entries(pool.keys)) map.set(key, nodeOf(value))
    map.set(
      'upstreams',
      list(pool.upstreams, ({ keys }) => keys),
    )
    pools.add(document.createPair(commented(document.createNode(name) as Scalar, pool.comments), map))
  }
  add('pools', pools)
  for (const [key, value] of Object.entries(draft.settings)) add(key, nodeOf(value))
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return
      // A variable of the environment is written as one; everything else that looks like one is meant as it is.
      node.value = node.value.replaceAll('${', '$${').replaceAll(ENVIRONMENT, '${')
      if (QUOTED.test(node.value as string)) node.type = 'QUOTE_DOUBLE'
    },
  })
  document.commentBefore = ` ${title}\n Above each part stands where it comes from. What is left to do says TODO.`
  return document.toString({ lineWidth: 0, flowCollectionPadding: false })
}

function routeKeys({ match, pool, keys }: Route): Record<string, unknown> {
  const given = Object.entries(match).filter(([, value]) => value !== undefined)
  const { name, ...rest } = keys
  const named = name === undefined ? {} : { name }
  const plain = given.map(([key, value]) => [key, Array.isArray(value) && value.length === 1 ? value[0] : value])
  return { ...named, ...(given.length === 0 ? {} : { match: Object.fromEntries(plain) }), pool, ...rest }
}

function commented<T extends Node>(node: T, comments: readonly string[]): T {
  node.commentBefore = comments.map(line => ` ${line}`).join('\n')
  return node
}

/** On one line where it fits there. */
function compact<T extends Node>(node: T): T {
  if (!isMap(node) && !isSeq(node)) return node
  for (const item of node.items) {
    const inner = isMap(node) ? (item as { value: unknown }).value : item
    if (isMap(inner) || isSeq(inner)) compact(inner)
  }
  if (JSON.stringify(node).length + INDENT <= WIDEST) node.flow = true
  return node
}
