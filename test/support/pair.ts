// The usual stage of a conformance test: one vigia in front of one raw upstream, shared by the tests of a file.

import { afterAll, beforeAll, beforeEach, expect } from 'vitest'
import { type LentSetup, lendVigia } from './lent-vigia.ts'
import { exchange, RawClient } from './raw-client.ts'
import { RawUpstream } from './raw-upstream.ts'
import type { Vigia } from './vigia.ts'
import { field } from './wire.ts'

export interface Pair {
  readonly vigia: Vigia
  readonly upstream: RawUpstream
  /** Port of vigia's listener. */
  readonly port: number
}

/** Requests for this host have their bodies gathered, in a file, and their answers buffered; others do not. For `usePair({ config: BUFFERING })`. */
export const BUFFERED_HOST = 'buffered.example'
const SIZES = { memory: 0 }
export const BUFFERING = {
  routes: [
    { match: { host: BUFFERED_HOST }, pool: 'erp', buffer: { request: SIZES, response: SIZES } },
    { pool: 'erp' },
  ],
}

/**
 * Begins a POST to `BUFFERED_HOST` whose body is gathered from its first byte on: vigia asks for it (100), and no upstream knows of it.
 * @param framing lines, each with its end
 */
export async function beginGathered(pair: Pair, framing: string): Promise<RawClient> {
  const client = await RawClient.connect(pair.port)
  client.send(`POST /x HTTP/1.1\r\nHost: ${BUFFERED_HOST}\r\nExpect: 100-continue\r\n${framing}\r\n`)
  expect((await client.response('POST')).status).toBe(100)
  expect(pair.upstream.received.length).toBe(0)
  return client
}

/**
 * Before the file's tests a vigia is lent (lent-vigia.ts) and an upstream started, each test gets a fresh journal, both are over after the last
 * one; a crash fails the file. Nothing is buffered: what one test lets the upstream do would teach vigia how to treat the next one's requests.
 */
export function usePair(setup: LentSetup = {}): Pair {
  let vigia: Vigia | undefined
  let upstream: RawUpstream | undefined
  beforeAll(async () => {
    upstream = await RawUpstream.start()
    vigia = await lendVigia({ ...setup, pool: { buffer: 'off', ...setup.pool }, upstreams: [upstream.port] })
  })
  beforeEach(() => upstream?.forget())
  afterAll(async () => {
    try {
      await vigia?.stop()
    } finally {
      await upstream?.close()
    }
  })
  return {
    get vigia() {
      return vigia!
    },
    get upstream() {
      return upstream!
    },
    get port() {
      return vigia!.port
    },
  }
}

/**
 * Sends `bytes` and expects: one well-formed answer with one of `statuses`, `Connection: close`, a clean end after it,
 * and that no request made of these bytes came to the upstream as a whole (with `started: false`: not one byte of it).
 */
export async function expectRefused(
  pair: Pair,
  bytes: string | Buffer,
  statuses: readonly number[],
  { started = false }: { started?: boolean } = {},
): Promise<void> {
  const { responses, rest, ending } = await exchange(pair.port, bytes)
  expect(responses.length, `responses; then ${JSON.stringify(rest.toString('latin1'))}, ${ending}`).toBe(1)
  const answer = responses[0]!
  expect(statuses, `status ${answer.status}`).toContain(answer.status)
  expect(field(answer, 'connection')?.toLowerCase()).toBe('close')
  expect(rest.toString('latin1')).toBe('')
  expect(ending).toBe('fin')
  await expectNothingPassed(pair, started)
}

/** One good request afterwards is the only whole one that the upstream has seen: vigia serves on, nothing was smuggled. */
export async function expectNothingPassed(pair: Pair, started = false): Promise<void> {
  const sentinel = await exchange(pair.port, 'GET /sentinel HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
  expect(sentinel.responses.map(each => each.status)).toEqual([200])
  expect(pair.upstream.requests.map(each => each.target)).toEqual(['/sentinel'])
  if (!started) expect(pair.upstream.received.toString('latin1')).toMatch(/^GET \/sentinel /)
  expect(pair.upstream.received.toString('latin1')).not.toContain('smuggled')
}
