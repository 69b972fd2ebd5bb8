// What is in force, as lines: the form of a configuration file, with where each value comes from as a comment at its end, so that the whole
// could be used as one. What several entries of a list have alike without saying it is said once, above them.

import { basename, dirname, relative } from 'node:path'
import { formatPath } from '../../config/forms/problem.ts'
import type { From, InForce } from '../../config/in-force/explain.ts'
import { inFlow } from '../../config/in-force/flow.ts'
import { alike } from './alike.ts'
import { wrap } from './wrap.ts'

export interface LineOptions {
  /** Of the configuration: places in it are told by its name alone, others from its folder on. */
  readonly file: string
  /** Of the terminal; undefined = nobody counts them. */
  readonly columns?: number | undefined
  readonly color?: boolean
}

interface Row {
  readonly text: string
  /** Where it comes from. */
  readonly note?: string
  /** It is no default. */
  readonly isSaid?: boolean
}

/** What is longer does not push the comments of all others to the right. */
const WIDEST = 52
const INDENT = '  '
const LONGEST_LIST = 60
const INCLUDE = 'include'

/** @param keys each with all that is below it */
export function inForceLines(keys: readonly InForce[], options: LineOptions): string[] {
  const rows = keys.flatMap(key => (key.path.length === 0 ? rowsBelow(key, '', options) : rowsFrom(key, options)))
  const width = Math.min(WIDEST, Math.max(...rows.flatMap(({ text, note }) => (note === undefined ? 0 : text.length))))
  return rows.flatMap(row => written(row, width, options))
}

function written(
  { text, note, isSaid }: Row,
  width: number,
  { columns = Number.POSITIVE_INFINITY, color }: LineOptions,
): string[] {
  const indent = /^[ -]*(?:# *)?/.exec(text)![0]
  const isComment = indent.includes('#')
  const lines =
    isComment && text.length > columns
      ? wrap(text.slice(indent.length), columns, `${indent.replace('-', ' ')}  `, indent)
      : [text]
  if (note === undefined) return lines
  const last = lines.pop()!
  const padded = `${last.padEnd(width)}  `
  const comment = `# ${note}`
  return [...lines, color && isSaid !== true ? `${padded}\u001b[2m${comment}\u001b[22m` : padded + comment]
}

/** With the keys that lead to it. */
function rowsFrom(key: InForce, options: LineOptions): Row[] {
  const at = formatPath(key.path)
  if (key.below === undefined) return rowsOf(key, '', options, at)
  return [{ text: `${at}:` }, ...rowsBelow(key, INDENT, options)]
}

function rowsOf(key: InForce, indent: string, options: LineOptions, label = labelOf(key)): Row[] {
  const { below, words, value, from } = key
  if (below !== undefined && below.length > 0) {
    const rows = rowsBelow(key, indent + INDENT, options)
    // With nothing but comments below, YAML takes it for a key without a value.
    const isBare = rows.every(({ text }) => text.trimStart().startsWith('#'))
    return [{ text: `${indent}${label}:${isBare ? ' {}' : ''}` }, ...rows]
  }
  const rest = { note: noteOf(key, options), isSaid: from.place !== undefined }
  if (value === undefined && words !== undefined) return [{ text: `${indent}# ${label}: ${words}`, ...rest }]
  // What the files say stands below.
  if (key.path[0] === INCLUDE) return [{ text: `${indent}# ${label}: ${inFlow(value)}`, ...rest }]
  const flow = inFlow(below === undefined ? value : key.isList ? [] : {})
  if (!Array.isArray(value) || flow.length <= LONGEST_LIST) return [{ text: `${indent}${label}: ${flow}`, ...rest }]
  return [
    { text: `${indent}${label}:`, ...rest },
    ...value.map(each => ({ text: `${indent}${INDENT}- ${inFlow(each)}` })),
  ]
}

function rowsBelow(key: InForce, indent: string, options: LineOptions): Row[] {
  const entries = key.below!
  const isMany = entries.length > 1 && entries.every(({ below }) => below !== undefined) && isOfOneKind(entries)
  const told = (each: InForce) => JSON.stringify([each.value, each.words, noteOf(each, options)])
  const { shared, rest } = isMany ? alike(entries, told) : { shared: [], rest: entries }
  const heading = { text: `${indent}# In each of the ${entries.length} below that says nothing else:` }
  const above = shared
    .flatMap(each => rowsOf(each, '', options))
    .map(row => ({ ...row, text: `${indent}#   ${row.text}` }))
  return [
    ...(above.length === 0 ? [] : [heading, ...above]),
    ...rest.flatMap(entry =>
      key.isList ? item(rowsBelow(entry, indent + INDENT, options), indent) : rowsOf(entry, indent, options),
    ),
  ]
}

/** Its first row gets the dash: also where that is a comment, for which YAML has a place there. */
function item(rows: readonly Row[], indent: string): Row[] {
  const [first = { text: `${indent}${INDENT}{}` }, ...others] = rows
  return [{ ...first, text: `${indent}- ${first.text.slice(indent.length + INDENT.length)}` }, ...others]
}

function isOfOneKind([first, ...others]: readonly InForce[]): boolean {
  const kind = (key: InForce) => key.shape
  return others.every(each => kind(each) === kind(first!))
}

function labelOf({ path }: InForce): string {
  const step = path.at(-1)!
  return typeof step === 'number' ? `[${step}]` : inFlow(step)
}

function noteOf({ from, path, value, words }: InForce, { file }: LineOptions): string {
  const { by, key, place, variables, unset = [], reads } = from
  const where = place && `${placeOf(place.file, file)}:${place.line}`
  const of = (variables ?? []).map(name => `\${${name}}${unset.includes(name) ? ' (not set)' : ''}`)
  const here = value === undefined ? undefined : words
  const parts = [by === 'default' ? 'default' : undefined, sourceOf(from, path), where, ...of, here]
  if (key !== undefined && by === 'inherited' && where === undefined) parts.push('default')
  if (reads !== undefined) parts.push(`what is in ${reads}`)
  return parts.filter(each => each !== undefined).join(', ')
}

function sourceOf({ by, key }: From, path: InForce['path']): string | undefined {
  if (key === undefined) return undefined
  if (by === 'inherited') return key
  const beside = formatPath(path.slice(0, -1))
  const near = key.startsWith(`${beside}.`) ? key.slice(beside.length + 1) : key
  return `follows from ${near}`
}

function placeOf(file: string, main: string): string {
  return file === main ? basename(main) : relative(dirname(main), file)
}
