// Malformed frames (RFC 9113 4 to 6, RFC 7541, RFC 9218): each ends its connection with the right code, or its stream where it concerns that
// alone, and touches no other connection or stream.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BlockEncoder, type Field } from '../support/http2/block-encoder.ts'
import {
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  HEADERS,
  OPENING,
  PING,
  PREFACE,
  RST_STREAM,
  reset,
  settings,
  windowUpdate,
} from '../support/http2/frames.ts'
import { GET, MALFORMED, POST } from '../support/http2/malformed.ts'
import { RawH2 } from '../support/http2/raw-h2.ts'
import { usePair } from '../support/pair.ts'
import { sleep } from '../support/until.ts'

const pair = usePair({ http2: true })
const get = (stream: number): Buffer => frame(HEADERS, END_HEADERS | END_STREAM, stream, GET)
const post = (stream: number): Buffer => frame(HEADERS, END_HEADERS, stream, POST)

let client: RawH2 | undefined
/** Of other people. */
let bystander: RawH2
let bystanders = 1
/** What /metrics said before the first test. */
let atFirst: string
beforeAll(async () => {
  atFirst = await pair.vigia.metrics()
  bystander = await RawH2.open(pair.port)
})
afterEach(() => client?.close())
afterAll(() => bystander.close())

/** A request of other people is under way meanwhile, and is answered. */
async function touchesNoOther(step: () => Promise<void>): Promise<void> {
  const stream = bystanders
  bystanders += 2
  await bystander.send(post(stream), data(stream, 'begun'))
  await step()
  await bystander.send(data(stream, ', ended', END_STREAM))
  expect(await bystander.answered(stream)).toBe('POST /')
  expect(pair.upstream.requests.map(({ body }) => body.toString())).toEqual(['begun, ended'])
  expect(bystander.goAways).toEqual([])
}

async function open(opening?: Buffer): Promise<RawH2> {
  client = await RawH2.open(pair.port, opening)
  return client
}

async function resetCode(from: RawH2, stream: number): Promise<number> {
  await from.when(`stream ${stream} is reset`, () => from.of(RST_STREAM, stream).length > 0)
  return from.of(RST_STREAM, stream)[0]!.payload.readUInt32BE(0)
}

describe('a connection ends', () => {
  test.each(MALFORMED)('with %s', async (_, bytes, fault, code) => {
    await touchesNoOther(async () => {
      const raw = await open()
      await raw.send(post(1), data(1, 'a'), bytes)
      await raw.when('it ends', () => raw.ending !== 'open')
      expect(raw.goAways.map(each => each.code)).toEqual([code])
      expect(raw.frames.at(-1)!.payload.toString('latin1', 8)).toBe(fault)
    })
  })

  test('and is counted by why', async () => {
    const now = await pair.vigia.metrics()
    const counted = (metrics: string, fault: string) =>
      Number(new RegExp(`^vigia_http2_faults_total\\{reason="${fault}"\\} (\\d+)$`, 'm').exec(metrics)?.[1])
    for (const fault of new Set(MALFORMED.map(each => each[2])))
      expect(counted(now, fault) - counted(atFirst, fault), fault).toBe(
        MALFORMED.filter(each => each[2] === fault).length,
      )
  })

  test.each([
    ['HTTP/1.1 behind the preface', Buffer.concat([PREFACE, Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')])],
    ['a frame other than SETTINGS first', Buffer.concat([PREFACE, windowUpdate(0, 1)])],
  ])('that begins with %s', async (_, bytes) => {
    const raw = await open(bytes)
    await raw.when('it ends', () => raw.ending !== 'open')
    expect(raw.goAways.at(-1)?.code).toBe(1)
  })
})

describe('a stream ends alone', () => {
  test.each<[why: string, bytes: Buffer, code: number]>([
    ['data behind its end', Buffer.concat([get(3), data(3, 'late')]), 5],
    ['trailers behind its end', Buffer.concat([get(3), get(3)]), 5],
    ['an increment of 0', Buffer.concat([post(3), windowUpdate(3, 0)]), 1],
    ['a window that is too large', Buffer.concat([post(3), windowUpdate(3, 0x7fff_ffff)]), 3],
    [
      'trailers without an end',
      Buffer.concat([post(3), frame(HEADERS, END_HEADERS, 3, new BlockEncoder().block([['x', '1']], 'plain'))]),
      1,
    ],
  ])('with %s', async (_, bytes, code) => {
    // It must not have been answered before the rest is read.
    pair.upstream.answer = async ({ target, connection }) => {
      if (target === '/other') await connection.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother')
    }
    const raw = await open()
    const other = raw.request(1, '/other')
    await raw.send(other, bytes)
    expect(await resetCode(raw, 3)).toBe(code)
    expect(await raw.answered(1)).toBe('other')
    expect(raw.goAways).toEqual([])
  })
})

describe('a malformed request is refused alone, and never goes up', () => {
  const PSEUDO: readonly Field[] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/bad'],
    [':authority', 'a.example'],
  ]
  // RFC 9113 8.1.1.
  const RESET = 'reset 1'
  test.each<[why: string, fields: readonly Field[], end: string]>([
    ['a name in upper case', [...PSEUDO, ['X-Own', '1']], RESET],
    ['a line break in a value', [...PSEUDO, ['x', 'a\r\nx-smuggled: 1']], RESET],
    [
      'a line break in :path',
      [PSEUDO[0]!, PSEUDO[1]!, [':path', '/ HTTP/1.1\r\nHost: b\r\n\r\nGET /smuggled'], PSEUDO[3]!],
      RESET,
    ],
    ['a blank in :method', [[':method', 'GET /smuggled HTTP/1.1\r\nx:'], ...PSEUDO.slice(1)], RESET],
    ['Transfer-Encoding', [...PSEUDO, ['transfer-encoding', 'chunked']], RESET],
    ['Connection', [...PSEUDO, ['connection', 'x-own']], RESET],
    ['a Host that differs', [...PSEUDO, ['host', 'b.example']], RESET],
    ['two hosts', [...PSEUDO.slice(0, 3), ['host', 'a.example'], ['host', 'a.example']], RESET],
    ['no :path', PSEUDO.filter(([name]) => name !== ':path'), RESET],
    ['a pseudo-field behind a field', [...PSEUDO.slice(0, 3), ['x', '1'], PSEUDO[3]!], RESET],
    ['a length beside no body', [...PSEUDO, ['content-length', '5']], RESET],
    [
      'CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.example:443'],
      ],
      '501',
    ],
    ['too many fields', [...PSEUDO, ...Array.from({ length: 101 }, (_, i): Field => [`x-${i}`, ''])], '431'],
    ['too large a head', [...PSEUDO, ['x', 'v'.repeat(16_384)]], '431'],
    ['too long a target', [...PSEUDO.slice(0, 2), [':path', `/${'t'.repeat(9000)}`], PSEUDO[3]!], '414'],
    ['an expectation that nobody knows', [...PSEUDO, ['expect', 'wonders']], '417'],
  ])('for %s', async (_, fields, end) => {
    const raw = await open()
    const block = new BlockEncoder().block(fields, 'plain', true)
    const pieces = [block.subarray(0, 16_000), block.subarray(16_000)].filter(({ length }) => length > 0)
    const frames = pieces.map((piece, i) =>
      frame(i === 0 ? HEADERS : 9, (i === 0 ? END_STREAM : 0) | (i === pieces.length - 1 ? END_HEADERS : 0), 1, piece),
    )
    await raw.send(...frames, raw.request(3, '/sentinel'))
    expect(await raw.answered(3)).toBe('GET /sentinel')
    await raw.when('it is answered', () => raw.of(HEADERS, 1).length + raw.of(RST_STREAM, 1).length > 0)
    if (end !== RESET) expect(statusOf(raw, 1)).toBe(end)
    else expect(await resetCode(raw, 1)).toBe(1)
    expect(pair.upstream.requests.map(({ target }) => target)).toEqual(['/sentinel'])
    expect(pair.upstream.received.toString('latin1')).not.toContain('smuggled')
    expect(raw.goAways).toEqual([])
  })

  test('for a body that is not as long as it said: no upstream takes it for whole', async () => {
    const raw = await open()
    const block = new BlockEncoder().block([[':method', 'POST'], ...PSEUDO.slice(1), ['content-length', '4']], 'plain')
    await raw.send(frame(HEADERS, END_HEADERS, 1, block), data(1, 'ab'), data(1, 'cde', END_STREAM))
    await raw.when('it is ended', () => raw.body(1).ended || raw.of(RST_STREAM, 1).length > 0)
    await raw.send(raw.request(3, '/sentinel'))
    expect(await raw.answered(3)).toBe('GET /sentinel')
    expect(pair.upstream.requests.map(({ target }) => target)).toEqual(['/sentinel'])
  })
})

describe('what is no fault', () => {
  test('frames that come in single bytes', async () => {
    const raw = await open(Buffer.alloc(0))
    const bytes = Buffer.concat([
      OPENING,
      settings([1, 0]),
      frame(PING, 0, 0, Buffer.alloc(8)),
      post(1),
      data(1, 'body', END_STREAM),
    ])
    for (const [i, byte] of bytes.entries()) {
      await raw.send(Buffer.from([byte]))
      // In reads of their own, as far as that can be had.
      if (i % 8 === 0) await sleep(1)
    }
    expect(await raw.answered(1)).toBe('POST /')
    expect(pair.upstream.requests[0]?.body.toString()).toBe('body')
  })

  test('unknown frames, settings and flags; frames on streams that the client has ended itself', async () => {
    const raw = await open()
    await raw.send(
      frame(0xbb, 0xff, 0, Buffer.alloc(40)),
      settings([0x1a2a, 7]),
      get(1),
      frame(2, 0, 99, Buffer.alloc(5)),
    )
    expect(await raw.answered(1)).toBe('GET /')
    await raw.send(post(3), reset(3, 8), windowUpdate(3, 10), reset(3, 8), get(5))
    expect(await raw.answered(5)).toBe('GET /')
    expect(raw.goAways).toEqual([])
  })
})

/** Of the answer on a stream: static index of :status, or its text. */
function statusOf(raw: RawH2, stream: number): string | undefined {
  const bytes = raw.of(HEADERS, stream)[0]?.payload
  // The first block of a connection begins with the size of the table.
  const at = bytes?.[0] === 0x20 ? 1 : 0
  const known: Readonly<Record<number, string>> = { 136: '200', 140: '400', 141: '404', 142: '500' }
  return bytes === undefined ? undefined : (known[bytes[at]!] ?? bytes.toString('latin1', at + 2, at + 5))
}
