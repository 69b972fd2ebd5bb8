// What the routes build their JSON Schemas from. Those of answers only describe: answers are never changed by them and may get more keys at
// any time, so they are open. Those of requests are checked, so they are closed: a key that is not known is an error.

export type Schema = Readonly<Record<string, unknown>>

export const text = (description?: string): Schema => described({ type: 'string' }, description)
export const whole = (description?: string): Schema => described({ type: 'integer' }, description)
export const number = (description?: string): Schema => described({ type: 'number' }, description)
export const flag = (description?: string): Schema => described({ type: 'boolean' }, description)
export const time = (description?: string): Schema => ({ ...text(description), format: 'date-time' })
export const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values })
export const list = (items: Schema): Schema => ({ type: 'array', items })
export const orNull = (schema: Schema): Schema =>
  typeof schema.type === 'string' && !('enum' in schema)
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] }

/** A component of the document, which a route has added with `addSchema`. */
export const ref = (id: string): Schema => ({ $ref: `${id}#` })

/** In an answer. All keys are there, unless `optional` names them. */
export const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter(key => !optional.includes(key)),
})

/** In a request. @param required undefined = no key has to be there */
export const closed = (properties: Record<string, Schema>, required?: readonly string[]): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required === undefined ? {} : { required }),
})

/** One printable line: it goes into logs and onto terminals, where bidirectional controls would make it read as something else. */
export const line = (most: number): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength: most,
  pattern: '^(?=.*\\S)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]+$',
})

/** What every order says of itself. */
export const REASON = line(500)
export const BY = line(100)
/** For a body with a reason: 500 characters may take six bytes each, or twelve as a pair of escapes. */
export const ORDER_BYTES = 8192

export const PROBLEM: Schema = {
  $id: 'Problem',
  description: 'What went wrong, as RFC 9457 has it.',
  ...object({
    type: text(),
    title: text(),
    status: whole(),
    detail: text('One line: what is wrong, and what to do.'),
  }),
}
export const PROBLEM_REPLY = {
  description: 'What went wrong.',
  content: { 'application/problem+json': { schema: ref('Problem') } },
}
export const plainReply = (description: string) => ({ description, content: { 'text/plain': { schema: text() } } })

function described(schema: Schema, description: string | undefined): Schema {
  return description === undefined ? schema : { ...schema, description }
}
