import { describe, expect, test } from 'vitest'
import type { RequestHead } from '../../../src/http/heads.ts'
import { HeaderDecoder } from '../../../src/http2/hpack/decoder.ts'
import { RequestHeads } from '../../../src/http2/request-head.ts'
import { requestTrailers } from '../../../src/http2/request-trailers.ts'
import { BlockEncoder, type Field } from '../../support/http2/block-encoder.ts'

/** One connection: what its client encodes is decoded and read. */
class Reader {
  readonly #encoder = new BlockEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #heads = new RequestHeads()

  read(fields: readonly Field[], endsStream = true): RequestHead | string {
    this.#decode(fields)
    return this.#heads.read(this.#decoder.entries, this.#decoder.count, endsStream, 100)
  }

  trailers(fields: readonly Field[]): object | string {
    this.#decode(fields)
    return requestTrailers(this.#decoder.entries, this.#decoder.count)
  }

  get protocol(): string | undefined {
    return this.#heads.protocol
  }

  #decode(fields: readonly Field[]): void {
    expect(this.#decoder.decode(...whole(this.#encoder.block(fields)), { headBytes: 16_384, headerCount: 100 })).toBe(
      true,
    )
  }
}

const whole = (block: Buffer): [Buffer, number, number] => [block, 0, block.length]
const read = (fields: readonly Field[], endsStream = true): RequestHead | string =>
  new Reader().read(fields, endsStream)

const PSEUDO: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/web?x=1'],
  [':authority', 'erp.example'],
]
const get = (...fields: readonly Field[]): Field[] => [...PSEUDO, ...fields]
/** The same with one pseudo-field changed, or left out. */
const but = (name: string, value?: string): Field[] =>
  value === undefined
    ? PSEUDO.filter(field => field[0] !== name)
    : [...PSEUDO.filter(field => field[0] !== name), [name, value]]

function sound(head: RequestHead | string): RequestHead {
  if (typeof head === 'string') throw new Error(`refused: ${head}`)
  return head
}

describe('a request head', () => {
  test('is the same data as over HTTP/1.1', () => {
    const head = sound(read(get(['accept', '*/*'], ['x-own', 'a b'])))
    expect(head).toMatchObject({
      method: 'GET',
      target: '/web?x=1',
      minor: 1,
      host: 'erp.example',
      hostName: 'erp.example',
    })
    expect(head.meaning.fields).toEqual({
      names: ['host', 'accept', 'x-own'],
      values: ['erp.example', '*/*', 'a b'],
      kinds: [1, 19, 0],
    })
    expect(head.meaning).toMatchObject({ length: -1, expectsContinue: false, login: false, maxForwards: undefined })
  })

  test('takes Host where there is no :authority, and drops its empty port', () => {
    const head = sound(read([...but(':authority'), ['host', 'Erp.Example:']]))
    expect(head).toMatchObject({ host: 'Erp.Example', hostName: 'erp.example' })
  })

  test('may have both where they name the same host', () => {
    expect(sound(read(get(['host', 'erp.example:443']))).meaning.fields.names).toEqual(['host'])
    expect(read(get(['host', 'other.example']))).toBe('host-mismatch')
    expect(read(get(['host', 'erp.example:80']))).toBe('host-mismatch')
    expect(sound(read([...but(':scheme', 'http'), ['host', 'erp.example:80']])).host).toBe('erp.example')
  })

  test('has all cookies in one field, where the first was', () => {
    const crumbs = Array.from({ length: 250 }, (_, i): Field => ['cookie', `c${i}=${i}`])
    const { fields } = sound(read(get(['a', '1'], crumbs[0]!, ['b', '2'], ...crumbs.slice(1)))).meaning
    expect(fields.names).toEqual(['host', 'a', 'cookie', 'b'])
    expect(fields.values[2]).toBe(crumbs.map(([, value]) => value).join('; '))
  })

  test('shares what its fields mean with the last one that had the same, and with no other', () => {
    const reader = new Reader()
    const fields = get(['cookie', 'a=1'], ['accept', '*/*'])
    const first = sound(reader.read(fields))
    expect(sound(reader.read(fields)).meaning).toBe(first.meaning)
    const elsewhere = fields.map((field): Field => (field[0] === ':path' ? [':path', '/other'] : field))
    expect(sound(reader.read(elsewhere))).toMatchObject({ target: '/other' })
    expect(sound(reader.read(elsewhere)).meaning).toBe(first.meaning)
    const others: Field[][] = [
      get(['cookie', 'a=2'], ['accept', '*/*']),
      get(['cookie', 'a=1']),
      get(['cookie', 'a=1'], ['accept', '*/*'], ['x', '1']),
      get(['accept', '*/*'], ['cookie', 'a=1']),
      [...but(':authority', 'b.example'), ['cookie', 'a=1'], ['accept', '*/*']],
    ]
    for (const other of others) {
      expect(sound(reader.read(other)).meaning).not.toBe(first.meaning)
      expect(sound(reader.read(other)).meaning).toEqual(sound(read(other)).meaning)
    }
    // Without a length the same fields mean another body, where the stream goes on.
    reader.read(fields)
    expect(sound(reader.read(fields, false)).meaning.length).toBe(-2)
    expect(sound(reader.read(fields, true)).meaning.length).toBe(-1)
  })

  test('says how long its body is', () => {
    const length = (fields: Field[], endsStream: boolean): number | string => {
      const head = read(fields, endsStream)
      return typeof head === 'string' ? head : head.meaning.length
    }
    expect(length(get(), true)).toBe(-1)
    expect(length(get(), false)).toBe(-2)
    expect(length(get(['content-length', '5']), false)).toBe(5)
    expect(length(get(['content-length', '0']), true)).toBe(0)
    expect(length(get(['content-length', '5']), true)).toBe('bad-content-length')
    expect(length(get(['content-length', '+5']), false)).toBe('bad-content-length')
    expect(length(get(['content-length', '5, 5']), false)).toBe('bad-content-length')
    expect(length(get(['content-length', '5'], ['content-length', '5']), false)).toBe('bad-content-length')
    expect(length(get(['content-length', '9'.repeat(17)]), false)).toBe('bad-content-length')
  })

  test('knows expectations, logins and hops', () => {
    expect(sound(read(get(['expect', '100-Continue']), false)).meaning.expectsContinue).toBe(true)
    expect(read(get(['expect', 'wonders']))).toBe('unknown-expectation')
    expect(sound(read(get(['authorization', 'Negotiate abc']))).meaning.login).toBe(true)
    expect(sound(read(get(['max-forwards', '3']))).meaning.maxForwards).toBe(3)
    expect(read([...but(':method', 'TRACE'), ['max-forwards', 'many']])).toBe('bad-field')
  })
})

describe('a request head is refused', () => {
  test.each<[why: string, fields: Field[], fault: string]>([
    ['without :method', but(':method'), 'bad-pseudo-field'],
    ['without :scheme', but(':scheme'), 'bad-pseudo-field'],
    ['without :path', but(':path'), 'bad-pseudo-field'],
    ['without :authority and Host', but(':authority'), 'bad-host'],
    ['with nothing', [], 'bad-pseudo-field'],
    ['with a pseudo-field twice', [...PSEUDO, [':path', '/']], 'bad-pseudo-field'],
    ['with a pseudo-field twice, the same', [...PSEUDO, [':method', 'GET']], 'bad-pseudo-field'],
    ['with a pseudo-field behind a field', [['a', 'b'], ...PSEUDO], 'bad-pseudo-field'],
    ['with all but one in front', [...but(':path'), ['a', 'b'], [':path', '/']], 'bad-pseudo-field'],
    ['with one of an answer', [...PSEUDO, [':status', '200']], 'bad-pseudo-field'],
    ['with an unknown one', [...PSEUDO, [':own', '1']], 'bad-pseudo-field'],
    ['with a method that is none', but(':method', 'GE T'), 'bad-pseudo-field'],
    ['with an empty method', but(':method', ''), 'bad-pseudo-field'],
    ['with a long method', but(':method', 'M'.repeat(65)), 'unknown-method'],
    ['with another scheme', but(':scheme', 'ftp'), 'bad-pseudo-field'],
    ['with an empty :authority', but(':authority', ''), 'bad-host'],
    ['with a user in :authority', but(':authority', 'me@erp.example'), 'bad-host'],
    ['with a list of hosts', but(':authority', 'a.example, b.example'), 'bad-host'],
    ['with an empty :path', but(':path', ''), 'bad-target'],
    ['with a relative :path', but(':path', 'web'), 'bad-target'],
    ['with an absolute :path', but(':path', 'https://erp.example/'), 'bad-target'],
    ['with * but not of OPTIONS', but(':path', '*'), 'bad-target'],
    ['with a fragment', but(':path', '/#a'), 'bad-target'],
    ['with a blank in :path', but(':path', '/a b'), 'bad-target'],
    ['with a line break in :path', but(':path', '/a\r\nx:'), 'bad-target'],
    ['with a byte beyond ASCII in :path', but(':path', '/\xe4'), 'bad-target'],
    ['with a long :path', but(':path', `/${'a'.repeat(100)}`), 'target-too-long'],
    [
      'with CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.example:443'],
      ],
      'unknown-method',
    ],
    ['with connect in lower case', but(':method', 'connect'), 'unknown-method'],
    ['with :protocol but not CONNECT', [...PSEUDO, [':protocol', 'websocket']], 'bad-pseudo-field'],
    [
      'with another protocol than WebSocket',
      [...but(':method', 'CONNECT'), [':protocol', 'connect-udp']],
      'unknown-method',
    ],
    [
      'with :protocol but no :path',
      [
        [':method', 'CONNECT'],
        [':protocol', 'websocket'],
        [':scheme', 'https'],
        [':authority', 'a.example'],
      ],
      'bad-pseudo-field',
    ],
    ['with a name in upper case', get(['X-Own', '1']), 'bad-field'],
    ['with an empty name', get(['', '1']), 'bad-field'],
    ['with a blank in a name', get(['x own', '1']), 'bad-field'],
    ['with a colon in a name', get(['x:own', '1']), 'bad-field'],
    ['with a line break in a value', get(['x', 'a\r\nb: c']), 'bad-character'],
    ['with a NUL in a value', get(['x', 'a\0']), 'bad-character'],
    ['with DEL in a value', get(['x', '\x7f']), 'bad-character'],
    ['with a blank in front of a value', get(['x', ' a']), 'bad-field'],
    ['with a tab behind a value', get(['x', 'a\t']), 'bad-field'],
    ['with Connection', get(['connection', 'close']), 'connection-field'],
    ['with Keep-Alive', get(['keep-alive', 'timeout=5']), 'connection-field'],
    ['with Proxy-Connection', get(['proxy-connection', 'keep-alive']), 'connection-field'],
    ['with Transfer-Encoding', get(['transfer-encoding', 'chunked']), 'connection-field'],
    ['with Upgrade', get(['upgrade', 'websocket']), 'connection-field'],
    ['with TE of a coding', get(['te', 'gzip']), 'connection-field'],
    ['with Host twice', get(['host', 'erp.example'], ['host', 'erp.example']), 'bad-host'],
    [
      'with Host twice and no :authority',
      [...but(':authority'), ['host', 'a.example'], ['host', 'a.example']],
      'bad-host',
    ],
  ])('%s', (_, fields, fault) => {
    expect(read(fields)).toBe(fault)
  })

  test('and the next one on its connection is read as ever', () => {
    const reader = new Reader()
    expect(reader.read(get(['X', '1']))).toBe('bad-field')
    expect(sound(reader.read(get(['x', '1']))).meaning.fields.names).toEqual(['host', 'x'])
    expect(reader.read(get(['X', '1']))).toBe('bad-field')
  })
})

describe('what passes', () => {
  test.each<[what: string, fields: Field[]]>([
    ['TE of trailers, in any case', get(['te', 'Trailers'])],
    ['a value with obs-text and a tab inside', get(['x', '\xfc\t\xe4'])],
    ['an empty value', get(['x', ''])],
    ['* of OPTIONS', [...but(':method', 'OPTIONS').filter(([name]) => name !== ':path'), [':path', '*']]],
    ['an unknown method', but(':method', 'PROPFIND')],
  ])('%s', (_, fields) => {
    expect(read(fields)).toBeTypeOf('object')
  })
})

describe('an extended CONNECT (RFC 8441)', () => {
  const connect: Field[] = [...but(':method', 'CONNECT'), [':protocol', 'websocket'], ['sec-websocket-version', '13']]

  test('is the GET with an upgrade that it is over HTTP/1.1', () => {
    const reader = new Reader()
    const head = sound(reader.read(connect, false))
    expect(head).toMatchObject({ method: 'GET', target: '/web?x=1', host: 'erp.example' })
    expect(head.meaning).toMatchObject({ length: -1, options: { upgrade: 'websocket' } })
    expect(reader.protocol).toBe('websocket')
    expect(sound(reader.read(get(), true)).meaning.options.upgrade).toBeUndefined()
    expect(reader.protocol).toBeUndefined()
  })

  test('has no body', () => {
    expect(read([...connect, ['content-length', '5']], false)).toBe('bad-content-length')
  })
})

describe('trailers', () => {
  const trailers = (...fields: Field[]): object | string => new Reader().trailers(fields)

  test('are fields like others', () => {
    expect(trailers(['x-sum', '1'], ['grpc-status', '0'])).toMatchObject({ names: ['x-sum', 'grpc-status'] })
    expect(trailers()).toMatchObject({ names: [] })
  })

  test.each<[what: string, field: Field]>([
    ['a pseudo-field', [':path', '/']],
    ['a length', ['content-length', '1']],
    ['a coding', ['transfer-encoding', 'chunked']],
    ['a field of a connection', ['connection', 'close']],
    ['a name in upper case', ['X', '1']],
    ['a line break', ['x', '\n']],
  ])('are refused with %s', (_, field) => {
    expect(trailers(['x', '1'], field)).toBe('bad-trailer')
  })
})
