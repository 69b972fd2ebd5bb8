// Why an answer was refused: which rule, at which field or byte; in the log, in /status and on the record of a request in doubt. Names and
// sizes of fields, never values.

import { describe, expect, test } from 'vitest'
import type { InDoubtReport } from '../../src/admin/contract/in-doubt.ts'
import { usePair } from '../support/pair.ts'
import { answerBytes } from '../support/raw-answers.ts'
import { ask } from '../support/raw-client.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { until } from '../support/until.ts'
import { fetchText, startVigia } from '../support/vigia.ts'

const SECRET = 'tok-0123456789'
const COOKIE = `Set-Cookie: sid=${SECRET}`

const CASES: readonly (readonly [name: string, bytes: string, reason: RegExp])[] = [
  [
    'a Set-Cookie of 17 KB',
    `HTTP/1.1 200 OK\r\nServer: x\r\n${COOKIE}${'c'.repeat(17_000)}\r\n\r\n`,
    /^head-too-large: the head has more than 16384 bytes \(limits\.head of the pool\), 16\d{3} of them in 1 x Set-Cookie$/,
  ],
  [
    '120 cookies',
    `HTTP/1.1 200 OK\r\nServer: x\r\n${`${COOKIE}\r\n`.repeat(120)}\r\n`,
    /^too-many-fields: the head has 121 fields, more than 100 \(limits\.headers of the pool\), 120 of them Set-Cookie$/,
  ],
  [
    'two Transfer-Encodings',
    `HTTP/1.1 200 OK\r\n${COOKIE}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    /^bad-transfer-encoding: Transfer-Encoding is repeated \(fields 2 and 3\)$/,
  ],
  [
    'a malformed length',
    `HTTP/1.1 200 OK\r\n${COOKIE}\r\nContent-Length: ${SECRET}\r\n\r\n`,
    /^bad-content-length: Content-Length is malformed \(field 2\)$/,
  ],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^length-and-encoding: Content-Length \(field 1\) and Transfer-Encoding \(field 2\) come together$/,
  ],
  [
    'another coding',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${SECRET}\r\n\r\n`,
    /^unknown-transfer-encoding: Transfer-Encoding names a coding other than chunked \(field 1\)$/,
  ],
  [
    'a control character',
    `HTTP/1.1 200 OK\r\nSet-Cookie: a\x01${SECRET}\r\n\r\n`,
    /^bad-character: there is a control character, at byte 31, in field 1 \(Set-Cookie\)$/,
  ],
  [
    'a name with a space',
    `HTTP/1.1 200 OK\r\nServer: x\r\n${SECRET} y: z\r\n\r\n`,
    /^bad-field: a field has no valid name, at byte 29, in field 2 \(after Server\)$/,
  ],
  [
    'a folded line',
    `HTTP/1.1 200 OK\r\n${COOKIE}\r\n ${SECRET}\r\n\r\n`,
    /^line-folding: a field is folded over lines, at byte 50, in field 2 \(after Set-Cookie\)$/,
  ],
  [
    'a bare LF',
    `HTTP/1.1 200 OK\r\nServer: x\n${COOKIE}\r\n\r\n`,
    /^bad-line-break: a line ends with a bare CR or LF, at byte 27, in field 1 \(Server\)$/,
  ],
  [
    'a status of two digits',
    `HTTP/1.1 20 ${SECRET}\r\n\r\n`,
    /^bad-start-line: the status line is malformed at byte 12$/,
  ],
  ['no HTTP', `220 ${SECRET} ESMTP\r\n\r\n`, /^bad-start-line: the status line is malformed at byte 1$/],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', /^bad-version: the status line says HTTP\/2\.0, which is not HTTP\/1$/],
  [
    'chunks in HTTP/1.0',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    /^bad-transfer-encoding: Transfer-Encoding in an answer of HTTP\/1\.0$/,
  ],
]

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const BODIES: typeof CASES = [
  ['no size', `${CHUNKED}3\r\nabc\r\n${SECRET}`, /^bad-chunk: the size of a chunk, at byte 9 of the chunked body$/],
  ['junk as an extension', `${CHUNKED}3;@`, /^bad-chunk: the extension of a chunk, at byte 3 of the chunked body$/],
  [
    'data that is too long',
    `${CHUNKED}3\r\n${SECRET}`,
    /^bad-chunk: the line break after a chunk's data, at byte 7 of the chunked body$/,
  ],
  ['framing in a trailer', `${CHUNKED}0\r\nContent-Length: 3\r\n\r\n`, /^bad-trailer: the trailer section$/],
]

describe('an answer that is refused says why', () => {
  const pair = usePair({ pool: { outlier: 'off', retry: { attempts: 1 } } })

  const recordsOf = async (path: string) => {
    const { records } = JSON.parse((await fetchText(pair.vigia.adminPort, '/in-doubt')).body) as InDoubtReport
    return records.filter(each => each.path === path)
  }
  const lastFailure = async () => (await pair.vigia.status()).pools[0]!.upstreams[0]!.lastFailure?.error

  test.each(CASES)('for its head: %s', async (name, bytes, reason) => {
    pair.upstream.answer = answerBytes(bytes)
    const path = `/${name.replaceAll(/\W/g, '-')}`
    const answer = await ask(pair.port, `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n`, 'POST')
    expect(answer.status).toBe(502)
    await expect.poll(async () => (await recordsOf(path)).length).toBe(1)
    const { cause } = (await recordsOf(path))[0]!
    expect(cause.replace(/^garbage: /, '')).toMatch(reason)
    await expect.poll(lastFailure).toBe(cause)
    for (const seen of [cause, answer.bytes.toString('latin1'), pair.vigia.stderr(), pair.vigia.stdout()])
      expect(seen).not.toContain(SECRET)
  })

  test.each(BODIES)('for its body: %s', async (_, bytes, reason) => {
    pair.upstream.answer = answerBytes(bytes)
    await ask(pair.port, 'GET /body HTTP/1.1\r\nHost: a\r\n\r\n').catch(() => {})
    await expect.poll(async () => (await lastFailure())?.replace(/^garbage: /, '')).toMatch(reason)
  })
})

describe('the log', () => {
  const pair = usePair({ pool: { outlier: 'off', retry: { attempts: 1 } } })

  test('says it once for many answers, also where nothing is in doubt', async () => {
    pair.upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\n${`${COOKIE}\r\n`.repeat(120)}\r\n`)
    for (let i = 0; i < 5; i += 1) await ask(pair.port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    const log = () => pair.vigia.stderr() + pair.vigia.stdout()
    await expect
      .poll(log)
      .toMatch(/upstream erp\/erp-1 sent an answer that is refused: too-many-fields: .* 120 of them Set-Cookie/)
    expect(log().split('is refused:')).toHaveLength(2)
    expect(log()).not.toContain(SECRET)
  })
})

describe('the limits of a pool', () => {
  const pair = usePair({
    pool: { limits: { head: '64KiB', headers: 200 } },
    config: { limits: { head: '1KiB', headers: 10 } },
  })

  test('hold for its answers, those of the top level for requests', async () => {
    const fields = `${`${COOKIE}${'c'.repeat(200)}\r\n`.repeat(150)}`
    pair.upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`)
    const GET = 'GET /x HTTP/1.1\r\nHost: a\r\n'
    const answer = await ask(pair.port, `${GET}\r\n`)
    expect([answer.status, answer.fields.filter(([name]) => name === 'Set-Cookie').length]).toEqual([200, 150])
    expect((await ask(pair.port, `${GET}X-A: ${'a'.repeat(2000)}\r\n\r\n`)).status).toBe(431)
  })
})

test('limits that a reload raises hold for connections that are idle', async () => {
  const upstream = await RawUpstream.start()
  const vigia = await startVigia({ upstreams: [upstream.port] })
  try {
    expect((await ask(vigia.port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(200)
    await vigia.writeConfig({ limits: { headers: 200 } })
    vigia.kill('SIGHUP')
    await until('the limits are raised', () => /limits\.headers 100 -> 200/.test(vigia.stdout() + vigia.stderr()))
    upstream.answer = answerBytes(`HTTP/1.1 200 OK\r\n${`${COOKIE}\r\n`.repeat(120)}Content-Length: 0\r\n\r\n`)
    expect((await ask(vigia.port, 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 'POST')).status).toBe(200)
  } finally {
    await vigia.stop()
    await upstream.close()
  }
})
