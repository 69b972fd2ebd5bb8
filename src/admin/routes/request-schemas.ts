// Holds requests against the schemas of their routes. A schema is compiled when the first request for its route comes: a start waits for
// none of them, and of most there is never a request.

import { Ajv } from 'ajv'
import type { FastifySchemaCompiler } from 'fastify'
import type { Schema } from './schema-blocks.ts'

/** A key that nobody knows, or a value of another type, is an error, not something to drop or convert in silence. */
const OPTIONS = { useDefaults: true, validateSchema: false, code: { optimize: false } }

/** To be called once for each listener; a schema that can't be compiled is an internal error of each request for its route. */
export function requestSchemas(): FastifySchemaCompiler<Schema> {
  const ajv = new Ajv(OPTIONS)
  return ({ schema }) => {
    let check: ReturnType<Ajv['compile']> | undefined
    return value => {
      check ??= ajv.compile(schema)
      return check(value) ? true : { error: check.errors ?? [] }
    }
  }
}
