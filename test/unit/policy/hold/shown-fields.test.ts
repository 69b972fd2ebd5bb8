// Which fields of a held request people may see.

import { expect, test } from 'vitest'
import { isPlain, isSecret } from '../../../../src/policy/hold/shown-fields.ts'

test('what identifies a client to others is shown to nobody', () => {
  const secrets = [
    'authorization',
    'cookie',
    'set-cookie',
    'proxy-authorization',
    'x-api-key',
    'apikey',
    'x-csrf-token',
  ]
  const more = ['x-hub-signature-256', 'x-session-id', 'x-erp-password', 'x-client-secret']
  expect([...secrets, ...more].filter(name => !isSecret(name))).toEqual([])
  expect(['content-type', 'idempotency-key', 'x-customer', 'host'].filter(isSecret)).toEqual([])
})

test('without the right to read it, only fields are shown that say what the message is', () => {
  expect(['content-type', 'content-length', 'user-agent'].every(isPlain)).toBe(true)
  expect(['x-customer', 'idempotency-key', 'from', 'authorization', 'cookie', 'referer'].some(isPlain)).toBe(false)
})
