// Header fields as parallel arrays, and how they are looked up. How they are read from bytes and written to them is the codec's business.

import type { Field } from './field-names.ts'

/** Fields in the order of arrival; the three arrays are parallel. Values have no surrounding white space. */
export interface Fields {
  readonly names: readonly string[]
  readonly values: readonly string[]
  readonly kinds: readonly Field[]
}

export const NO_FIELDS: Fields = { names: [], values: [], kinds: [] }

/** Value of the first field called `name` (lower case), or undefined. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  for (let i = 0; i < fields.names.length; i += 1) {
    const candidate = fields.names[i]!
    if (candidate.length === name.length && candidate.toLowerCase() === name) return fields.values[i]
  }
  return undefined
}

/** All values of fields called `name` (lower case) as one list (RFC 9110 5.3), or undefined. */
export function fieldValues(fields: Fields, name: string): string | undefined {
  let list: string | undefined
  for (let i = 0; i < fields.names.length; i += 1) {
    const candidate = fields.names[i]!
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue
    list = list === undefined ? fields.values[i]! : `${list}, ${fields.values[i]!}`
  }
  return list
}

/** Value of the first field of `kind`, or undefined. */
export function firstValue(fields: Fields, kind: Field): string | undefined {
  const at = fields.kinds.indexOf(kind)
  return at < 0 ? undefined : fields.values[at]
}

/** All values of `kind` joined as one list (RFC 9110 5.3), or undefined. */
export function listOf(fields: Fields, kind: Field): string | undefined {
  let list: string | undefined
  for (let i = 0; i < fields.kinds.length; i += 1) {
    if (fields.kinds[i] === kind) list = list === undefined ? fields.values[i]! : `${list}, ${fields.values[i]!}`
  }
  return list
}
