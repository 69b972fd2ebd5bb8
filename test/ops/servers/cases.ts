// What clients of the rig do. Each case is asked of a server directly and through a proxy; what came of it must be the same.

import { sleep } from '../../support/until.ts'
import type { Request, Visitor } from './client.ts'

export interface Case {
  readonly name: string
  /** @param id of the order, where it is one */
  readonly run: (visitor: Visitor, id: string) => Promise<string>
  /** No fault, whatever direct clients see. */
  readonly right?: string
  /** Nothing but what is right is right. */
  readonly isStrict?: boolean
}

const KIB = 1024
/** Longer than servers need to close a connection that they do not keep, shorter than those do that keep it. */
const PAUSE_MS = 1_200

const asked = (name: string, request: Request): Case => ({ name, run: visitor => visitor.ask(request) })

const order = (name: string, request: Omit<Request, 'path'>): Case => ({
  name,
  run: (visitor, id) => visitor.ask({ method: 'POST', path: '/order', fields: [`X-Id: ${id}`], ...request }),
})

const refused = (name: string, request: Omit<Request, 'path'>): Case =>
  asked(name, { method: 'POST', path: '/refuse', ...request })

export const CASES: readonly Case[] = [
  asked('GET', { path: '/hello' }),
  asked('HEAD', { method: 'HEAD', path: '/hello' }),
  asked('GET of what is compressed', { path: '/large', fields: ['Accept-Encoding: gzip'] }),
  asked('cookies of 2 KiB', { path: '/hello', fields: [`Cookie: sid=${'c'.repeat(2 * KIB)}`] }),
  asked('cookies of 12 KiB', { path: '/hello', fields: [`Cookie: sid=${'c'.repeat(12 * KIB)}`] }),
  order('POST', { length: 100 }),
  { ...order('POST, chunked', { length: 12, chunked: true }), right: '200 order 12', isStrict: true },
  order('POST of 1 MiB', { length: KIB ** 2 }),
  order('POST, waiting for 100', { length: 5_000, expects: true }),
  {
    name: 'POST after a pause',
    async run(visitor, id) {
      const first = await visitor.ask({ path: '/hello' })
      await sleep(PAUSE_MS)
      const then = await visitor.ask({ method: 'POST', path: '/order', fields: [`X-Id: ${id}`], length: 10 })
      return `${first}, then ${then}`
    },
  },
  refused('refused, 64 KiB', { length: 64 * KIB }),
  refused('refused, 64 KiB, written first', { length: 64 * KIB, writesFirst: true }),
  refused('refused, 1 MiB', { length: KIB ** 2 }),
  refused('refused, 1 MiB, written first', { length: KIB ** 2, writesFirst: true }),
  { ...refused('refused, 1 MiB, chunked', { length: KIB ** 2, chunked: true }), right: '403 refused' },
  refused('refused, waiting for 100', { length: 64 * KIB, expects: true }),
]
