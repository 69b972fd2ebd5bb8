// The key by which `balance: hash` chooses: the client's address, a header's or a cookie's value. Where it is missing: the address.

import type { HashKey } from '../config/snapshot.ts'
import { FIELD } from '../http1/field-names.ts'
import { type Fields, fieldValue, listOf } from '../http1/fields.ts'
import { hashKey } from '../policy/balance/hash.ts'

/** @returns 32-bit hash */
export function affinityKey(key: HashKey, fields: Fields, clientAddress: string): number {
  switch (key.from) {
    case 'address':
      return hashKey(clientAddress)
    case 'header':
      return hashKey(fieldValue(fields, key.name) ?? clientAddress)
    case 'cookie':
      return hashKey(cookieValue(listOf(fields, FIELD.cookie), key.name) ?? clientAddress)
  }
}

function cookieValue(cookies: string | undefined, name: string): string | undefined {
  if (cookies === undefined) return undefined
  for (const part of cookies.split(/[;,]/)) {
    const equals = part.indexOf('=')
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim()
  }
  return undefined
}
