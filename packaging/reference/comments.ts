// What the source says of the members of a type or a table, in the comment above each: the words are kept where the thing is.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const SOURCE = join(import.meta.dirname, '../../src')
const MEMBER = /\/\*\* ((?:(?!\*\/)[\s\S])*) \*\/\s+(?:\|\s*)?(?:readonly )?['"]?([\w-]+)['"]?/g

/**
 * By name of the member, on one line.
 * @param file below src/
 * @param name of the interface, the union or the constant, which ends with a line that is not indented
 */
export function commentsOf(file: string, name: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(SOURCE, file), 'utf8')
  const [, body] =
    new RegExp(`^export (?:interface|type|const) ${name}\\b.*\\n((?:(?: .*)?\\n)*)`, 'm').exec(text) ?? []
  if (body === undefined) throw new Error(`there is no ${name} in src/${file}`)
  return new Map([...body.matchAll(MEMBER)].map(([, said, member]) => [member!, oneLine(said!)]))
}

/** @throws a member has no comment */
export function commentOf(comments: ReadonlyMap<string, string>, member: string): string {
  const said = comments.get(member)
  if (said === undefined) throw new Error(`nothing says what ${member} is: it needs a comment above it`)
  return said
}

function oneLine(said: string): string {
  return said.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim()
}
