import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../../packaging/bundle/bundle.ts'
import { readyCode } from '../../../packaging/bundle/ready-check.ts'
import { checkForm } from '../../../src/config/read/check-form.ts'
import { brokenDocuments, EXAMPLES } from '../../support/broken-document.ts'

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

describe('the check that a package holds ready made', () => {
  test('finds nothing wrong where the other one does not', () => {
    for (const document of EXAMPLES) expect(ready(structuredClone(document)), JSON.stringify(ready.errors)).toBe(true)
  })

  test('says of what is wrong the same as the one that is made at a start', () => {
    let refused = 0
    fc.assert(
      fc.property(brokenDocuments(), document => {
        const made = checkForm(structuredClone(document))
        expect(ready(structuredClone(document))).toBe(made)
        expect(ready.errors).toEqual(checkForm.errors)
        if (!made) refused += 1
      }),
    )
    expect(refused).toBeGreaterThan(10)
  })
})
