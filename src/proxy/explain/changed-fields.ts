// Which fields of a request do not go up as they came.

import type { ForwardedRequest } from '../../http/forwarded-request.ts'
import type { RequestHead } from '../../http/heads.ts'
import type { ExplainedFields } from '../../shared/explain/route-explanation.ts'

/** Whoever writes the request to the upstream puts these in, or leaves them as they are. */
const OF_THE_WRITER = ['host', 'content-length', 'transfer-encoding', 'x-request-id']

export function changedFields({ meaning: { fields } }: RequestHead, forwarded: ForwardedRequest): ExplainedFields {
  const before = valuesOf(fields)
  const after = valuesOf(forwarded.fields)
  return {
    removed: [...before.keys()].filter(name => !after.has(name) && !OF_THE_WRITER.includes(name)),
    set: [...after].filter(([name, value]) => before.get(name) !== value).map(([name]) => name),
  }
}

function valuesOf({ names, values }: ForwardedRequest['fields']): Map<string, string> {
  const found = new Map<string, string>()
  for (const [i, name] of names.entries()) {
    const key = name.toLowerCase()
    const known = found.get(key)
    found.set(key, known === undefined ? values[i]! : `${known}, ${values[i]}`)
  }
  return found
}
