import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { allRead } from '../../../../../src/proxy/client/accept/all-read.ts'

test('what came in pieces is taken as a whole, and only once', async () => {
  const transport = new Readable({ read() {} })
  transport.push('PROXY TCP4 ')
  transport.push('10.0.0.1 ')
  await once(transport, 'readable')
  expect(allRead(transport as Socket)?.toString()).toBe('PROXY TCP4 10.0.0.1 ')
  expect(allRead(transport as Socket)).toBeUndefined()
})
