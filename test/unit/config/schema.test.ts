// The schema documents every key, config/schema.json is in step with it, and did-you-mean finds what was meant.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SCHEMA_FILE, schemaText } from '../../../src/config/write-schema.ts'
import { distance, nearest } from '../../../src/util/nearest.ts'

interface SchemaNode {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
}

function* keysOf(node: SchemaNode, path: string): Iterable<{ path: string; key: SchemaNode }> {
  for (const [name, key] of Object.entries(node.properties ?? {})) {
    yield { path: `${path}.${name}`, key }
    yield* keysOf(key, `${path}.${name}`)
  }
  for (const inner of [
    ...Object.values(node.patternProperties ?? {}),
    ...(node.items ? [node.items] : []),
    ...(node.anyOf ?? []),
  ]) {
    yield* keysOf(inner, path)
  }
}

const keys = [...keysOf(JSON.parse(schemaText()) as SchemaNode, '')]

test('config/schema.json is what `npm run schema` writes', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(schemaText())
})

test('every key says what it does', () => {
  expect(keys.length).toBeGreaterThan(60)
  expect(keys.filter(({ key }) => !key.description || key.description.length < 12).map(({ path }) => path)).toEqual([])
})

test('every default is also told in words', () => {
  expect(
    keys
      .filter(({ key }) => key.default !== undefined && !key.description?.includes(`Default: ${key.default}.`))
      .map(({ path }) => path),
  ).toEqual([])
})

describe('did you mean', () => {
  test.each([
    ['listners', 'listeners'],
    ['Pools', 'pools'],
    ['poosl', 'pools'],
    ['healthcheck', 'health'],
    ['rout', 'routes'],
    ['warning', undefined],
    ['x', undefined],
    ['', undefined],
  ])('%j: %j', (word, meant) => {
    expect(nearest(word, ['listeners', 'routes', 'pools', 'health', 'log'])).toBe(meant)
  })

  test.each([
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'abd', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j in %d edits', (a, b, edits) => {
    expect(distance(a, b)).toBe(edits)
    expect(distance(b, a)).toBe(edits)
  })
})
