// The same request over HTTP/1.1 and HTTP/2 reaches the upstream as the same bytes, but for what RFC 9113 8 demands: names in lower case,
// one field for a client's cookies, Host from :authority. Ids, and who is told of what came how, differ.

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { H2Client } from '../support/h2-client.ts'
import { usePair } from '../support/pair.ts'
import { answerOk } from '../support/raw-answers.ts'
import { exchange } from '../support/raw-client.ts'

const pair = usePair({ http2: true, config: { headers: { via: 'vigia' } } })
let client: H2Client
beforeAll(() => {
  client = new H2Client(pair.port)
})
afterAll(() => client.close())

const RUNS = 40

interface Case {
  readonly method: string
  readonly path: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string | undefined
  /** The body's length is announced. */
  readonly sized: boolean
}

const letters = (alphabet: string, most: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: most })
const name = letters('abcdefghijklmnopqrstuvwxyz0123456789-', 12).map(text => `x-${text}`)
const value = letters('abcXYZ019 ,;="/\t~', 30).map(text => text.trim())
const cookie = fc.tuple(letters('abc', 4), letters('0123', 6)).map(([key, own]) => `${key}=${own}`)
const known = fc.constantFrom(
  ['accept', 'application/json, */*;q=0.5'],
  ['accept-encoding', 'gzip, br'],
  ['authorization', 'Bearer abc.def'],
  ['referer', 'https://a.example/x?y=z'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['x-forwarded-for', '203.0.113.7'],
  ['x-forwarded-proto', 'https'],
  ['forwarded', 'for=203.0.113.7'],
  ['x-request-id', 'mine'],
  ['x_real_ip', '203.0.113.7'],
  ['max-forwards', '7'],
  ['trailer', 'x-sum'],
  ['origin', 'null'],
)
const cases: fc.Arbitrary<Case> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'get'),
  path: fc.constantFrom(
    '/',
    '/web/dataset/call_kw?a=1&b=%20',
    '/a//b/../c;x=1',
    '/%2e%2e/x',
    '/~user/é'.replace('é', '%C3%A9'),
  ),
  fields: fc
    .tuple(
      fc.uniqueArray(fc.tuple(name, value), { selector: ([each]) => each, maxLength: 6 }),
      fc.uniqueArray(known, { selector: ([each]) => each, maxLength: 4 }),
      fc.array(cookie, { maxLength: 5 }),
    )
    .map(([own, others, cookies]) => [
      ...own,
      ...others.map(([key, text]) => [key!, text!] as const),
      ...(cookies.length > 0 ? [['cookie', cookies.join('; ')] as const] : []),
    ]),
  body: fc.option(letters('abc\n', 100), { nil: undefined }),
  sized: fc.boolean(),
})

/** What the upstream gets, in the one spelling that both protocols have in common. */
async function seen(send: () => Promise<unknown>): Promise<unknown> {
  await pair.upstream.forget(answerOk)
  await send()
  const [request] = pair.upstream.requests
  if (request === undefined) return 'refused'
  const fields = request.fields.map(([each, text]) => [
    each.toLowerCase(),
    /^x-request-id$/i.test(each) ? '...' : text.replace(/^(?:2\.0|1\.1) vigia$/, 'n vigia'),
  ])
  return { line: request.startLine, fields, body: request.body.toString('latin1') }
}

const host = () => `127.0.0.1:${pair.port}`

function overHttp1({ method, path, fields, body, sized }: Case): Promise<unknown> {
  const lines = fields.map(([each, text]) => `${each}: ${text}\r\n`).join('')
  const length =
    body === undefined ? '' : sized ? `content-length: ${body.length}\r\n` : 'transfer-encoding: chunked\r\n'
  const content = body === undefined ? '' : sized ? body : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  const bytes = `${method} ${path} HTTP/1.1\r\nHost: ${host()}\r\n${lines}${length}Connection: close\r\n\r\n${content}`
  return exchange(pair.port, Buffer.from(bytes, 'latin1'))
}

function overHttp2({ method, path, fields, body, sized }: Case): Promise<unknown> {
  const length = body !== undefined && sized ? { 'content-length': body.length } : {}
  const own = Object.fromEntries(
    fields.map(([each, text]) => [each, each === 'cookie' ? text.split('; ') : text]),
  ) as Record<string, string>
  return client.ask(
    { ':method': method, ':path': path, ':authority': host(), ...own, ...length },
    body === undefined ? {} : { body },
  )
}

test('whatever the request', async () => {
  let forwarded = 0
  await fc.assert(
    fc.asyncProperty(cases, async each => {
      const before = await seen(() => overHttp1(each))
      expect(await seen(() => overHttp2(each))).toEqual(before)
      if (before !== 'refused') forwarded += 1
    }),
    { numRuns: RUNS },
  )
  expect(forwarded).toBeGreaterThan(RUNS / 2)
})
