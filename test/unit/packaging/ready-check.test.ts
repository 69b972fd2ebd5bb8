import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../../../packaging/bundle/bundle.ts'
import { readyCode } from '../../../packaging/bundle/ready-check.ts'
import { checkForm } from '../../../src/config/read/check-form.ts'

/** Where it finds ajv's helpers. */
const CACHE = join(ROOT, 'node_modules/.cache')
let folder: string
let ready: typeof checkForm
beforeAll(async () => {
  mkdirSync(CACHE, { recursive: true })
  folder = mkdtempSync(join(CACHE, 'ready-'))
  const file = join(folder, 'ready.mjs')
  writeFileSync(file, readyCode())
  ready = (await import(pathToFileURL(file).href)).checkForm
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const EXAMPLES = globSync('config/examples/*.yaml', { cwd: ROOT }).map(
  file => parse(readFileSync(join(ROOT, file), 'utf8')) as object,
)

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

describe('the check that a package holds ready made', () => {
  test('finds nothing wrong where the other one does not', () => {
    for (const document of EXAMPLES) expect(ready(structuredClone(document)), JSON.stringify(ready.errors)).toBe(true)
  })

  test('says of what is wrong the same as the one that is made at a start', () => {
    const wrong = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom('5s', 'auto', -1, 0, '', '1MiB', [], {}))
    const documents = fc
      .constantFrom(...EXAMPLES)
      .chain(document =>
        fc
          .array(fc.tuple(fc.constantFrom(...places(document)), wrong), { minLength: 1, maxLength: 3 })
          .map(changes => changes.reduce<unknown>((whole, [path, by]) => replaced(whole, path, by), document)),
      )
    let refused = 0
    fc.assert(
      fc.property(documents, document => {
        const made = checkForm(structuredClone(document))
        expect(ready(structuredClone(document))).toBe(made)
        expect(ready.errors).toEqual(checkForm.errors)
        if (!made) refused += 1
      }),
    )
    expect(refused).toBeGreaterThan(10)
  })
})
