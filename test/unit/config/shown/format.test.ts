// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are about references to the environment
// What vigia fmt makes of a configuration: one form, and the same meaning.

import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse, parseDocument, stringify } from 'yaml'
import { loadBytes } from '../../../../src/config/read/load.ts'
import { formatConfig } from '../../../../src/config/shown/format.ts'
import { fc, test as property } from '../property.ts'
import { documentOf } from '../support.ts'

const FOLDER = resolve(import.meta.dirname, '../../../../config/examples')
const textsOf = (pattern: string) =>
  globSync(pattern, { cwd: FOLDER }).map(file => readFileSync(join(FOLDER, file), 'utf8'))
const EXAMPLES = textsOf('*.yaml')

function formatted(text: string): string {
  const result = formatConfig(new TextEncoder().encode(text), 'test.yaml')
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'))
  return result.text
}

function snapshot(text: string): unknown {
  const loaded = loadBytes(new TextEncoder().encode(text), 'test.yaml', {})
  return loaded.ok ? loaded.snapshot : loaded.problems.map(({ message }) => message)
}

describe('the form', () => {
  test.each([
    [
      'two spaces a level, lists below their key',
      'a:\n    - b: 1\n      c:\n      - d\n',
      'a:\n  - b: 1\n    c:\n      - d\n',
    ],
    ['one space after a dash and a colon', 'a:\n-   b:    1\n    c: 2\n', 'a:\n  - b: 1\n    c: 2\n'],
    ['spaces in braces, none in brackets', 'a: {b: [ 1,2 ] , c: { }}\n', 'a: { b: [1, 2], c: {} }\n'],
    ['double quotes, unless more would have to be escaped', `a: 'it''s'\nb: '"\\d"'\n`, `a: "it's"\nb: '"\\d"'\n`],
    [
      'comments as far in as what they stand before',
      'a:\n      # of b\n      b: 1   # aligned\n# of c\nc: 1\n',
      'a:\n  # of b\n  b: 1   # aligned\n# of c\nc: 1\n',
    ],
    [
      'texts of several lines move as a whole',
      'a:\n      b: |\n          one\n            two  \n\n\n          three\n',
      'a:\n  b: |\n      one\n        two  \n\n\n      three\n',
    ],
    ['one empty line, none at the ends', '\n\na: 1\n\n\n\nb: 2\n\n\n', 'a: 1\n\nb: 2\n'],
    ['lines end alike, and so does the file', 'a: 1 \r\nb: 2', 'a: 1\nb: 2\n'],
    ['anchors, aliases and merges stay', 'a: &x {b: 1}\nc:\n    <<:   *x\n', 'a: &x { b: 1 }\nc:\n  <<: *x\n'],
    ['lines that people broke stay broken', 'a: [b,\n      c]\n', 'a: [b,\n      c]\n'],
  ])('%s', (_, text, expected) => {
    expect(formatted(text)).toBe(expected)
    expect(formatted(expected)).toBe(expected)
  })

  test('the examples are in it', () => {
    for (const text of textsOf('**/*.yaml')) expect(formatted(text)).toBe(text)
  })

  test('so is a file that another one includes, of comments only too', () => {
    expect(formatted('pools:\n    a: {}\n')).toBe('pools:\n  a: {}\n')
    expect(formatted('# nothing yet\n')).toBe('# nothing yet\n')
  })

  test('what is no YAML is refused with its place', () => {
    expect(formatConfig(new TextEncoder().encode('a: 1\na: 2\n'), 'test.yaml')).toMatchObject({
      ok: false,
      problems: [{ line: 2, column: 1, message: 'YAML: the key is there twice: remove one' }],
    })
  })
})

const values = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('x\n  y\n\nz\n', "it's", '# no', '{', 'a: b', ' x ', '${A:-b}', ''),
      fc.integer(),
      fc.boolean(),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('value'), { maxKeys: 3 }),
  ),
})).value
const styles = fc.record({
  indent: fc.integer({ min: 1, max: 6 }),
  indentSeq: fc.boolean(),
  flowCollectionPadding: fc.boolean(),
  singleQuote: fc.constantFrom(true, false, null),
  lineWidth: fc.constantFrom(0, 20, 80),
  collectionStyle: fc.constantFrom('any', 'block', 'flow'),
})

property(
  'whatever a document says, and however it is written, it says the same and is at rest',
  [values, styles],
  (value, style) => {
    const text = stringify({ key: value }, { ...style })
    // yaml 2.9 puts an empty list below its key where it can't read it again.
    fc.pre(parseDocument(text).errors.length === 0)
    const result = formatted(text)
    expect(parse(result)).toEqual(parse(text))
    expect(formatted(result)).toBe(result)
  },
)

property(
  'what is written in a bad hand compiles to the same',
  [
    fc.constantFrom(...EXAMPLES, documentOf()),
    fc.array(fc.nat(), { maxLength: 8 }),
    fc.constantFrom(' ', '  ', '\n', '\r\n', ' # c\n'),
  ],
  (text, places, piece) => {
    const gaps = [...text.matchAll(/ (?! )|\n/g)].map(({ index }) => index)
    const at = places.map(place => gaps[place % gaps.length]!).sort((a, b) => b - a)
    const spoilt = at.reduce((rest, gap) => rest.slice(0, gap) + piece + rest.slice(gap), text)
    const result = formatConfig(new TextEncoder().encode(spoilt), 'test.yaml')
    if (!result.ok) return
    expect(snapshot(result.text)).toEqual(snapshot(spoilt))
    expect(formatted(result.text)).toBe(result.text)
    expect(result.text.match(/# c$/gm)?.length).toBe(spoilt.match(/# c$/gm)?.length)
  },
  60,
)
