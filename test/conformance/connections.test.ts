// How long a client's connection lives, and in which order it gets its answers (RFC 9112 9).

import { describe, expect, test } from 'vitest'
import { usePair } from '../support/pair.ts'
import { answerBytes, answerOk, ok } from '../support/raw-answers.ts'
import { exchange, RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { field } from '../support/wire.ts'

const pair = usePair()

const request = (target: string, fields = '', version = '1.1') =>
  `GET ${target} HTTP/${version}\r\nHost: a.example\r\n${fields}\r\n`

describe('a connection stays open', () => {
  test.each([
    ['after an HTTP/1.1 request', request('/1')],
    ['after an HTTP/1.1 request with keep-alive', request('/1', 'Connection: keep-alive\r\n')],
    ['after an HTTP/1.0 request with keep-alive', request('/1', 'Connection: Keep-Alive\r\n', '1.0')],
  ])('%s', async (_, first) => {
    const client = await RawClient.connect(pair.port)
    client.send(first)
    const answer = await client.final()
    expect(answer.body.toString()).toBe('GET /1')
    if (first.includes('HTTP/1.0')) expect(field(answer, 'connection')?.toLowerCase()).toBe('keep-alive')
    client.send(request('/2'))
    expect((await client.final()).body.toString()).toBe('GET /2')
    expect(client.ending).toBe('open')
    client.close()
  })

  test('when the upstream closes its own', async () => {
    const client = await RawClient.connect(pair.port)
    pair.upstream.answer = answerBytes(ok('a', ['Connection: close']), 'fin')
    client.send(request('/1'))
    const answer = await client.final()
    expect(field(answer, 'connection')?.toLowerCase() ?? 'keep-alive').toBe('keep-alive')
    pair.upstream.answer = answerOk
    client.send(request('/2'))
    expect((await client.final()).body.toString()).toBe('GET /2')
    client.close()
    expect(pair.upstream.connections).toHaveLength(2)
  })
})

describe('a connection is closed', () => {
  test.each([
    ['after Connection: close', request('/1', 'Connection: close\r\n')],
    ['after Connection: Close among others', request('/1', 'Connection: x-a,  CLOSE\r\n')],
    ['after close beside keep-alive', request('/1', 'Connection: keep-alive, close\r\n')],
    ['after an HTTP/1.0 request', request('/1', '', '1.0')],
    ['after an HTTP/1.0 request with close', request('/1', 'Connection: close\r\n', '1.0')],
  ])('%s, and what was pipelined behind is not answered', async (_, first) => {
    const { responses, ending, rest } = await exchange(pair.port, first + request('/2'))
    expect(responses.map(each => each.body.toString())).toEqual(['GET /1'])
    expect(rest.length).toBe(0)
    expect(ending).toBe('fin')
    if (first.includes('HTTP/1.1')) expect(field(responses[0]!, 'connection')?.toLowerCase()).toBe('close')
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1'])
  })

  test('by a client that sends FIN after its request, once it has its answer', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(request('/1'))
    client.end()
    const { responses, ending } = await client.untilClosed()
    expect(responses.map(each => each.body.toString())).toEqual(['GET /1'])
    expect(ending).toBe('fin')
    client.close()
  })
})

describe('pipelined requests', () => {
  test('are answered in their order, also where the first is slow', async () => {
    let release: () => void = () => {}
    const released = new Promise<void>(resolve => {
      release = resolve
    })
    pair.upstream.answer = async arrival => {
      if (arrival.target === '/slow') await released
      return answerOk(arrival)
    }
    const client = await RawClient.connect(pair.port)
    client.send(request('/slow') + request('/2') + request('/3'))
    await until('the slow one is at the upstream', () => pair.upstream.received.includes('/slow'))
    expect(client.pending.length).toBe(0)
    release()
    const bodies: string[] = []
    for (let i = 0; i < 3; i += 1) bodies.push((await client.final()).body.toString())
    expect(bodies).toEqual(['GET /slow', 'GET /2', 'GET /3'])
    client.close()
  })

  test('of many kinds are each answered by their own answer', async () => {
    const client = await RawClient.connect(pair.port)
    const post = 'POST /p HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello'
    const chunked = 'PUT /c HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'
    client.send(request('/1') + post + chunked + request('/2').replace('GET', 'HEAD') + request('/3'))
    expect((await client.final()).body.toString()).toBe('GET /1')
    expect((await client.final('POST')).body.toString()).toBe('POST /p')
    expect((await client.final('PUT')).body.toString()).toBe('PUT /c')
    expect((await client.final('HEAD')).body.toString()).toBe('')
    expect((await client.final()).body.toString()).toBe('GET /3')
    client.close()
  })

  test('by the hundred are all answered', async () => {
    const client = await RawClient.connect(pair.port)
    client.send(Array.from({ length: 300 }, (_, i) => request(`/n${i}`)).join(''))
    for (let i = 0; i < 300; i += 1) expect((await client.final()).body.toString()).toBe(`GET /n${i}`)
    client.close()
  })

  test('end with a malformed one: those before it are answered, then the refusal comes, then nothing', async () => {
    const { responses, ending } = await exchange(
      pair.port,
      `${request('/1')}${request('/2')}GET /bad HTTP/1.1\r\n\r\n${request('/3')}`,
    )
    expect(responses.map(each => each.status)).toEqual([200, 200, 400])
    expect(ending).toBe('fin')
    expect(pair.upstream.requests.map(each => each.target)).toEqual(['/1', '/2'])
  })
})
