// The schema documents every key, and config/schema.json is in step with it.

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { SCHEMA_FILE, schemaText } from '../../../src/config/write-schema.ts'

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

test('it is a JSON Schema: a start does not look', () => {
  expect(new Ajv().validateSchema(JSON.parse(schemaText()))).toBe(true)
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
