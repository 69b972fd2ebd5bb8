// A configuration as it may be shown: the document as it was written, without comments and without secrets. References to the
// environment stay references, and files stay paths, so neither can tell what it stands for.

import { Document, isMap, isSeq, type Node } from 'yaml'
import type { Path } from '../forms/problem.ts'
import { parseKept } from '../read/include/read-source.ts'
import { fileAt, plainValues, type Source } from '../read/source.ts'
import { isSecretKey, MASK, withoutSecrets } from './secrets.ts'

/** A shorter secret stands in other texts by chance. */
const SHORTEST = 5
const REFERENCE = /\$\{[A-Za-z_][A-Za-z0-9_]*\}/g
const FALLBACK = /\$\{[^}:]*:-([^}]*)\}/g
/** What may stand beside a reference in a secret's place: the scheme of an Authorization field. */
const SCHEME = /^(?:basic|bearer|digest|session|token)?\s*$/i

/**
 * YAML of the same structure; where it is of several files, with a comment where another one begins to speak.
 * @param text of a document that the loader has accepted @returns '' where it is no YAML at all
 */
export function maskConfiguration(text: string): string {
  const parsed = parseKept(text)
  const plain = parsed.ok ? plainValues(parsed.source) : undefined
  if (!parsed.ok || plain === undefined) return ''
  const shown = new Document(maskOf(plain.value)(plain.value, []), { aliasDuplicateObjects: false })
  if (parsed.source.joined !== undefined) sayOrigins(shown, parsed.source)
  return shown.toString({ lineWidth: 0 })
}

/** @param keys see `isSecretKey` */
export type Mask = (value: unknown, keys: readonly string[]) => unknown

/** How values of a document may be shown: the secrets that it has anywhere are in none of them. */
export function maskOf(document: unknown): Mask {
  const secrets = new Set<string>()
  collect(document, [], secrets)
  // The longest first: one secret may be the beginning of another.
  const found = [...secrets].filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length)
  return (value, keys) => masked(value, keys, found)
}

/** What is shown is one text: it includes nothing, and says with each change of the file which one it is from. */
function sayOrigins(shown: Document, source: Source): void {
  const { contents } = shown
  if (!isMap<Node, Node>(contents)) return
  const patterns: unknown = contents.toJSON().include
  shown.delete('include')
  let file: string | undefined
  const say = (node: Node, path: Path) => {
    const from = fileAt(source, path)
    if (from !== file) node.commentBefore = ` from ${JSON.stringify(from).slice(1, -1)}`
    file = from
  }
  for (const { key, value } of contents.items) {
    const path = [String(key)]
    say(key, path)
    if (isMap<Node, Node>(value)) for (const { key: inner } of value.items) say(inner, [...path, String(inner)])
    else if (isSeq<Node>(value)) for (const [i, item] of value.items.entries()) say(item, [...path, i])
  }
  shown.commentBefore = ` include: ${JSON.stringify(patterns)}\n What these files say stands below.`
}

function collect(value: unknown, keys: readonly string[], secrets: Set<string>): void {
  if (isTree(value)) {
    for (const [key, below] of entriesOf(value, keys)) collect(below, key, secrets)
    return
  }
  if (!isSecretKey(keys) || maskedSecret(value) !== MASK) return
  const text = String(value)
  secrets.add(text)
  for (const [, fallback] of text.matchAll(FALLBACK)) secrets.add(fallback!)
  // `Bearer abc`: what follows is the secret.
  secrets.add(text.replace(/^\S+\s+/, ''))
}

function masked(value: unknown, keys: readonly string[], secrets: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map(each => masked(each, keys, secrets))
  if (isTree(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, below]) => [without(key, secrets), masked(below, [...keys, key], secrets)]),
    )
  }
  if (isSecretKey(keys)) return maskedSecret(value)
  if (typeof value === 'number') return secrets.includes(String(value)) ? MASK : value
  return typeof value === 'string' ? withoutSecrets(without(value, secrets)) : value
}

function maskedSecret(value: unknown): unknown {
  // `idempotencyKey: true`: a switch, whatever its name.
  if (value === null || typeof value === 'boolean') return value
  const text = String(value)
  const rest = text.replace(REFERENCE, '')
  return rest !== text && SCHEME.test(rest) ? text : MASK
}

function without(text: string, secrets: readonly string[]): string {
  return secrets.reduce((bare, secret) => bare.replaceAll(secret, MASK), text)
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function entriesOf(tree: object, keys: readonly string[]): [readonly string[], unknown][] {
  if (Array.isArray(tree)) return tree.map(each => [keys, each])
  return Object.entries(tree).map(([key, below]) => [[...keys, key], below])
}
