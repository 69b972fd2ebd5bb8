// Which answers are compressed, and what their fields then say (RFC 9110 8.4, 8.8, 12.5.3, 13, 15.4.5; RFC 9111 5.2; RFC 9530).

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decoded } from '../support/decoded.ts'
import { usePair } from '../support/pair.ts'
import { answerBytes, ok } from '../support/raw-answers.ts'
import { ask, RawClient } from '../support/raw-client.ts'
import type { Answer } from '../support/raw-upstream.ts'
import { amount } from '../support/thorough.ts'
import { sleep } from '../support/until.ts'
import { allOf, field } from '../support/wire.ts'

const pair = usePair({
  config: {
    compress: { minBytes: '1000B' },
    routes: [
      { match: { path: '/plain' }, pool: 'erp', compress: false },
      { match: { path: '/secrets' }, pool: 'erp', compress: { secrets: true } },
      { match: { path: '/offload' }, pool: 'erp', compress: { offload: true } },
      { match: { path: '/gzip' }, pool: 'erp', compress: { codings: ['gzip'], level: 'balanced' } },
      { pool: 'erp' },
    ],
  },
})

const TYPE = 'Content-Type: text/plain'
const TEXT = 'All work and no play makes Jack a dull boy. '.repeat(50)

function get(path = '/x', fields: readonly string[] = ['Accept-Encoding: gzip'], method = 'GET'): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: a.example', ...fields, '', ''].join('\r\n')
}

/** The head alone, to HEAD. */
function headOf(bytes: string): Answer {
  return answerBytes(bytes.slice(0, bytes.indexOf('\r\n\r\n') + 4))
}

const asked = (name: string) => pair.upstream.requests.map(request => field(request, name))

describe('an answer that is compressed', () => {
  test.each([['gzip'], ['br'], ['zstd']])('in %s is the same when decoded, and says its own length', async coding => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE]))
    const answer = await ask(pair.port, get('/x', [`Accept-Encoding: ${coding}`]))
    expect(field(answer, 'content-encoding')).toBe(coding)
    expect(field(answer, 'vary')).toBe('Accept-Encoding')
    expect(allOf(answer.fields, 'content-length')).toEqual([String(answer.body.length)])
    expect(answer.body.length).toBeLessThan(TEXT.length / 5)
    expect(decoded(answer).toString()).toBe(TEXT)
  })

  test('is the same when decoded, however long it is and in whatever pieces it comes', async () => {
    const body = fc
      .tuple(fc.constantFrom(1, 300, 5000, 8192, 8193, 70_000, 200_000), fc.boolean())
      .map(([length, isText]) =>
        isText ? TEXT.repeat(Math.ceil(length / TEXT.length)).slice(0, length) : noise(length),
      )
    const coding = fc.constantFrom('gzip', 'br', 'zstd')
    const framing = fc.constantFrom('length', 'chunked', 'close')
    await fc.assert(
      fc.asyncProperty(body, coding, framing, fc.array(fc.nat(), { maxLength: 4 }), async (text, name, how, cuts) => {
        await pair.upstream.forget(async arrival => {
          await arrival.whole()
          const pieces = piecesOf(text, cuts)
          const length = how === 'length' ? [`Content-Length: ${text.length}`] : []
          const chunked = how === 'chunked' ? ['Transfer-Encoding: chunked'] : []
          await arrival.connection.write(['HTTP/1.1 200 OK', TYPE, ...length, ...chunked, '', ''].join('\r\n'))
          for (const piece of pieces) {
            const isChunk = how === 'chunked' && piece !== ''
            await arrival.connection.write(isChunk ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece)
            if (cuts.length > 2) await sleep(1)
          }
          if (how === 'chunked') await arrival.connection.write('0\r\n\r\n')
          if (how === 'close') arrival.connection.end()
        })
        const client = await RawClient.connect(pair.port)
        client.send(get('/x', [`Accept-Encoding: ${name}`]) + get('/plain/y', ['Connection: close']))
        const answer = await client.final()
        expect(decoded(answer).toString('latin1') === text).toBe(true)
        // One whose length is known to be below minBytes stays as it is.
        expect(field(answer, 'content-encoding')).toBe(how === 'length' && text.length < 1000 ? undefined : name)
        // The next one is in step.
        if (how !== 'close') expect((await client.final()).body.toString('latin1') === text).toBe(true)
        client.close()
      }),
      { numRuns: amount(25) },
    )
  })

  test('has a weak tag, no digests of the plain bytes, and offers no ranges of them', async () => {
    const gone = ['Accept-Ranges: bytes', 'Content-MD5: x', 'Content-Digest: sha-256=:x:', 'Repr-Digest: sha-256=:x:']
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE, 'ETag: "v1"', 'Vary: Origin', 'Server: x', ...gone]))
    const answer = await ask(pair.port, get())
    expect(field(answer, 'etag')).toBe('W/"v1"')
    expect(field(answer, 'vary')).toBe('Origin, Accept-Encoding')
    expect(field(answer, 'server')).toBe('x')
    for (const line of gone) expect(field(answer, line.slice(0, line.indexOf(':')))).toBeUndefined()
    // As it came, for who takes it as it is.
    const plain = await ask(pair.port, get('/x', []))
    expect(field(plain, 'etag')).toBe('"v1"')
    expect(field(plain, 'vary')).toBe('Origin, Accept-Encoding')
    for (const line of gone) expect(field(plain, line.slice(0, line.indexOf(':')))).toBeDefined()
    expect(plain.body.toString()).toBe(TEXT)
  })

  test('is of a route whose codings the client accepts', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE]))
    expect(
      field(await ask(pair.port, get('/gzip', ['Accept-Encoding: zstd, br, gzip;q=0.1'])), 'content-encoding'),
    ).toBe('gzip')
    expect(field(await ask(pair.port, get('/gzip', ['Accept-Encoding: zstd, br'])), 'content-encoding')).toBeUndefined()
    const two = ['Accept-Encoding: br;q=0.5', 'Accept-Encoding: gzip']
    expect(field(await ask(pair.port, get('/x', two)), 'content-encoding')).toBe('gzip')
    expect(field(await ask(pair.port, get('/x', ['Accept-Encoding: gzip;q=0, *'])), 'content-encoding')).not.toBe(
      'gzip',
    )
    expect(field(await ask(pair.port, get('/x', ['Accept-Encoding: gzip;q=0'])), 'content-encoding')).toBeUndefined()
  })

  test('keeps its trailers, but for digests', async () => {
    const trailers = 'Content-Digest: sha-256=:x:\r\nServer-Timing: db;dur=3\r\n'
    const chunk = `${TEXT.length.toString(16)}\r\n${TEXT}\r\n0\r\n${trailers}\r\n`
    pair.upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\n${TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`)
    const answer = await ask(pair.port, get())
    expect(decoded(answer).toString()).toBe(TEXT)
    expect(answer.trailers).toEqual([['Server-Timing', 'db;dur=3']])
  })

  test('goes to HTTP/1.0 too, which knows no chunks', async () => {
    const request = 'GET /x HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n'
    const long = TEXT.repeat(10)
    pair.upstream.answer = answerBytes(ok(long, [TYPE]))
    const client = await RawClient.connect(pair.port)
    client.send(request)
    const { responses, ending } = await client.untilClosed()
    expect(ending).toBe('fin')
    expect(decoded(responses[0]!).toString()).toBe(long)
    expect(field(responses[0]!, 'transfer-encoding')).toBeUndefined()
  })

  test('follows its interim responses', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok(TEXT, [TYPE])}`)
    const answer = await ask(pair.port, get())
    expect(answer.interim.map(({ status }) => status)).toEqual([103])
    expect(answer.interim[0]!.fields).toEqual([['Link', '</a.css>']])
    expect(decoded(answer).toString()).toBe(TEXT)
  })
})

describe('an answer that is not compressed', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['is too short', [TYPE], ['short']],
    ['is of a type that does not pay', ['Content-Type: image/png'], [TEXT]],
    ['is compressed already', [TYPE, 'Content-Encoding: gzip', 'ETag: "gz"'], [TEXT]],
    ['says no-transform', [TYPE, 'Cache-Control: public, no-transform', 'ETag: "v1"', 'Accept-Ranges: bytes'], [TEXT]],
  ])('because it %s, passes as it came', async (_, fields, [body]) => {
    pair.upstream.answer = answerBytes(ok(body, fields))
    const answer = await ask(pair.port, get())
    expect(answer.body.toString()).toBe(body)
    const lines = answer.fields.map(([name, value]) => `${name}: ${value}`)
    for (const line of fields) expect(lines).toContain(line)
    const mayVary = !fields.some(line => /no-transform|image/.test(line))
    expect(field(answer, 'vary')).toBe(mayVary ? 'Accept-Encoding' : undefined)
  })

  test('is one to a request with no-transform', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE, 'ETag: "v1"']))
    const answer = await ask(pair.port, get('/x', ['Accept-Encoding: gzip', 'Cache-Control: no-transform']))
    expect(answer.body.toString()).toBe(TEXT)
    expect(field(answer, 'etag')).toBe('"v1"')
    expect(field(answer, 'vary')).toBe('Accept-Encoding')
  })

  test('is a part, whatever the client accepts', async () => {
    const part = TEXT.slice(0, 1500)
    const range = `bytes 0-1499/${TEXT.length}`
    pair.upstream.answer = answerBytes(
      ok(part, [TYPE, `Content-Range: ${range}`, 'ETag: "v1"', 'Accept-Ranges: bytes']).replace('200 OK', '206 Part'),
    )
    const answer = await ask(pair.port, get('/x', ['Accept-Encoding: gzip', 'Range: bytes=0-1499']))
    expect(answer.status).toBe(206)
    expect(answer.body.toString()).toBe(part)
    expect(field(answer, 'content-encoding')).toBeUndefined()
    expect(field(answer, 'content-range')).toBe(range)
    expect(field(answer, 'content-length')).toBe('1500')
    expect(field(answer, 'etag')).toBe('"v1"')
    expect(asked('range')).toEqual(['bytes=0-1499'])
  })

  test('is one on a route that does not compress: nothing of it is different', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE, 'ETag: "v1"']))
    const answer = await ask(pair.port, get('/plain', ['Accept-Encoding: gzip', 'If-None-Match: W/"v0"']))
    expect(answer.body.toString()).toBe(TEXT)
    expect(field(answer, 'vary')).toBeUndefined()
    expect(asked('if-none-match')).toEqual(['W/"v0"'])
  })

  test('is an empty one', async () => {
    pair.upstream.answer = answerBytes('HTTP/1.1 204 No Content\r\nETag: "v1"\r\n\r\n')
    const answer = await ask(pair.port, get())
    expect(answer.status).toBe(204)
    expect(field(answer, 'etag')).toBe('"v1"')
    expect(field(answer, 'content-encoding')).toBeUndefined()
  })

  test('may be one of who shows a session, where secrets are declared', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE]))
    const cookie = ['Accept-Encoding: gzip', 'Cookie: session_id=1']
    expect(field(await ask(pair.port, get('/secrets', cookie)), 'content-encoding')).toBeUndefined()
    expect(field(await ask(pair.port, get('/secrets')), 'content-encoding')).toBe('gzip')
    expect(field(await ask(pair.port, get('/x', cookie)), 'content-encoding')).toBe('gzip')
  })
})

describe('HEAD', () => {
  test.each<[string, string]>([
    ['that would be compressed', ok(TEXT, [TYPE, 'ETag: "v1"', 'Accept-Ranges: bytes'])],
    ['that is too short', ok('short', [TYPE, 'ETag: "v1"'])],
    ['of unknown length', `HTTP/1.1 200 OK\r\n${TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n0\r\n\r\n`],
    ['that must not be changed', ok(TEXT, [TYPE, 'Cache-Control: no-transform'])],
  ])('says what GET says of an answer %s', async (_, bytes) => {
    pair.upstream.answer = answerBytes(bytes)
    const whole = await ask(pair.port, get())
    pair.upstream.answer = headOf(bytes)
    const head = await ask(pair.port, get('/x', ['Accept-Encoding: gzip'], 'HEAD'), 'HEAD')
    const names = ['content-encoding', 'vary', 'etag', 'accept-ranges', 'content-type']
    for (const name of names) expect(field(head, name), name).toBe(field(whole, name))
    expect(head.body.length).toBe(0)
    // That of the compressed bytes is not known before there are any; the plain one would be a lie.
    if (field(whole, 'content-encoding') !== undefined) expect(field(head, 'content-length')).toBeUndefined()
    else if (!bytes.includes('chunked')) expect(field(head, 'content-length')).toBe(field(whole, 'content-length'))
  })
})

describe('a condition', () => {
  /** As a server that compares strongly, byte for byte. */
  const strict: Answer = async arrival => {
    const request = await arrival.whole()
    const isKnown = field(request, 'if-none-match') === '"v1"'
    await arrival.connection.write(
      isKnown ? 'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\n\r\n' : ok(TEXT, [TYPE, 'ETag: "v1"']),
    )
  }

  test('on the tag of a compressed answer gives its 304, with that tag', async () => {
    pair.upstream.answer = strict
    const first = await ask(pair.port, get())
    const tag = field(first, 'etag')!
    expect(tag).toBe('W/"v1"')
    const second = await ask(pair.port, get('/x', ['Accept-Encoding: gzip', `If-None-Match: ${tag}`]))
    expect(second.status).toBe(304)
    expect(field(second, 'etag')).toBe(tag)
    expect(field(second, 'vary')).toBe('Accept-Encoding')
    // Who has it plain keeps it plain.
    const plain = await ask(pair.port, get('/x', ['Accept-Encoding: gzip', 'If-None-Match: "v1"']))
    expect(plain.status).toBe(304)
    expect(field(plain, 'etag')).toBe('"v1"')
  })

  test('of If-Match, which is compared strongly, names the tag that the upstream gave', async () => {
    pair.upstream.answer = answerBytes(ok('saved', [TYPE]))
    await ask(pair.port, get('/x', ['If-Match: W/"v1"', 'Content-Length: 0'], 'PUT'), 'PUT')
    expect(asked('if-match')).toEqual(['"v1"'])
  })

  test.each([
    ['Mon, 01 Jan 2029 00:00:00 GMT', undefined],
    ['W/"v1"', undefined],
    ['"v1"', 'bytes=1000-'],
  ])(
    'If-Range: %s asks for the range %s: a part of plain bytes never goes behind compressed ones',
    async (condition, range) => {
      pair.upstream.answer = answerBytes(ok(TEXT, [TYPE, 'ETag: "v1"']))
      const fields = ['Accept-Encoding: gzip', 'Range: bytes=1000-', `If-Range: ${condition}`]
      const answer = await ask(pair.port, get('/x', fields))
      expect(asked('range')).toEqual([range])
      expect(decoded(answer).toString()).toBe(TEXT)
    },
  )
})

describe('an upstream', () => {
  test('is told what the client accepts, and what it compresses is sent as it is', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE, 'Content-Encoding: br', 'ETag: W/"up"']))
    const answer = await ask(pair.port, get('/x', ['Accept-Encoding: gzip, br']))
    expect(asked('accept-encoding')).toEqual(['gzip, br'])
    expect(answer.body.toString()).toBe(TEXT)
    expect(allOf(answer.fields, 'content-encoding')).toEqual(['br'])
  })

  test('is not told where vigia takes the work', async () => {
    pair.upstream.answer = answerBytes(ok(TEXT, [TYPE]))
    const client = await RawClient.connect(pair.port)
    for (let i = 0; i < 2; i += 1) {
      client.send(get('/offload', ['Accept-Encoding: gzip', 'X-Other: 1']))
      expect(decoded(await client.final()).toString()).toBe(TEXT)
    }
    client.close()
    expect(asked('accept-encoding')).toEqual([undefined, undefined])
    expect(asked('x-other')).toEqual(['1', '1'])
  })
})

/** Latin-1 text that no coding makes shorter. */
function noise(length: number): string {
  let state = length
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return String.fromCharCode(state >>> 24)
  }).join('')
}

/** Cut at these places, in order. */
function piecesOf(text: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map(cut => cut % (text.length + 1)).sort((a, b) => a - b), text.length]
  return places.slice(1).map((end, i) => text.slice(places[i], end))
}
