// Writes config/schema.json, the JSON Schema for editors, from the schema that the loader uses. Run by `npm run schema`.

import { writeFileSync } from 'node:fs'
import { configSchema } from './document.ts'

export const SCHEMA_FILE = new URL('../../config/schema.json', import.meta.url)

/** The text of config/schema.json. */
export function schemaText(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...(JSON.parse(JSON.stringify(configSchema, withoutOwnWords)) as object),
    title: 'vigia configuration',
  }
  return `${JSON.stringify(schema, allowReferences, 2)}\n`
}

/** Editors know nothing of vigia's own keyword. */
function withoutOwnWords(key: string, value: unknown): unknown {
  return key === 'whyRequired' ? undefined : value
}

/** An editor sees a reference to the environment before it is expanded: no pattern may refuse it. */
function allowReferences(key: string, value: unknown): unknown {
  return key === 'pattern' && typeof value === 'string' ? `${value}|\\$\\{` : value
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, schemaText())
