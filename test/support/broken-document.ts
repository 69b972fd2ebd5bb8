// Configurations with something wrong: the shipped examples, in which random places hold something else.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parse } from 'yaml'

const FOLDER = join(import.meta.dirname, '../../config/examples')

export const EXAMPLES = globSync('*.yaml', { cwd: FOLDER }).map(
  file => parse(readFileSync(join(FOLDER, file), 'utf8')) as object,
)

/** An example with up to three changes; most of them break it. */
export function brokenDocuments(): fc.Arbitrary<unknown> {
  const wrong = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('5s', 'auto', -1, 0, '', '1MiB', [], {}))
  return fc
    .constantFrom(...EXAMPLES)
    .chain(document =>
      fc
        .array(fc.tuple(fc.constantFrom(...places(document)), wrong), { minLength: 1, maxLength: 3 })
        .map(changes => changes.reduce<unknown>((whole, [path, by]) => replaced(whole, path, by), document)),
    )
}

/** Paths of all values of a document. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, each]) => places(each, [...path, key]))]
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return by
  const copy: Record<string, unknown> = Array.isArray(value) ? ([...value] as never) : { ...(value as object) }
  copy[key] = replaced(copy[key], rest, by)
  return copy
}
