// TCP has no message boundaries: whatever the pieces in which bytes arrive, the result is that of the whole.

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerEcho } from '../support/raw-answers.ts'
import { RawClient } from '../support/raw-client.ts'

const pair = usePair()

const REQUESTS = {
  'a GET': ['GET'],
  'a POST with a length': ['POST'],
  'a chunked PUT with extension and trailers': ['PUT'],
  'two pipelined requests': ['POST', 'GET'],
  'a malformed field': ['GET'],
  'an oversized chunk size': ['POST'],
} as const

const BYTES: Record<keyof typeof REQUESTS, string> = {
  'a GET': 'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-A:  b \r\nCookie: c=d\r\nConnection: close\r\n\r\n',
  'a POST with a length':
    'POST /p HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: 7\r\n\r\n\r\n\r\nabc',
  'a chunked PUT with extension and trailers':
    'PUT /c HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhe\r\no\r\n00a\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
  'two pipelined requests':
    'POST /1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
  'a malformed field': 'GET /a HTTP/1.1\r\nHost: a.example\r\nX-A : b\r\n\r\n',
  'an oversized chunk size':
    'POST /c HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
}

/** What came back, without what differs from exchange to exchange. */
async function resultOf(pieces: readonly (string | Buffer)[], methods: readonly string[]): Promise<string> {
  const client = await RawClient.connect(pair.port)
  await client.sendPieces(pieces)
  const { responses, rest, ending } = await client.untilClosed(methods)
  client.close()
  const seen = responses.map(each => [
    each.status,
    each.status === 200 ? each.body.toString('latin1') : '',
    each.trailers,
  ])
  return JSON.stringify([seen, rest.toString('latin1'), ending])
}

/** Runs the jobs, a few at a time. */
async function inParallel(jobs: readonly (() => Promise<void>)[], width = 16): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < jobs.length) {
      const job = jobs[next]!
      next += 1
      await job()
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
}

describe('a request gives the same result however it is cut:', () => {
  for (const [name, methods] of Object.entries(REQUESTS)) {
    const bytes = BYTES[name as keyof typeof REQUESTS]

    test(`${name}, in two pieces, at every point`, async () => {
      pair.upstream.answer = answerEcho
      const whole = await resultOf([bytes], methods)
      const differing: string[] = []
      const jobs = Array.from({ length: bytes.length - 1 }, (_, i) => async () => {
        const result = await resultOf([bytes.slice(0, i + 1), bytes.slice(i + 1)], methods)
        if (result !== whole) differing.push(`cut at ${i + 1}: ${result} instead of ${whole}`)
      })
      await inParallel(jobs)
      expect(differing).toEqual([])
    })

    test(`${name}, byte by byte`, async () => {
      pair.upstream.answer = answerEcho
      const whole = await resultOf([bytes], methods)
      expect(await resultOf([...bytes], methods)).toBe(whole)
    })
  }
})

const RESPONSES: Record<string, string> = {
  'a length': 'HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 7\r\n\r\n\r\n\r\nabc',
  chunks:
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhe\r\no\r\n00a\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n',
  'an interim response before it':
    'HTTP/1.1 103 Early Hints\r\nX-B: c\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'no body': 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n',
  'a malformed field': 'HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 2\r\n\r\nok',
}

describe('a response gives the same result however it is cut: with', () => {
  for (const [name, bytes] of Object.entries(RESPONSES)) {
    const request = (target: string) => `GET /${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`

    test(`${name}, in two pieces at every point, and byte by byte`, async () => {
      pair.upstream.answer = async ({ connection, target, whole }) => {
        await whole()
        const at = target.slice(1)
        if (at === 'whole') await connection.write(bytes)
        else if (at === 'bytes') await connection.writePieces([...bytes])
        else await connection.writePieces([bytes.slice(0, Number(at)), bytes.slice(Number(at))])
      }
      const seen = async (at: string) => {
        const client = await RawClient.connect(pair.port)
        client.send(request(at))
        const { responses, rest, ending } = await client.untilClosed()
        client.close()
        const parts = responses.map(each => [
          each.status,
          each.status < 400 ? [each.fields, each.body.toString('latin1')] : '',
          each.trailers,
        ])
        return JSON.stringify([parts, rest.toString('latin1'), ending]).replace(
          /\["(?:x-request-id|date)","[^"]*"\]/gi,
          '',
        )
      }
      const whole = await seen('whole')
      const differing: string[] = []
      const jobs = Array.from({ length: bytes.length - 1 }, (_, i) => async () => {
        const result = await seen(String(i + 1))
        if (result !== whole) differing.push(`cut at ${i + 1}: ${result} instead of ${whole}`)
      })
      await inParallel(jobs)
      expect(differing).toEqual([])
      expect(await seen('bytes')).toBe(whole)
    })
  }
})
