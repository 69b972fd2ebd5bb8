// What an upstream sees of a request that went through vigia: for tests of what is forwarded and how.

import { expect } from 'vitest'
import { type Pair, usePair } from './pair.ts'
import { RawClient } from './raw-client.ts'
import type { RequestMessage } from './wire.ts'

/** A pair for which 127.0.0.2 is a trusted proxy in front of vigia, while 127.0.0.1 is a plain client. */
export function useForwarding(): Pair {
  return usePair({ config: { trustedProxies: ['127.0.0.2/32', '10.0.0.0/8'] } })
}

/** Sends `bytes`, expects 200, and tells what the upstream saw. */
export async function forwardedBy(
  pair: Pair,
  bytes: string | Buffer,
  from = '127.0.0.1',
  method = 'GET',
): Promise<RequestMessage> {
  const client = await RawClient.connect(pair.port, { from })
  const before = pair.upstream.requests.length
  client.send(bytes)
  const answer = await client.final(method)
  client.close()
  expect(answer.status).toBe(200)
  expect(pair.upstream.violations).toEqual([])
  return pair.upstream.requests[before]!
}

export const get = (fields = '', target = '/x', host = 'Erp.Example:8443') =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`
