// Random messages made of good and bad pieces, against the running program. Whatever it is given: it answers in valid HTTP,
// passes on only what a strict reader reads in the same way, and never loses a worker.
// The usual run is short and always the same; FUZZ_RUNS=N makes N new cases of each.

import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes } from '../support/raw-answers.ts'
import { RawClient } from '../support/raw-client.ts'
import { amount } from '../support/thorough.ts'
import { type RequestMessage, readRequest, readResponse } from '../support/wire.ts'

const pair = usePair({ config: { timeouts: { head: '2s', idle: '2s', response: '2s' } } })
const { FUZZ_RUNS } = process.env
const budget = FUZZ_RUNS === undefined ? { numRuns: amount(250, 150), seed: 7_230 } : { numRuns: Number(FUZZ_RUNS) }
const TIMEOUT_MS = FUZZ_RUNS === undefined ? 120_000 : 3_600_000

afterEach(async () => {
  const { workers } = await pair.vigia.status()
  expect(workers.map(each => each.restarts)).toEqual([0])
  expect(pair.upstream.violations).toEqual([])
})

const oneOf = (...choices: string[]) => fc.constantFrom(...choices)
/** Mostly the first, at times one of the others. */
const mostly = (usual: string, ...others: string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: oneOf(...others) })

const crlf = mostly('\r\n', '\n', '\r', '\r\r\n', '\n\r', '\r\n ', '')
const space = mostly(' ', '  ', '\t', '')
const field = fc.oneof(
  {
    weight: 3,
    arbitrary: oneOf('Host: a.example', 'Host: b.example', 'X-A: b', 'X-B:', 'Cookie: a=b', 'Connection: keep-alive'),
  },
  {
    weight: 3,
    arbitrary: oneOf(
      'Content-Length: 5',
      'Content-Length: 0',
      'Transfer-Encoding: chunked',
      'transfer-encoding:\tChunked ',
      'content-length:5',
    ),
  },
  {
    weight: 1,
    arbitrary: oneOf(
      ...[
        'Content-Length: 6',
        'Content-Length: 5, 5',
        'Content-Length: +5',
        'Content-Length: 05',
        'Content-Length : 5',
        'Content-Length:\x0b5',
      ],
      ...[
        'Transfer-Encoding: gzip, chunked',
        'Transfer-Encoding : chunked',
        'Transfer-Encoding: \x0bchunked',
        'Transfer-Encoding: chunked, chunked',
      ],
      ...[
        'Connection: close',
        'Connection: Content-Length',
        'Connection: Transfer-Encoding',
        'Expect: 100-continue',
        'Upgrade: h2c',
        'X-\0: a',
        ' X: folded',
        ': x',
      ],
    ),
  },
)
const body = fc.oneof(
  oneOf('', 'hello', '5\r\nhello\r\n0\r\n\r\n', '0\r\n\r\n', '2\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n'),
  oneOf(
    '5\r\nhello0\r\n\r\n',
    '5 \r\nhello\r\n0\r\n\r\n',
    '05\r\nhello\r\n00\r\n\r\n',
    '0x5\r\nhello\r\n0\r\n\r\n',
    '5\nhello\n0\n\n',
    '-1\r\n\r\n',
    '0\r\nGET /in HTTP/1.1\r\n\r\n',
  ),
)
const requestLine = fc
  .tuple(
    oneOf('GET', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'BCOPY', 'get'),
    space,
    fc.nat(99),
    space,
    mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'http/1.1', ''),
  )
  .map(([method, a, target, b, version]) => `${method}${a}/t${target}${b}${version}`)
const section = fc
  .tuple(mostly('Host: a.example\r\n', ''), fc.array(fc.tuple(field, crlf), { maxLength: 4 }), mostly('\r\n', '\n', ''))
  .map(([host, fields, end]) => host + fields.flat().join('') + end)
const request = fc.tuple(requestLine, crlf, section, body).map(parts => parts.join(''))
const requests = fc.array(request, { minLength: 1, maxLength: 3 }).map(parts => parts.join(''))

const statusLine = fc
  .tuple(
    mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0'),
    space,
    mostly('200', '204', '304', '404', '100', '103', '101', '20'),
    mostly(' OK', ' ', ' \x01'),
  )
  .map(parts => parts.join(''))
const response = fc.tuple(statusLine, crlf, section, body).map(parts => parts.join(''))

/** What a strict reader makes of the bytes, up to the first fault. */
function strictly(bytes: string): RequestMessage[] {
  const read: RequestMessage[] = []
  // RFC 9110 2.5: a later HTTP/1.x is read as 1.1.
  let rest = Buffer.from(bytes.replaceAll('HTTP/1.2', 'HTTP/1.1'), 'latin1')
  for (;;) {
    // RFC 9112 2.2: empty lines before a request line are skipped.
    while (rest.toString('latin1', 0, 2) === '\r\n') rest = rest.subarray(2)
    try {
      const message = readRequest(rest)
      if (message === undefined) return read
      read.push(message)
      rest = rest.subarray(message.bytes.length)
    } catch {
      return read
    }
  }
}

const essence = (each: RequestMessage) => `${each.method} ${each.target} ${each.body.toString('latin1')}`

test(
  'what reaches the upstream is what a strict reader reads, in the same order',
  async () => {
    await fc.assert(
      fc.asyncProperty(requests, fc.nat(200), async (bytes, cut) => {
        await pair.upstream.forget()
        const client = await RawClient.connect(pair.port)
        await client.sendPieces([bytes.slice(0, cut), bytes.slice(cut)].filter(piece => piece !== ''))
        client.end()
        const expected = strictly(bytes)
        const { responses } = await client.untilClosed([...expected.map(each => each.method), 'GET'])
        client.close()
        const passed = pair.upstream.requests.map(essence)
        expect(passed).toEqual(expected.slice(0, passed.length).map(essence))
        expect(responses.filter(each => each.status === 200).length).toBeLessThanOrEqual(passed.length)
        expect(
          responses.every(each => ![500, 502, 503, 504].includes(each.status)),
          'no answer blames the upstream',
        ).toBe(true)
      }),
      budget,
    )
  },
  TIMEOUT_MS,
)

test(
  'a response that reaches the client as whole is the one that a strict reader reads',
  async () => {
    await fc.assert(
      fc.asyncProperty(response, oneOf('GET', 'HEAD', 'POST'), async (bytes, method) => {
        await pair.upstream.forget(answerBytes(bytes, 'fin'))
        const client = await RawClient.connect(pair.port)
        client.send(`${method} /x HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
        const { responses } = await client.untilClosed([method])
        client.close()
        const final = responses.find(each => each.status >= 200)
        // No status of the upstream's is above 404 here: such an answer is vigia's own.
        if (final === undefined || final.status >= 500) return
        // RFC 9112 5.1: of a response a proxy drops the blanks before a colon.
        let rest = Buffer.from(bytes.replace(/^([!-9;-~]+)[\t ]+:/gm, '$1:'), 'latin1')
        let upstreams = readResponse(rest, method, true)
        while (upstreams !== undefined && upstreams.status < 200) {
          rest = rest.subarray(upstreams.bytes.length)
          upstreams = readResponse(rest, method, true)
        }
        expect([final.status, final.body.toString('latin1')]).toEqual([
          upstreams?.status,
          upstreams?.body.toString('latin1'),
        ])
      }),
      budget,
    )
  },
  TIMEOUT_MS,
)
