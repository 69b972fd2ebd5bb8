// The schema documents every key, and config/schema.json is in step with it.

import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { INCLUDED_SCHEMA_FILE, includedSchemaText, SCHEMA_FILE, schemaText } from '../../../src/config/write-schema.ts'

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

test('config/schema-included.json is, too, and lets a part stand alone without letting everything pass', () => {
  expect(readFileSync(INCLUDED_SCHEMA_FILE, 'utf8')).toBe(includedSchemaText())
  const ajv = new Ajv({ strict: false }).addSchema(JSON.parse(schemaText()) as object, 'schema.json')
  const isFit = ajv.compile(JSON.parse(includedSchemaText()) as object)
  expect(isFit({ pools: { erp: { upstreams: [{ name: 'one', url: 'http://127.0.0.1:8069' }] } } })).toBe(true)
  expect(isFit({ pools: { erp: { upstreams: [{ nome: 'one' }] } } })).toBe(false)
  expect(isFit({ pool: {} })).toBe(false)
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
