// Reads Traefik's files, YAML or TOML, and the files of its file provider, into trees with places.

import { dirname, isAbsolute, join } from 'node:path'
import { parseTOML } from 'toml-eslint-parser'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import { type Directive, type Place, ReadFault, type Surroundings } from '../directive.ts'
import { asDirectives, type Entry, entryOf, type Mapping, type Tree, textOf } from './tree.ts'

const DEEPEST = 40
const MOST_VALUES = 50_000
const MOST_FILES = 200

/** @returns the file itself, and those that its file provider names */
export function readTraefik(file: string, text: string, around: Surroundings): Tree[] {
  const first = readOne(file, text)
  const trees = [first]
  const provider = entryOf(first, 'providers', 'file')?.tree
  const named = textOf(provider, 'filename')
  const folder = textOf(provider, 'directory')
  const at = (path: string) => (isAbsolute(path) ? path : join(dirname(file), path))
  const files = [
    ...(named === undefined ? [] : around.find(at(named))),
    ...(folder === undefined
      ? []
      : ['yml', 'yaml', 'toml'].flatMap(each => around.find(join(at(folder), '**', `*.${each}`)))),
  ]
  if (files.length > MOST_FILES) throw new ReadFault(first.place, `these are more than ${MOST_FILES} files`)
  for (const each of files) {
    const content = around.read(each)
    if (content !== undefined && each !== file) trees.push(readOne(each, content))
  }
  return trees
}

function readOne(file: string, text: string): Tree {
  return file.endsWith('.toml') ? readToml(file, text) : readYaml(file, text)
}

function readYaml(file: string, text: string): Tree {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: false, prettyErrors: false })
  const placeOf = (offset: number): Place => ({ file, line: Math.max(1, lines.linePos(offset).line) })
  const [problem] = document.errors
  if (problem !== undefined) throw new ReadFault(placeOf(problem.pos[0]), `YAML: ${problem.message}`)
  let values = 0
  const treeOf = (node: Node | null | undefined, place: Place, depth: number): Tree => {
    values += 1
    if (depth > DEEPEST || values > MOST_VALUES) throw new ReadFault(place, 'the document is too large')
    if (isAlias(node)) return treeOf(node.resolve(document), place, depth + 1)
    const own = node?.range === undefined || node.range === null ? place : placeOf(node.range[0])
    if (isMap(node)) {
      const found = node.items.map(({ key, value }) => {
        const keyPlace = isScalar(key) && key.range ? placeOf(key.range[0]) : own
        return [
          String(isScalar(key) ? key.value : ''),
          treeOf(value as Node | null, keyPlace, depth + 1),
          keyPlace,
        ] as const
      })
      return mapping(own, found)
    }
    if (isSeq(node))
      return { kind: 'list', place: own, items: node.items.map(each => treeOf(each as Node, own, depth + 1)) }
    return { kind: 'scalar', place: own, text: isScalar(node) && node.value !== null ? String(node.value) : '' }
  }
  return treeOf(document.contents, { file, line: 1 }, 0)
}

function mapping(place: Place, found: readonly (readonly [string, Tree, Place])[]): Mapping {
  const entries = new Map<string, Entry>()
  for (const [name, tree, keyPlace] of found) entries.set(name.toLowerCase(), entryFrom(name, tree, keyPlace))
  return { kind: 'mapping', place, entries }
}

function entryFrom(name: string, tree: Tree, place: Place): Entry {
  const args = tree.kind === 'scalar' ? [tree.text] : []
  const block = tree.kind === 'scalar' ? undefined : asDirectives(tree)
  const directive: Directive = { name, args, place, used: false, ...(block === undefined ? {} : { block }) }
  return { directive, tree }
}

/** What a TOML table holds while it is being put together: its keys may stand in several places. */
interface Table {
  readonly place: Place
  readonly entries: Map<string, { place: Place; value: Table | Tables | Tree }>
}
type Tables = Table[]

function readToml(file: string, text: string): Tree {
  let ast: ReturnType<typeof parseTOML>
  try {
    ast = parseTOML(text)
  } catch (error) {
    const { lineNumber = 1, message } = error as { lineNumber?: number; message: string }
    throw new ReadFault({ file, line: lineNumber }, `TOML: ${message}`)
  }
  const root: Table = { place: { file, line: 1 }, entries: new Map() }
  for (const each of ast.body[0]!.body) {
    const place = { file, line: each.loc.start.line }
    if (each.type === 'TOMLKeyValue') setIn(root, each, file)
    else {
      const table = tableAt(root, each.resolvedKey, place)
      for (const inner of each.body) setIn(table, inner, file)
    }
  }
  return treeOfTable(root)
}

type KeyValue = Extract<ReturnType<typeof parseTOML>['body'][0]['body'][number], { type: 'TOMLKeyValue' }>

function setIn(table: Table, { key, value, loc }: KeyValue, file: string): void {
  const place = { file, line: loc.start.line }
  const names = key.keys.map(each => (each.type === 'TOMLBare' ? each.name : String(each.value)))
  const inner = tableAt(table, names.slice(0, -1), place)
  inner.entries.set(names.at(-1)!, { place, value: tomlValue(value, file, 0) })
}

/** Numbers are the places in arrays of tables. */
function tableAt(root: Table, path: readonly (string | number)[], place: Place): Table {
  let at: Table = root
  for (const [step, name] of path.entries()) {
    if (typeof name === 'number') continue
    const index = path[step + 1]
    let entry = at.entries.get(name)
    if (entry === undefined) {
      entry = { place, value: typeof index === 'number' ? [] : { place, entries: new Map() } }
      at.entries.set(name, entry)
    }
    if (Array.isArray(entry.value)) {
      const list = entry.value as Tables
      const wanted = typeof index === 'number' ? index : list.length - 1
      list[wanted] ??= { place, entries: new Map() }
      at = list[wanted]!
    } else if ('entries' in entry.value && !('kind' in entry.value)) at = entry.value
    else throw new ReadFault(place, `TOML: ${name} is both a value and a table`)
  }
  return at
}

function tomlValue(value: KeyValue['value'], file: string, depth: number): Table | Tree {
  const place = { file, line: value.loc.start.line }
  if (depth > DEEPEST) throw new ReadFault(place, 'the document is too large')
  if (value.type === 'TOMLArray')
    return { kind: 'list', place, items: value.elements.map(each => treeOfValue(tomlValue(each, file, depth + 1))) }
  if (value.type === 'TOMLInlineTable') {
    const table: Table = { place, entries: new Map() }
    for (const each of value.body) setIn(table, each, file)
    return table
  }
  return { kind: 'scalar', place, text: String(value.value) }
}

function treeOfTable({ place, entries }: Table): Tree {
  return mapping(
    place,
    [...entries].map(([name, entry]) => [name, treeOfValue(entry.value), entry.place] as const),
  )
}

function treeOfValue(value: Table | Tables | Tree): Tree {
  if (Array.isArray(value)) return { kind: 'list', place: value[0]!.place, items: value.map(treeOfTable) }
  return 'kind' in value ? value : treeOfTable(value)
}
