// The key `order` of a route's `hold`: which of its requests keep their order.

import Type from 'typebox'
import type { HoldOrder } from '../../../plan/hold.ts'
import { isToken } from '../../forms/http.ts'
import { quote } from '../../forms/problem.ts'
import { described } from '../../forms/schema-blocks.ts'

const FORMS = 'route, client, header:NAME or json:/POINTER'
/** Values that people are shown, and that must not be theirs to see. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'cookie'])
/** Longest way into a body. */
const MOST_STEPS = 16

export function orderSchema(fallback: string) {
  return Type.String({
    minLength: 1,
    maxLength: 256,
    title: FORMS,
    ...described(
      'Which requests are carried out in the order in which they came, one at a time: all of the route; those of one client address; those with the same value of a header (header:X-Shop); those whose JSON bodies have the same value at a JSON pointer (json:/customer/id, RFC 6901). While one of them is held, the later ones are held too. One without the value goes with all others without it.',
      fallback,
    ),
  })
}

/** Undefined = nothing. */
export function wrongInOrder(order: string): string | undefined {
  if (order === 'route' || order === 'client') return undefined
  const value = order.slice(order.indexOf(':') + 1)
  if (order.startsWith('header:')) {
    if (!isToken(value)) return `${quote(order)} names no header, expected such as header:X-Shop`
    return CREDENTIALS.has(value.toLowerCase())
      ? `${quote(value)} is a secret, which lists would show: take another`
      : undefined
  }
  if (!order.startsWith('json:')) return `${quote(order)} is none of ${FORMS}`
  if (!/^(?:\/(?:[^~/]|~[01])*)+$/.test(value))
    return `${quote(value)} is no JSON pointer, expected such as json:/customer/id`
  return value.split('/').length - 1 > MOST_STEPS ? `has more than ${MOST_STEPS} steps` : undefined
}

/** @param order one with nothing wrong in it */
export function compileOrder(order: string): HoldOrder {
  if (order === 'route' || order === 'client') return { by: order }
  const value = order.slice(order.indexOf(':') + 1)
  return order.startsWith('header:') ? { by: 'header', name: value.toLowerCase() } : { by: 'json', pointer: value }
}
