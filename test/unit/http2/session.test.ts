import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../src/http2/errors.ts'
import { encodeStatus } from '../../../src/http2/hpack/encoder.ts'
import { BlockEncoder, type Field } from '../../support/http2/block-encoder.ts'
import {
  ACK,
  CONTINUATION,
  DATA,
  data,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  GOAWAY,
  HEADERS,
  OPENING,
  PADDED,
  PING,
  PREFACE,
  PRIORITY,
  PRIORITY_UPDATE,
  RST_STREAM,
  reset,
  SETTINGS,
  settings,
  uint32,
  WINDOW_UPDATE,
  WITH_PRIORITY,
  windowUpdate,
} from '../../support/http2/frames.ts'
import { MALFORMED } from '../../support/http2/malformed.ts'
import { codeOf, endOf, opened, SessionRun } from './support.ts'

/** Bytes that mean the same whatever was before. */
const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'erp.example'],
]
const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)]
const block = (fields: readonly Field[]): Buffer => new BlockEncoder().block(fields, 'plain')
const get = (stream: number, flags = END_STREAM): Buffer => frame(HEADERS, END_HEADERS | flags, stream, block(GET))
const post = (stream: number, ...fields: Field[]): Buffer =>
  frame(HEADERS, END_HEADERS, stream, block([...POST, ...fields]))
const OK = encodeStatus(200)

const brief = ({ type, flags, stream, payload }: Frame): string => {
  if (type === RST_STREAM) return `reset ${stream} ${payload.readUInt32BE(0)}`
  if (type === WINDOW_UPDATE) return `window ${stream} ${payload.readUInt32BE(0)}`
  if (type === DATA) return `data ${stream} ${payload.length}${flags & END_STREAM ? ' end' : ''}`
  if (type === HEADERS) return `headers ${stream}${flags & END_STREAM ? ' end' : ''}`
  if (type === PING) return `ping ${flags & ACK ? 'ack' : ''}`
  if (type === SETTINGS) return flags & ACK ? 'settings ack' : 'settings'
  return type === GOAWAY ? `goaway ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)}` : `type ${type}`
}
const sentBy = (run: SessionRun): string[] => run.sent().map(brief)

describe('a connection begins', () => {
  test('with the settings of both sides, each acknowledged', () => {
    const run = new SessionRun({ streams: 7, streamWindow: 70_000, connectionWindow: 90_000 })
    run.session.begin()
    const [first, update] = run.sent()
    expect(first).toMatchObject({ type: SETTINGS, flags: 0 })
    expect(first!.payload.toString('hex')).toBe('000300000007' + '000400011170' + '000800000001' + '000900000001')
    expect(brief(update!)).toBe(`window 0 ${90_000 - 65_535}`)
    run.receive(OPENING)
    expect(sentBy(run)).toEqual(['settings ack'])
    run.receive(frame(SETTINGS, ACK, 0))
    expect(run.told).toEqual([])
  })

  test.each([
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['another preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\rX')],
    ['a frame other than SETTINGS', Buffer.concat([PREFACE, windowUpdate(0, 1)])],
    ['an acknowledgement', Buffer.concat([PREFACE, frame(SETTINGS, ACK, 0)])],
  ])('and not with %s', (_, bytes) => {
    const run = new SessionRun()
    run.receive(bytes)
    expect(run.told).toEqual(['fault bad-preface'])
    expect(endOf(run.sent())).toEqual({ code: ERROR.protocolError, debug: 'bad-preface', lastStream: 0 })
  })
})

describe('a request', () => {
  test('without a body is told once', () => {
    const run = opened().receive(get(1), get(3))
    expect(run.told).toEqual(['request 1 GET /', 'request 3 GET /'])
  })

  test('with a body and trailers', () => {
    const trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, block([['x-sum', '1']]))
    const run = opened().receive(post(1), data(1, 'ab'), data(1, 'c'), trailers)
    expect(run.told).toEqual(['request 1 POST /', 'body 1 abc', 'end 1 x-sum: 1'])
  })

  test('with padding and an old priority, in many frames', () => {
    const bytes = block(POST)
    const first = Buffer.concat([Buffer.from([3]), Buffer.alloc(5), bytes.subarray(0, 4), Buffer.alloc(3)])
    const body = Buffer.concat([Buffer.from([4]), Buffer.from('body'), Buffer.alloc(4)])
    const run = opened().receive(
      frame(HEADERS, PADDED | WITH_PRIORITY, 1, first),
      frame(CONTINUATION, 0, 1, bytes.subarray(4, 5)),
      frame(CONTINUATION, END_HEADERS, 1, bytes.subarray(5)),
      data(1, body, PADDED | END_STREAM),
    )
    expect(run.told).toEqual(['request 1 POST /', 'body 1 body', 'end 1'])
  })

  test('and its answer end the stream, whichever comes first', () => {
    const run = opened().receive(get(1), post(3))
    const [one, three] = run.listener.opened
    run.session.headers(one!, OK, false)
    expect(run.session.data(one!, Buffer.from('answer'), 0, 6, true)).toBe(6)
    run.session.headers(three!, OK, true)
    expect(one).toMatchObject({ gone: true })
    expect(three).toMatchObject({ gone: false, sentAll: true })
    run.receive(data(3, '', END_STREAM))
    expect(three).toMatchObject({ gone: true })
    expect(run.session.streams.size).toBe(0)
    expect(sentBy(run)).toEqual(['headers 1', 'data 1 6 end', 'headers 3 end'])
  })

  test('that is answered before its end may be reset, and what was under way is no fault', () => {
    const run = opened().receive(post(1), data(1, 'a'))
    const [stream] = run.listener.opened
    run.session.headers(stream!, OK, true)
    run.session.reset(stream!, ERROR.noError)
    run.receive(
      data(1, 'more'),
      frame(HEADERS, END_HEADERS | END_STREAM, 1, block([['x', '1']])),
      windowUpdate(1, 9),
      reset(1, 8),
    )
    expect(run.told).toEqual(['request 1 POST /', 'body 1 a'])
    expect(sentBy(run)).toEqual(['headers 1 end', 'reset 1 0'])
  })

  test('that the client gives up is told as reset, and no more', () => {
    const run = opened().receive(post(1), reset(1, ERROR.cancel))
    expect(run.told).toEqual(['request 1 POST /', 'reset 1 8'])
    run.session.headers(run.listener.opened[0]!, OK, true)
    expect(sentBy(run)).toEqual([])
  })

  test('that is refused leaves its connection in step', () => {
    const encoder = new BlockEncoder()
    const bad = frame(HEADERS, END_HEADERS, 1, encoder.block([...GET, ['Bad', 'field'], ['x-late', 'remembered']]))
    const good = frame(HEADERS, END_HEADERS | END_STREAM, 3, encoder.block([...GET, ['x-late', 'remembered']]))
    const run = opened().receive(bad, data(1, 'ignored'), data(1, '', END_STREAM), good)
    expect(run.told).toEqual(['refused 1 bad-field', 'request 3 GET /'])
    expect(run.listener.heads[0]).toMatchObject({ meaning: { fields: { values: ['erp.example', 'remembered'] } } })
  })

  test('of a head that is too large is refused alone, in however many frames it comes', () => {
    const bytes = block([...GET, ['x', 'v'.repeat(40_000)]])
    const run = opened().receive(
      frame(HEADERS, END_STREAM, 1, bytes.subarray(0, 16_384)),
      frame(CONTINUATION, 0, 1, bytes.subarray(16_384, 32_768)),
      frame(CONTINUATION, END_HEADERS, 1, bytes.subarray(32_768)),
      get(3),
    )
    expect(run.told).toEqual(['refused 1 head-too-large', 'request 3 GET /'])
  })

  test.each<[why: string, fields: Field[], body: string[], told: string]>([
    ['is longer than it said', [['content-length', '3']], ['ab', 'cd'], 'malformed 1 bad-content-length'],
    ['is shorter than it said', [['content-length', '5']], ['ab', 'cd'], 'malformed 1 bad-content-length'],
    ['is as long as it said', [['content-length', '4']], ['ab', 'cd'], 'end 1'],
  ])('of which the body %s', (_, fields, body, told) => {
    const run = opened().receive(post(1, ...fields), ...body.map(text => data(1, text)), data(1, '', END_STREAM))
    expect(run.told.at(-1)).toBe(told)
    // An upstream that has all that was promised takes the request for whole.
    if (told !== 'end 1') expect(run.told[1]).toMatch(/^body 1 ab(cd)?$/)
  })

  test.each<[what: string, trailers: Buffer, told: string, sent: string[]]>([
    ['malformed', frame(HEADERS, END_HEADERS | END_STREAM, 1, block([['X', '']])), 'malformed 1 bad-trailer', []],
    ['without an end', frame(HEADERS, END_HEADERS, 1, block([['x', '']])), 'reset 1 1', ['reset 1 1']],
  ])('of which the trailers are %s', (_, trailers, told, sent) => {
    const run = opened().receive(post(1), trailers, get(3))
    expect(run.told).toEqual(['request 1 POST /', told, 'request 3 GET /'])
    expect(sentBy(run)).toEqual(sent)
  })
})

describe('a stream ends alone', () => {
  test.each<[why: string, bytes: Buffer, code: number]>([
    ['data behind its end', data(1, 'late'), ERROR.streamClosed],
    ['trailers behind its end', get(1), ERROR.streamClosed],
    ['an increment of 0', windowUpdate(1, 0), ERROR.protocolError],
    ['a window that is too large', windowUpdate(1, 0x7fff_ffff), ERROR.flowControlError],
  ])('with %s', (_, bytes, code) => {
    const run = opened().receive(get(1), bytes, get(3))
    expect(run.told).toEqual(['request 1 GET /', `reset 1 ${code}`, 'request 3 GET /'])
    expect(sentBy(run)).toEqual([`reset 1 ${code}`])
  })

  test('with more data than its window has room for', () => {
    const run = opened({ streamWindow: 65_535, connectionWindow: 200_000 }).receive(post(1))
    for (let i = 0; i < 4; i += 1) run.receive(data(1, Buffer.alloc(16_384)))
    run.receive(get(3))
    expect(run.told.map(line => line.slice(0, 16))).toEqual([
      'request 1 POST /',
      expect.stringMatching(/^body 1/),
      'reset 1 3',
      'request 3 GET /',
    ])
  })

  test('where there are too many', () => {
    const run = opened({ streams: 2 }).receive(get(1), get(3), get(5))
    expect(run.told).toEqual(['request 1 GET /', 'request 3 GET /'])
    expect(sentBy(run)).toEqual([`reset 5 ${ERROR.refusedStream}`])
    run.session.headers(run.listener.opened[0]!, OK, true)
    run.receive(get(7))
    expect(run.told).toContain('request 7 GET /')
  })
})

describe('a connection ends', () => {
  test.each(MALFORMED)('with %s', (_, bytes, fault, code) => {
    const run = opened().receive(post(1), bytes, get(101), data(1, 'unread'))
    expect(run.told.filter(line => !/^window|^request [1357] |^reset 1 8$/.test(line))).toEqual([`fault ${fault}`])
    expect(endOf(run.sent())).toMatchObject({ code, debug: fault })
    expect(codeOf(fault)).toBe(code)
    // It stays so.
    run.session.fail('bad-setting')
    expect(run.sent()).toEqual([])
    expect(run.told.at(-1)).toBe(`fault ${fault}`)
  })

  test('with more data than its window has room for, whatever the streams have', () => {
    const run = opened({ streamWindow: 65_535, connectionWindow: 65_535 }).receive(post(1), post(3))
    for (let i = 0; i < 3; i += 1) run.receive(data(1, Buffer.alloc(16_000)))
    for (let i = 0; i < 2; i += 1) run.receive(data(3, Buffer.alloc(16_000)))
    expect(run.told.at(-1)).toBe('fault window-exceeded')
  })
})

describe('what is no fault', () => {
  test.each<[what: string, bytes: Buffer]>([
    ['a frame of an unknown type, on any stream', frame(0xee, 0xff, 77, Buffer.alloc(100))],
    ['a setting that nobody knows', settings([0x7a7a, 0xffff_ffff])],
    ['PRIORITY on any stream', frame(PRIORITY, 0, 77, Buffer.alloc(5))],
    ['PRIORITY_UPDATE for any stream', frame(PRIORITY_UPDATE, 0, 0, Buffer.concat([uint32(77), Buffer.from('u=3,i')]))],
    ['an acknowledgement of a PING that nobody sent', frame(PING, ACK, 0, Buffer.alloc(8))],
    ['WINDOW_UPDATE on a stream that has ended', Buffer.concat([reset(1, 8), windowUpdate(1, 0)])],
    ['RST_STREAM on a stream that has ended', Buffer.concat([reset(1, 8), reset(1, 8)])],
    ['the reserved bit of a stream', frame(PRIORITY, 0, 0x8000_0001, Buffer.alloc(5))],
    ['flags that a frame does not know', frame(PING, 0xfe, 0, Buffer.alloc(8))],
  ])('%s', (_, bytes) => {
    const run = opened().receive(post(1), bytes, get(3))
    expect(run.told.at(-1)).toBe('request 3 GET /')
    expect(run.listener.fault).toBeUndefined()
  })
})

describe('windows', () => {
  test('of the client: no more is sent than they have room for, in frames that everybody takes', () => {
    const run = opened().receive(settings([4, 20_000], [5, 100_000]), get(1))
    run.sent()
    const [stream] = run.listener.opened
    const answer = Buffer.alloc(50_000, 'a')
    run.session.headers(stream!, OK, false)
    expect(run.session.data(stream!, answer, 0, 50_000, true)).toBe(20_000)
    expect(run.session.data(stream!, answer, 20_000, 50_000, true)).toBe(20_000)
    run.receive(windowUpdate(1, 5))
    expect(run.told.at(-1)).toBe('window 1')
    expect(run.session.data(stream!, answer, 20_000, 50_000, true)).toBe(20_005)
    run.receive(windowUpdate(1, 100_000))
    expect(run.session.data(stream!, answer, 20_005, 50_000, true)).toBe(50_000)
    expect(sentBy(run)).toEqual([
      'headers 1',
      'data 1 16384',
      'data 1 3616',
      'data 1 5',
      'data 1 16384',
      'data 1 13611 end',
    ])
    expect(stream!.gone).toBe(true)
  })

  test('of the connection: all streams together', () => {
    const run = opened().receive(settings([4, 100_000]), get(1), get(3))
    const [one, three] = run.listener.opened
    const answer = Buffer.alloc(60_000)
    expect(run.session.data(one!, answer, 0, 60_000, true)).toBe(60_000)
    expect(run.session.data(three!, answer, 0, 60_000, true)).toBe(5535)
    run.receive(windowUpdate(0, 60_000))
    expect(run.told.at(-1)).toBe('window 0')
    expect(run.session.data(three!, answer, 5535, 60_000, true)).toBe(60_000)
  })

  test('that the client makes smaller may be below 0, and an empty end needs none', () => {
    const run = opened().receive(get(1))
    const [stream] = run.listener.opened
    expect(run.session.data(stream!, Buffer.alloc(30_000), 0, 30_000, false)).toBe(30_000)
    run.receive(settings([4, 10_000]))
    expect(stream!.sendWindow).toBe(10_000 - 30_000)
    expect(run.session.data(stream!, Buffer.from('a'), 0, 1, false)).toBe(0)
    run.receive(settings([4, 65_535]))
    expect(run.told.at(-1)).toBe('window 0')
    expect(run.session.data(stream!, Buffer.alloc(40_000), 0, 40_000, false)).toBe(35_535)
    expect(run.session.data(stream!, Buffer.alloc(0), 0, 0, true)).toBe(0)
    expect(stream!.gone).toBe(true)
  })

  test('that the client changes often in one frame are as it says last', () => {
    const run = opened().receive(get(1), settings(...Array.from({ length: 2000 }, (_, i) => [4, i] as const)))
    expect(run.listener.opened[0]!.sendWindow).toBe(1999)
    run.receive(settings([4, 5], [4, 70_000]))
    expect(run.told.filter(line => line.startsWith('window'))).toEqual(['window 0'])
  })

  test('of vigia: opened again as what came is taken, by half a window at a time', () => {
    const run = opened({ streamWindow: 65_535, connectionWindow: 65_535 }).receive(post(1))
    const [stream] = run.listener.opened
    run.receive(data(1, Buffer.alloc(16_000)), data(1, Buffer.alloc(16_000)))
    expect(sentBy(run)).toEqual([])
    run.session.replenish(stream!)
    expect(sentBy(run)).toEqual([])
    run.receive(data(1, Buffer.alloc(16_000)))
    run.session.replenish(stream!)
    expect(sentBy(run)).toEqual(['window 0 48000', 'window 1 48000'])
    run.session.replenish(stream!)
    expect(sentBy(run)).toEqual([])
  })

  test('of vigia: what is padding, or comes on a stream of no interest, comes back to the connection', () => {
    const run = opened({ connectionWindow: 65_535 }).receive(frame(HEADERS, END_HEADERS, 1, block([['X', '1']])))
    expect(run.told).toEqual(['refused 1 bad-pseudo-field'])
    run.receive(data(1, Buffer.alloc(16_384)), data(1, Buffer.alloc(16_384)))
    expect(sentBy(run)).toEqual(['window 0 32768'])
    run.session.reset(run.listener.opened[0]!, ERROR.protocolError)
    run.receive(data(1, Buffer.alloc(16_384)), data(1, Buffer.alloc(16_384)))
    expect(sentBy(run)).toEqual(['reset 1 1', 'window 0 32768'])
  })

  test('of vigia: what a stream still held when it ended comes back to the connection', () => {
    const run = opened({ connectionWindow: 65_535 }).receive(post(1))
    run.receive(data(1, Buffer.alloc(16_384)), data(1, Buffer.alloc(16_384)), reset(1, 8))
    expect(sentBy(run)).toEqual(['window 0 32768'])
  })
})

describe('the end in good order', () => {
  test('asks first, and refuses later streams only when it is final', () => {
    const run = opened().receive(get(1))
    run.session.goAway(false)
    run.receive(get(3))
    run.session.goAway(true)
    run.receive(get(5))
    expect(run.told).toEqual(['request 1 GET /', 'request 3 GET /'])
    expect(sentBy(run)).toEqual([`goaway ${0x7fff_ffff} 0`, 'goaway 3 0', 'reset 5 7'])
    for (const stream of run.listener.opened) run.session.headers(stream, OK, true)
    expect(sentBy(run)).toEqual(['headers 1 end', 'headers 3 end'])
  })

  test('a ping comes back', () => {
    const run = opened()
    run.session.ping()
    run.receive(frame(PING, ACK, 0, run.sent()[0]!.payload), frame(PING, 0, 0, Buffer.from('12345678')))
    expect(run.told).toEqual(['pong'])
    expect(run.sent()[0]).toMatchObject({ type: PING, flags: ACK, payload: Buffer.from('12345678') })
  })

  test('of the client is told', () => {
    expect(
      opened().receive(frame(GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(2), Buffer.from('debug')]))).told,
    ).toEqual(['goaway 2'])
  })
})

describe('large answers', () => {
  test('a header block of more than a frame is continued', () => {
    const run = opened().receive(get(1))
    run.session.headers(run.listener.opened[0]!, `${OK}${'x'.repeat(40_000)}`, true)
    expect(run.sent().map(({ type, flags, payload }) => [type, flags, payload.length])).toEqual([
      [HEADERS, END_STREAM, 16_384],
      [CONTINUATION, 0, 16_384],
      [CONTINUATION, END_HEADERS, 40_002 - 2 * 16_384],
    ])
  })
})
