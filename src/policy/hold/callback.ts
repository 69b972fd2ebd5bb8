// Whom a sender wants to be called once its request is carried out (RFC 7240 4.1, and a field `Callback`).

import { type Fields, fieldValues } from '../../http/fields.ts'
import type { HoldPlan } from '../../plan/hold.ts'

const LONGEST_URL = 2048
const ASYNC = /(?:^|[,;\s])respond-async(?:$|[,;\s])/i

/** Undefined = nobody, or somebody whom the route does not list. */
export function callbackOf(fields: Fields, { callback }: HoldPlan): string | undefined {
  if (callback === undefined) return undefined
  const text = fieldValues(fields, 'callback')
  if (text === undefined || text.length > LONGEST_URL || !ASYNC.test(fieldValues(fields, 'prefer') ?? ''))
    return undefined
  const url = URL.parse(text)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return undefined
  return callback.hosts.includes(url.hostname) ? url.href : undefined
}
