// Compares with nghttp2, which Node's own client of HTTP/2 is made of: what it encodes is read as it was meant, and what is encoded here
// is read by it.

import { type ClientHttp2Session, connect } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RequestHead } from '../../../src/http/heads.ts'
import { encodeField, encodeStatus } from '../../../src/http2/hpack/encoder.ts'
import { SessionRun } from './support.ts'

let server: Server
let client: ClientHttp2Session
let host: string
let run: SessionRun
/** What the next answer says. */
let answer: readonly (readonly [name: string, value: string])[] = []
let body = Buffer.alloc(0)

beforeAll(async () => {
  server = createServer(socket => {
    run = new SessionRun()
    run.session.begin()
    run.listener.answer = stream => {
      run.session.headers(stream, encodeStatus(200) + answer.map(field => encodeField(...field)).join(''), false)
      expect(run.session.data(stream, body, 0, body.length, true)).toBe(body.length)
    }
    socket.on('data', (bytes: Buffer) => {
      run.receive(bytes)
      flush(socket)
    })
    flush(socket)
  }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  client = connect(`http://${host}`)
})

afterAll(() => {
  client.destroy()
  server.close()
})

function flush(socket: Socket): void {
  socket.write(run.bytes())
}

interface Answer {
  readonly fields: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

function ask(fields: Record<string, string | string[]>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = client.request(fields)
    const chunks: Buffer[] = []
    let got: Answer['fields'] = {}
    request.on('response', headers => {
      got = headers as Answer['fields']
    })
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve({ fields: got, body: Buffer.concat(chunks) }))
    request.on('error', reject)
  })
}

const name = fc.stringMatching(/^x-[a-z0-9_-]{0,12}$/)
const value = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,30}[!-~])?$/),
  fc.constantFrom('', 'gzip, deflate', 'a'.repeat(300), 'ü\xff'),
)
const fields = fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([each]) => each })

test('a request is read as nghttp2 meant it, and its answer as it was meant here', async () => {
  await fc.assert(
    fc.asyncProperty(
      fields,
      fc.array(fc.stringMatching(/^[a-z]{1,5}=[a-z0-9]{0,9}$/), { maxLength: 5 }),
      fields,
      fc.nat(20_000),
      async (sent, cookies, answered, size) => {
        answer = answered
        body = Buffer.alloc(size, 'b')
        const got = await ask({
          ':method': 'GET',
          ':path': `/a?${size}`,
          ...Object.fromEntries(sent),
          ...(cookies.length === 0 ? {} : { cookie: cookies }),
        })
        const head = run.listener.heads.at(-1) as RequestHead
        const read = Object.fromEntries(
          head.meaning.fields.names.map((each, i) => [each, head.meaning.fields.values[i]]),
        )
        expect(head.target).toBe(`/a?${size}`)
        expect(read).toEqual({
          host,
          ...Object.fromEntries(sent),
          ...(cookies.length === 0 ? {} : { cookie: cookies.join('; ') }),
        })
        expect(Object.fromEntries(Object.entries(got.fields))).toEqual({
          ':status': 200,
          ...Object.fromEntries(answered),
        })
        expect(got.body).toEqual(body)
      },
    ),
    { numRuns: 60 },
  )
  expect(run.listener.fault).toBeUndefined()
})
