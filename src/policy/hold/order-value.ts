// By which value a request has its place in the order of its route: those with the same value are carried out one after the other.

import type { HoldOrder } from '../../plan/hold.ts'

/** What people see of it. */
const LONGEST = 200

export interface OrderedRequest {
  /** The key under which its client is counted. */
  readonly client: string
  /** Value of the field with a name in lower case, several joined; undefined = there is none. */
  field(name: string): string | undefined
  /** The body as text; undefined = it is none, or can't be read. */
  text(): string | undefined
}

/** '' = all of the route, and what has no such value: it goes with all others that have none. */
export function orderValue(order: HoldOrder, request: OrderedRequest): string {
  switch (order.by) {
    case 'route':
      return ''
    case 'client':
      return request.client
    case 'header':
      return request.field(order.name) ?? ''
    case 'json':
      return jsonValue(request.text(), order.pointer)
  }
}

/** For lists: on one line, and bounded. */
export function shownValue(value: string): string {
  const line = value.replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 3)}...`
}

function jsonValue(text: string | undefined, pointer: string): string {
  if (text === undefined) return ''
  try {
    const found = pointed(JSON.parse(text), pointer)
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? String(found) : ''
  } catch {
    return ''
  }
}

/** RFC 6901 4. */
function pointed(document: unknown, pointer: string): unknown {
  let at: unknown = document
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  return at
}
