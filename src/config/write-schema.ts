// Writes config/schema.json, the JSON Schema for editors, from the schema that the loader uses, and config/schema-included.json, the same for
// a file that another one includes. Run by `npm run schema`.

import { writeFileSync } from 'node:fs'
import { configSchema } from './document.ts'

export const SCHEMA_FILE = new URL('../../config/schema.json', import.meta.url)
export const INCLUDED_SCHEMA_FILE = new URL('../../config/schema-included.json', import.meta.url)
const DRAFT = 'http://json-schema.org/draft-07/schema#'

/** The text of config/schema.json. */
export function schemaText(): string {
  const schema = {
    $schema: DRAFT,
    ...(JSON.parse(JSON.stringify(configSchema, withoutOwnWords)) as object),
    title: 'vigia configuration',
  }
  return `${JSON.stringify(schema, allowReferences, 2)}\n`
}

/** The text of config/schema-included.json: any key may be there, none has to be. */
export function includedSchemaText(): string {
  const keys = Object.keys(configSchema.properties)
  const schema = {
    $schema: DRAFT,
    type: 'object',
    description: 'A file that a configuration of vigia includes.',
    additionalProperties: false,
    properties: Object.fromEntries(keys.map(key => [key, { $ref: `schema.json#/properties/${key}` }])),
    title: 'included file of a vigia configuration',
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** Editors know nothing of vigia's own keyword. */
function withoutOwnWords(key: string, value: unknown): unknown {
  return key === 'whyRequired' ? undefined : value
}

/** An editor sees a reference to the environment before it is expanded: no pattern may refuse it. */
function allowReferences(key: string, value: unknown): unknown {
  return key === 'pattern' && typeof value === 'string' ? `${value}|\\$\\{` : value
}

if (import.meta.main) {
  writeFileSync(SCHEMA_FILE, schemaText())
  writeFileSync(INCLUDED_SCHEMA_FILE, includedSchemaText())
}
