// A plain document is read by another library than one that is out of the ordinary: what comes of it must be the same, to the offset.

import { globSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from 'yaml'
import { quickDocument } from '../../../../src/config/read/quick-document.ts'
import { amount } from '../../../support/thorough.ts'

const EXAMPLES = new URL('../../../../config/examples/', import.meta.url)

interface Reading {
  readonly nodes: readonly unknown[]
  readonly value: unknown
  readonly place: (offset: number) => unknown
}

/** Undefined = it is left to the other one. */
function quick(text: string): Reading | undefined {
  const lines = new LineCounter()
  const document = quickDocument(text, lines)
  return document && { nodes: nodesOf(document.contents), value: document.toJS(), place: at => lines.linePos(at) }
}

/** Undefined = something is wrong with it. */
function slow(text: string): Reading | undefined {
  const lineCounter = new LineCounter()
  const options = { prettyErrors: false, stringKeys: true, merge: true, uniqueKeys: false }
  const document = parseDocument(text, { lineCounter, ...options })
  if (document.errors.length + document.warnings.length > 0) return undefined
  return { nodes: nodesOf(document.contents), value: document.toJS(), place: at => lineCounter.linePos(at) }
}

/** Kind, value and place of all nodes, in the order of the text. */
function nodesOf(node: unknown): unknown[] {
  if (isMap(node)) {
    const items = node.items.flatMap(({ key, value }) => [...nodesOf(key), ...nodesOf(value)])
    return [['map', node.range?.[0]], ...items]
  }
  if (isSeq(node)) return [['seq', node.range?.[0]], ...node.items.flatMap(nodesOf)]
  if (isScalar(node)) return [['scalar', node.value, node.range?.[0], node.range?.[1]]]
  return [String(node)]
}

function expectAlike(text: string): void {
  const read = quick(text)
  if (read === undefined) return
  const whole = slow(text)
  expect(whole, 'what is wrong is read by nobody').toBeDefined()
  expect(read.nodes).toEqual(whole!.nodes)
  expect(JSON.stringify(read.value)).toBe(JSON.stringify(whole!.value))
  for (let at = 0; at < text.length; at += 97) expect(read.place(at)).toEqual(whole!.place(at))
}

const examples = globSync('**/*.yaml', { cwd: EXAMPLES }).map(name => readFileSync(new URL(name, EXAMPLES), 'utf8'))

test('a plain document is read quickly', () => {
  expect(examples.filter(text => quick(text) !== undefined).length).toBeGreaterThan(3)
})

test.each(examples)('an example is read alike', text => {
  expectAlike(text)
})

describe('whatever stands in it', () => {
  const scalar = fc.oneof(
    fc.constantFrom(
      '',
      '~',
      'null',
      'NULL',
      'true',
      'True',
      'FALSE',
      'yes',
      '0o17',
      '0x1F',
      '0b11',
      '1_000',
      '012',
      '+5',
      '-0',
      '.5',
      '5.',
      '1e3',
    ),
    fc.constantFrom(
      '.inf',
      '-.INF',
      '.nan',
      '2026-12-06T02:00',
      '2026-12-06',
      '12:30:45',
      '127.0.0.1:80',
      'a: b',
      '- a',
      '# a',
      ' a',
      'a ',
      '<<',
      '*',
    ),
    fc.constantFrom(
      'é',
      '\u0085',
      'a\nb',
      'a\n\nb\n',
      "it's",
      'say "x"',
      '\\n',
      '$NAME',
      '%a',
      '@a',
      '`a',
      '&a',
      '!a',
      '|',
      '>',
      '{',
      ']',
      'a,b',
    ),
    fc.string({ maxLength: 8 }),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  )
  const value = fc.letrec(tie => ({
    value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('map')),
    map: fc.dictionary(fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('1', 'true', 'null', '~')), tie('value'), {
      maxKeys: 4,
    }),
  }))
  const styles = fc.record({
    collectionStyle: fc.constantFrom('block' as const, 'flow' as const, 'any' as const),
    defaultStringType: fc.constantFrom(
      'PLAIN' as const,
      'QUOTE_DOUBLE' as const,
      'QUOTE_SINGLE' as const,
      'BLOCK_LITERAL' as const,
    ),
    indent: fc.constantFrom(1, 2, 5),
    lineWidth: fc.constantFrom(0, 30),
  })

  test('values that were written as YAML', () => {
    fc.assert(
      fc.property(value.map, styles, (map, style) => expectAlike(stringify(map, style))),
      { numRuns: amount(2000, 200) },
    )
  })

  test('plain texts as they come', () => {
    fc.assert(
      fc.property(fc.array(scalar, { maxLength: 6 }), texts => {
        expectAlike(texts.map((text, i) => `k${i}: ${String(text)}\n`).join(''))
      }),
      { numRuns: amount(2000, 200) },
    )
  })

  test('an example with mistakes', () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom(
        ' ',
        '\n',
        '  ',
        ': ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '"',
        "'",
        '#',
        '|',
        '\t',
        '---\n',
        '...\n',
        '? ',
      ),
    )
    const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(4), piece }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.constantFrom(...examples), edits, (text, all) => {
        const wrong = all.reduce((so, { at, cut, piece: put }) => {
          const from = at % text.length
          return so.slice(0, from) + put + so.slice(from + cut)
        }, text)
        expectAlike(wrong)
      }),
      { numRuns: amount(2000, 100) },
    )
  })
})
