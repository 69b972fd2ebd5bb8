// The keys that somebody asks about: `pools.erp.health`, `routes[0]`, `routes.web.timeouts`, `pools.*.retry`; and what may be meant where
// there is none such.

import { nearest } from '../../util/nearest.ts'
import { formatPath, type Path } from '../forms/problem.ts'
import type { Explained, InForce } from './explain.ts'
import { branchOf, type Shape } from './settings.ts'

export type Found =
  | { readonly ok: true; readonly keys: readonly InForce[]; readonly idle?: undefined }
  /** It is a key, but nothing of it is in force. */
  | { readonly ok: true; readonly keys: readonly InForce[]; readonly idle: string }
  | { readonly ok: false; readonly message: string }

/** As many are named of those that may be meant. */
const MOST_MEANT = 5

export function findKeys({ root, idle }: Pick<Explained, 'root' | 'idle'>, asked: string): Found {
  const text = asked.trim()
  const { keys, last, rest } = descend(root, text)
  if (keys.length > 0) return { ok: true, keys }
  const wanted = stepsIn(rest)
  const path = [...last.path, ...wanted]
  const why = idle.get(formatPath(path)) ?? [...idle].find(([each]) => formatPath(path).startsWith(`${each}.`))?.[1]
  if (why !== undefined) return { ok: true, keys: [], idle: `${formatPath(path)} is not in force: ${why}` }
  if (last.below === undefined && isKey(last.shape, wanted))
    return {
      ok: true,
      keys: [last],
      idle: `${formatPath(path)} is not in force: nothing is below ${formatPath(last.path)}`,
    }
  return { ok: false, message: unknown(root, last, wanted, text) }
}

/** @returns what fits; where nothing does, how far it leads, and what of it is left */
function descend(from: InForce, text: string): { keys: InForce[]; last: InForce; rest: string } {
  if (text === '') return { keys: [from], last: from, rest: '' }
  const fitting = (from.below ?? []).flatMap(child => {
    const lengths = labelsOf(child).flatMap(label => fits(text, label) ?? [])
    return lengths.length === 0 ? [] : [{ child, length: Math.max(...lengths) }]
  })
  const longest = Math.max(...fitting.map(({ length }) => length))
  const below = fitting.flatMap(({ child, length }) => (length === longest ? [descend(child, text.slice(length))] : []))
  const keys = below.flatMap(each => each.keys)
  const deepest = below.toSorted((a, b) => a.rest.length - b.rest.length)[0] ?? { last: from, rest: text }
  return { keys, last: deepest.last, rest: deepest.rest }
}

/** What it may be called where its parent is known. */
function labelsOf({ path, below }: InForce): string[] {
  const step = path.at(-1)!
  if (typeof step === 'string') return [`.${step}`, `[${JSON.stringify(step)}]`, '.*', '[*]']
  const name = below?.find(each => each.path.at(-1) === 'name')?.value
  return [`[${step}]`, `.${step}`, '[*]', '[]', '.*', ...(typeof name === 'string' ? [`.${name}`, `["${name}"]`] : [])]
}

/** How much of the text it takes. */
function fits(text: string, label: string): number | undefined {
  const whole = /^[.[]/.test(text) ? text : `.${text}`
  const next = whole[label.length]
  if (!whole.startsWith(label) || (next !== undefined && next !== '.' && next !== '[')) return undefined
  return label.length - (whole.length - text.length)
}

function stepsIn(text: string): Path {
  return [...text.matchAll(/\["([^"]*)"\]|\[(\d+)\]|[^.[\]]+/g)].map(([plain, quoted, index]) =>
    index === undefined ? (quoted ?? plain) : Number(index),
  )
}

function isKey(shape: Shape | undefined, [step, ...rest]: Path): boolean {
  if (step === undefined) return true
  const branch = shape && branchOf(shape, typeof step === 'number' ? [] : undefined)
  const properties = branch?.properties
  const next = properties
    ? ownKey(properties, step)
    : (branch?.items ?? Object.values(branch?.patternProperties ?? {})[0])
  return next !== undefined && isKey(next, rest)
}

function ownKey(properties: Readonly<Record<string, Shape>>, step: string | number): Shape | undefined {
  return Object.hasOwn(properties, step) ? properties[step] : undefined
}

function unknown(root: InForce, last: InForce, [step, ...rest]: Path, asked: string): string {
  const names = (last.below ?? []).map(nameOf)
  const meant = nearest(String(step), names)
  // What follows may be right, too.
  const base = last.path.length === 0 ? '' : `${formatPath(last.path)}.`
  const near = (meant === undefined ? [] : [base + meant + after(rest), base + meant])
    .filter(each => descend(root, each).keys.length > 0)
    .slice(0, 1)
  const word = String(rest.at(-1) ?? step)
  const named =
    near.length > 0 ? near : [...all(last), ...all(root)].filter(path => path.at(-1) === word).map(formatPath)
  const listed = [...new Set(named)]
  const more = listed.length > MOST_MEANT ? `, or ${listed.length - MOST_MEANT} more` : ''
  const guess =
    listed.length === 0
      ? `; ${place(last)} there is ${names.join(', ') || 'nothing'}`
      : `; did you mean ${listed.slice(0, MOST_MEANT).join(', ')}${more}?`
  return `there is no key ${JSON.stringify(asked)}${guess}`
}

function after(rest: Path): string {
  const text = formatPath(rest)
  return text === '' || text.startsWith('[') ? text : `.${text}`
}

function place({ path }: InForce): string {
  return path.length === 0 ? 'at the top' : `below ${formatPath(path)}`
}

function nameOf(key: InForce): string {
  const step = key.path.at(-1)!
  const name = key.below?.find(each => each.path.at(-1) === 'name')?.value
  return typeof step === 'string' ? step : typeof name === 'string' ? name : `[${step}]`
}

function* all(key: InForce): Iterable<Path> {
  yield key.path
  for (const each of key.below ?? []) yield* all(each)
}
