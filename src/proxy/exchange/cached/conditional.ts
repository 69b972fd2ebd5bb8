// The request that goes to an upstream in place of a client's: all of the answer is wanted, unless what is stored is still right.

import { fieldOf } from '../../../http/field-names.ts'
import type { Fields } from '../../../http/fields.ts'
import type { ForwardedRequest } from '../../../http/forwarded-request.ts'
import type { Validators } from '../../../policy/cache/conditions.ts'

const OF_CLIENT = new Set(['range', 'if-range', 'if-none-match', 'if-modified-since'])

/** @param stored undefined = there is nothing to compare with */
export function unconditional(forwarded: ForwardedRequest, stored: Validators | undefined): ForwardedRequest {
  const { names, values } = forwarded.fields
  const kept = names
    .map((name, i) => [name, values[i]!] as const)
    .filter(([name]) => !OF_CLIENT.has(name.toLowerCase()))
  if (stored?.etag !== undefined) kept.push(['If-None-Match', stored.etag])
  if (stored?.lastModified !== undefined) kept.push(['If-Modified-Since', stored.lastModified])
  const fields: Fields = {
    names: kept.map(([name]) => name),
    values: kept.map(([, value]) => value),
    kinds: kept.map(([name]) => fieldOf(name)),
  }
  return { ...forwarded, fields, written: undefined }
}
