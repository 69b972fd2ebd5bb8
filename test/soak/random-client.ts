// A client of the soak test over HTTP/1.1, with or without TLS: one connection with a few random requests, split, pipelined, broken off or
// read slowly; each answer is compared with what its own request must get. It decides nothing about when or how often it runs.

import { pick, type Random } from '../support/random.ts'
import { RawClient } from '../support/raw-client.ts'
import { sleep } from '../support/until.ts'
import { field, type ResponseMessage } from '../support/wire.ts'
import { type Drawn, drawRequest, judgeAnswer } from './random-request.ts'
import { bodyOf } from './random-upstream.ts'

interface Planned extends Drawn {
  readonly bytes: Buffer
}

/** @returns what was wrong; the tokens of requests that must not arrive twice are added to `once` */
export async function converse(
  port: number,
  secure: boolean,
  name: string,
  random: Random,
  once: Set<string>,
): Promise<string[]> {
  const client = secure ? await RawClient.secure(port) : await RawClient.connect(port)
  client.socket.on('error', () => {})
  try {
    const kind = random()
    if (kind < 0.08) return await upgrade(client, name, random)
    if (kind < 0.14) return await malformed(client, random)
    return await requests(client, name, random, once)
  } finally {
    client.close()
  }
}

async function requests(client: RawClient, name: string, random: Random, once: Set<string>): Promise<string[]> {
  const old = random() < 0.15
  const count = old ? 1 : 1 + Math.floor(random() ** 2 * 8)
  const planned = Array.from({ length: count }, (_, i) => plan(`${name}-${i}`, random, old))
  for (const each of planned) if (each.method === 'POST') once.add(each.token)
  const bytes = Buffer.concat(planned.map(each => each.bytes))
  const aborts = random() < 0.15
  const slow = !aborts && random() < 0.1
  const halfCloses = !aborts && !slow && random() < 0.1
  const sending = client.sendPieces(split(bytes, random), random() < 0.5 ? 0 : 2)
  if (aborts) {
    await Promise.race([sending, sleep(random() * 30)])
    if (random() < 0.5) client.reset()
    return []
  }
  if (slow) {
    client.socket.pause()
    await Promise.race([sending, sleep(300)])
    await sleep(random() * 300)
    client.socket.resume()
  }
  if (halfCloses) void sending.then(() => client.end())
  const wrong = await readAll(client, planned, old)
  await sending
  return wrong
}

async function readAll(client: RawClient, planned: readonly Planned[], old: boolean): Promise<string[]> {
  for (const each of planned) {
    let response: ResponseMessage
    try {
      response = await client.final(each.method, 20_000)
    } catch (error) {
      // A cut connection takes earlier answers with it that had not been read yet.
      const mayBeCut = each.behaviour === 'early' || planned.some(({ behaviour }) => behaviour.startsWith('cut-'))
      return mayBeCut ? [] : [`${each.token} ${each.method} ${each.behaviour}: ${(error as Error).message}`]
    }
    const wrong = check(each, response, old && client.ending === 'fin')
    if (wrong !== undefined) return [`${each.token} ${each.method} ${each.behaviour}: ${wrong}`]
    if (field(response, 'connection')?.toLowerCase() === 'close') return []
  }
  return []
}

function check(planned: Planned, response: ResponseMessage, mayEndByClose: boolean): string | undefined {
  if (response.framing === 'close' && !mayEndByClose && field(response, 'x-token') === planned.token)
    return 'ends with the connection without need'
  return judgeAnswer(planned, response.status, name => field(response, name), response.body)
}

function plan(token: string, random: Random, old: boolean): Planned {
  const drawn = drawRequest(token, random)
  const { method, body, target } = drawn
  const chunked = !old && body.length > 0 && random() < 0.4
  const expects = !old && body.length > 0 && random() < 0.2 ? 'Expect: 100-continue\r\nX-Continue: yes\r\n' : ''
  const framing = chunked
    ? 'Transfer-Encoding: chunked\r\n'
    : method.startsWith('P')
      ? `Content-Length: ${body.length}\r\n`
      : ''
  const head = `${method} ${target} HTTP/1.${old ? 0 : 1}\r\nHost: soak.example\r\n${expects}${framing}\r\n`
  return { ...drawn, bytes: Buffer.concat([Buffer.from(head), chunked ? chunks(body, random) : body]) }
}

function chunks(body: Buffer, random: Random): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + 1 + Math.floor(random() ** 3 * 60_000))
    parts.push(
      Buffer.from(`${piece.length.toString(16)}${random() < 0.2 ? ';x=y' : ''}\r\n`),
      piece,
      Buffer.from('\r\n'),
    )
    at += piece.length
  }
  return Buffer.concat([...parts, Buffer.from(random() < 0.3 ? '0\r\nX-End: 1\r\n\r\n' : '0\r\n\r\n')])
}

/** Mostly one write, else up to twelve pieces at random points. */
function split(bytes: Buffer, random: Random): Buffer[] {
  if (random() < 0.4) return [bytes]
  const points = Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * bytes.length))
  const sorted = [0, ...points.sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

async function upgrade(client: RawClient, token: string, random: Random): Promise<string[]> {
  const early = random() < 0.3 ? `early ${token}\n` : ''
  client.send(
    `GET /up HTTP/1.1\r\nHost: soak.example\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Token: ${token}\r\n\r\n${early}`,
  )
  const response = await client.response('GET', 20_000)
  if (response.status !== 101 || field(response, 'x-token') !== token)
    return [`${token} upgrade: ${response.startLine}`]
  if (random() < 0.1) {
    client.reset()
    return []
  }
  const data = bodyOf(token, Math.floor(random() ** 3 * 300_000))
  client.send(data)
  const expected = Buffer.concat([Buffer.from(`hello ${token}\n${early}`), data])
  const echoed = await client.bytes(expected.length, 20_000)
  if (!echoed.equals(expected)) return [`${token} upgrade: other bytes came back`]
  client.end()
  const { rest } = await client.untilClosed([], 20_000)
  return rest.length === 0 ? [] : [`${token} upgrade: ${rest.length} bytes too many`]
}

async function malformed(client: RawClient, random: Random): Promise<string[]> {
  const bytes = pick(
    [
      'GET / HTTP/1.1\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /?token=bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      'GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET / HTTP/1.1\nHost: a\n\n',
    ],
    random,
  )
  client.send(bytes)
  const { responses } = await client.untilClosed(['GET'], 20_000)
  const status = responses[0]?.status
  return responses.length === 1 && status !== undefined && status >= 400 && status < 500
    ? []
    : [`malformed ${JSON.stringify(bytes)}: ${responses.map(each => each.status).join()}`]
}
