// However a configuration is cut into files, it says the same; what is kept of several files is those files; patterns mean what they say.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import { parse, stringify } from 'yaml'
import { formatProblem } from '../../../../../src/config/forms/problem.ts'
import { joinFiles, splitFiles } from '../../../../../src/config/read/include/kept-files.ts'
import { matchesWildcard } from '../../../../../src/config/read/include/wildcard.ts'
import { loadBytes, loadConfig } from '../../../../../src/config/read/load.ts'
import { fc, test } from '../../property.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../../../../config/examples')
const WHOLES = ['complete', 'odoo', 'sap', 'protheus'].map(name => readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8'))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-cut-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Tree = Record<string, unknown>

/** Parts of each list and mapping, in their order; what is neither, to one of them. @param at where the next cut is */
function cut(whole: Tree, count: number, at: () => number): Tree[] {
  const parts: Tree[] = Array.from({ length: count }, () => ({}))
  for (const [key, value] of Object.entries(whole)) {
    if (typeof value !== 'object' || value === null) {
      parts[at() % count]![key] = value
      continue
    }
    const entries = Object.entries(value)
    let from = 0
    for (const [i, part] of parts.entries()) {
      const to = i === count - 1 ? entries.length : from + (at() % (entries.length - from + 1))
      const piece = entries.slice(from, to)
      from = to
      // An empty one would be no list in the eyes of the schema, nor would it say anything.
      if (piece.length === 0 && entries.length > 0) continue
      part[key] = Array.isArray(value) ? piece.map(([, entry]) => entry) : Object.fromEntries(piece)
    }
  }
  return parts
}

test(
  'a configuration in pieces is compiled like the whole',
  [
    fc.constantFrom(...WHOLES),
    fc.integer({ min: 2, max: 5 }),
    fc.array(fc.nat(20), { minLength: 200, maxLength: 200 }),
  ],
  (text, count, cuts) => {
    let next = 0
    const [own, ...others] = cut(parse(text) as Tree, count, () => cuts[next++ % cuts.length]!)
    rmSync(join(folder, 'conf.d'), { recursive: true, force: true })
    mkdirSync(join(folder, 'conf.d'))
    for (const [i, part] of others.entries()) {
      // Style is no difference.
      const isFlow = i % 2 === 1
      const document = isFlow ? JSON.stringify(part) : stringify(part)
      writeFileSync(join(folder, `conf.d/${i}.yaml`), Object.keys(part).length === 0 ? '# nothing\n' : document)
    }
    const file = join(folder, 'vigia.yaml')
    writeFileSync(file, stringify({ include: ['conf.d/*.yaml'], ...own }))
    const whole = loadBytes(new TextEncoder().encode(text), file, {})
    const pieces = loadConfig(file, {})
    if (!whole.ok || !pieces.ok) throw new Error((pieces.ok ? [] : pieces.problems).map(formatProblem).join('\n'))
    expect(pieces.snapshot).toEqual(whole.snapshot)
    const kept = loadBytes(new TextEncoder().encode(pieces.text), file, {})
    expect(kept).toMatchObject({ ok: true, snapshot: pieces.snapshot, advice: pieces.advice, text: pieces.text })
  },
  40,
)

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '---', '--- # vigia: file', '# vigia\r\n', '\u2028'),
)

test(
  'what is kept of several files is those files',
  [fc.array(fc.record({ name: texts, text: texts }), { minLength: 1, maxLength: 4 })],
  files => {
    const kept = splitFiles(Buffer.from(joinFiles(files)))
    const inUtf8 = (text: string) => Buffer.from(text).toString()
    expect(kept).toEqual(
      files.map(({ name, text }) => ({
        name,
        text: inUtf8(text.endsWith('\n') ? text : `${text}\n`),
      })),
    )
    expect(joinFiles(kept!)).toBe(inUtf8(joinFiles(files)))
  },
)

test(
  'a pattern means what a regular expression of the same words does',
  [
    fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.') }),
    fc.string({ unit: fc.constantFrom('a', 'b', '.', '*') }),
  ],
  (pattern, name) => {
    const words = pattern.replace(/[.]/g, '\\.').replace(/\*+/g, '.*').replaceAll('?', '.')
    const isHidden = name.startsWith('.') && !pattern.startsWith('.')
    expect(matchesWildcard(pattern, name)).toBe(!isHidden && new RegExp(`^(?:${words})$`).test(name))
  },
  1000,
)
