// The configuration as text: bytes -> YAML document, and from a path in it back to line and column.
// It knows YAML, not the schema. Its messages never quote the file's values: those may be secrets.

import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { type Finding, formatPath, type Path, type Problem, quote } from '../forms/problem.ts'
import { type Links, linksOf, unfoldedSize } from './links.ts'
import { quickDocument } from './quick-document.ts'

export const LARGEST_BYTES = 1024 * 1024
/** More than that says nothing that the first ones don't. */
const MOST_SYNTAX_PROBLEMS = 20
/** Values, with what aliases stand for written out at each: a few kilobytes of aliases of aliases could make billions of them. */
export const MOST_VALUES = 500_000

/** Errors that leave the structure of the rest as it is. */
const ALONE: ReadonlySet<string> = new Set([
  'DUPLICATE_KEY',
  'TAG_RESOLVE_FAILED',
  'BAD_DIRECTIVE',
  'BAD_DQ_ESCAPE',
  'NON_STRING_KEY',
])
// biome-ignore lint/suspicious/noTemplateCurlyInString: the text is about such placeholders
const REFERENCE_HINT = '; within { } or [ ] a ${NAME} has to be in quotes'

/** The text of one file. */
export interface SourceFile {
  /** As people are told of it. */
  readonly file: string
  readonly lines: LineCounter
  readonly text: string
}

export interface Source extends SourceFile {
  readonly document: Document.Parsed
  readonly links: Links
  /** What stands under each key of the maps that were looked into. */
  readonly keys: WeakMap<YAMLMap, ReadonlyMap<string, Pair>>
  /** Where others were joined to it: all files in their order, and which of them a value stands in. What is in it stands there, too. */
  readonly joined?: { readonly files: readonly SourceFile[]; readonly origins: ReadonlyMap<unknown, SourceFile> }
}

export type Parsed =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Never throws, whatever the bytes are. @param isIncluded nothing but comments will do */
export function parseSource(bytes: Uint8Array, file: string, isIncluded = false): Parsed {
  const whole = (message: string): Parsed => ({ ok: false, problems: [problemAt(file, 1, 1, message)] })
  if (bytes.byteLength > LARGEST_BYTES) return whole('the file is larger than 1 MiB: this is hardly a configuration')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return whole('the file is not UTF-8 text: save it as UTF-8')
  }
  const lines = new LineCounter()
  const place = (offset: number, message: string): Problem => {
    const { line, col } = position(lines, offset)
    return problemAt(file, line, col, message)
  }
  try {
    // The library's own search for repeated keys holds each key of a mapping against all before it.
    const options = { prettyErrors: false, stringKeys: true, merge: true, uniqueKeys: false }
    const document = quickDocument(text, lines) ?? parseDocument(text, { lineCounter: lines, ...options })
    const links = linksOf(document)
    const repeated = links.repeatedKeys.map(({ range }) => ({ pos: [range?.[0] ?? 0], code: 'DUPLICATE_KEY' }) as const)
    const problems = withoutAftermath([...document.errors, ...document.warnings, ...repeated]).map(({ pos, code }) => {
      const hint = !ALONE.has(code) && lineAt(text, pos[0]).includes('${') ? REFERENCE_HINT : ''
      return place(pos[0], wordsFor(code) + hint)
    })
    if (problems.length === 0) {
      for (const { range } of links.dangling)
        problems.push(place(range?.[0] ?? 0, 'YAML: the alias has no anchor before it: define it as &NAME first'))
    }
    if (problems.length > 0) return { ok: false, problems: problems.slice(0, MOST_SYNTAX_PROBLEMS) }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
      if (!isIncluded) return whole('the file is empty: it needs at least listeners, routes and pools')
      // Without a byte it is more likely half written.
      if (text.trim() === '') return whole('the file is empty: remove it, or write a comment into it')
    }
    return { ok: true, source: { file, document, lines, text, links, keys: new WeakMap() } }
  } catch {
    return whole('YAML: the file cannot be read: is it nested too deeply?')
  }
}

/** Of errors in the structure only the first: the parser loses its way after it. */
function withoutAftermath<E extends { readonly code: string }>(errors: readonly E[]): E[] {
  const first = errors.find(({ code }) => !ALONE.has(code))
  return errors.filter(found => found === first || ALONE.has(found.code))
}

function lineAt(text: string, offset: number): string {
  const end = text.indexOf('\n', offset)
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? text.length : end)
}

/** Plain values, or undefined where the aliases unfold to too much. */
export function plainValues(source: Source): { readonly value: unknown } | undefined {
  const { document, links } = source
  if (unfoldedSize(document.contents, links) > MOST_VALUES) return undefined
  try {
    return { value: document.toJS({ maxAliasCount: -1 }) as unknown }
  } catch {
    return undefined
  }
}

/** The finding with its line and column. A path that is not in the file is placed at its nearest ancestor that is. */
export function locate(source: Source, finding: Finding): Problem {
  const { node, key, file } = find(source, finding.path)
  const { line, column } = placeIn(file, (finding.at === 'key' ? key : undefined) ?? node)
  const { severity, message, other } = finding
  return { severity, file: file.file, line, column, path: formatPath(finding.path), message: message + elsewhere() }

  /** Within one file people find it by what the message says. */
  function elsewhere(): string {
    const found = other && find(source, other)
    return found === undefined || found.file === file ? '' : ` (${placeWords(found.file, found.node)})`
  }
}

/** `conf.d/odoo.yaml:3:5` */
export function placeWords(file: SourceFile, node: Node | undefined): string {
  const { line, column } = placeIn(file, node)
  return `${file.file}:${line}:${column}`
}

/** Where a node of the file begins, from 1. */
export function placeIn({ lines }: SourceFile, node: Node | undefined): { line: number; column: number } {
  const { line, col } = position(lines, node?.range?.[0] ?? 0)
  return { line, column: col }
}

/** The node at `path`, aliases resolved; undefined where the file has none. */
export function nodeAt(source: Source, path: Path): Node | undefined {
  const { node, depth } = find(source, path)
  return depth === path.length ? node : undefined
}

/** The file that says what stands at `path`, as people are told of it. */
export function fileAt(source: Source, path: Path): string {
  return find(source, path).file.file
}

/** The scalar at `path` as the file writes it (so `${PASSWORD}` stays that), for messages. */
export function writtenAt(source: Source, path: Path): string | undefined {
  const { node, depth, file } = find(source, path)
  if (depth < path.length || !isScalar(node) || !node.range) return undefined
  const written = file.text.slice(node.range[0], node.range[1]).trim()
  if (/[\x00-\x1f\x7f]/.test(written)) return quote(written.replace(/\s+/g, ' '))
  return written.startsWith('"') || written.startsWith("'") ? written : quote(written)
}

interface Place {
  readonly node: Node | undefined
  /** Of the pair that it is the value of. */
  readonly key: Node | undefined
  /** How many steps of the path are there. */
  readonly depth: number
  readonly file: SourceFile
}

function find(source: Source, path: Path): Place {
  let node: Node | undefined = source.document.contents ?? undefined
  let key: Node | undefined
  let file: SourceFile = source
  let depth = 0
  for (const step of path) {
    const pair = isMap(node) ? pairsOf(source, node).get(String(step)) : undefined
    const below: unknown = isSeq(node) ? node.items[Number(step)] : pair?.value
    const resolved = source.links.targets.get(below) ?? below
    if (!isNode(resolved)) break
    key = isNode(pair?.key) ? pair.key : undefined
    node = resolved
    file = source.joined?.origins.get(below) ?? file
    depth += 1
  }
  return { node, key: depth === path.length ? key : undefined, depth, file }
}

function pairsOf(source: Source, map: YAMLMap): ReadonlyMap<string, Pair> {
  const { document, keys, links } = source
  const known = keys.get(map)
  if (known !== undefined) return known
  const pairs = new Map<string, Pair>()
  for (const pair of map.items) if (isScalar(pair.key)) pairs.set(String(pair.key.value), pair)
  // What is merged in stands where it was taken from. Not at the top: what a file includes is its own.
  const merge = map === document.contents ? undefined : pairs.get('<<')?.value
  const merged = links.targets.get(merge) ?? merge
  for (const each of isSeq(merged) ? merged.items : [merged]) {
    const from = links.targets.get(each) ?? each
    if (isMap(from)) for (const [name, pair] of pairsOf(source, from)) if (!pairs.has(name)) pairs.set(name, pair)
  }
  keys.set(map, pairs)
  return pairs
}

function position(lines: LineCounter, offset: number): { line: number; col: number } {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), col: Math.max(1, col) }
}

function problemAt(file: string, line: number, column: number, message: string): Problem {
  return { severity: 'error', file, line, column, path: '', message }
}

/** Own words for the library's codes: its own messages may quote the text. */
function wordsFor(code: string): string {
  switch (code) {
    case 'DUPLICATE_KEY':
      return 'YAML: the key is there twice: remove one'
    case 'TAB_AS_INDENT':
      return 'YAML: indented with a tab: use spaces'
    case 'MULTIPLE_DOCS':
      return 'YAML: a second document begins here: keep one a file'
    case 'TAG_RESOLVE_FAILED':
      return 'YAML: tags (!name) are not supported: put the value in quotes'
    case 'BAD_DIRECTIVE':
      return 'YAML: this directive is not supported: remove it'
    case 'BAD_SCALAR_START':
      return 'YAML: a value cannot begin with this character: put it in quotes'
    case 'BAD_DQ_ESCAPE':
      return 'YAML: unknown escape sequence: double the backslash, or use single quotes'
    case 'BAD_INDENT':
      return 'YAML: indented wrongly, or a bracket is not closed'
    case 'MISSING_CHAR':
      return 'YAML: a quote, bracket, colon or comma is missing here'
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'YAML: a second ": " on one line: put the value in quotes, or the mapping on lines of its own'
    case 'NON_STRING_KEY':
      return 'YAML: a key must be a plain text'
    case 'RESOURCE_EXHAUSTION':
      return 'YAML: nested too deeply'
    default:
      return 'YAML: not understood here: check indentation, quotes and colons'
  }
}
