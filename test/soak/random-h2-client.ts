// A client of the soak test over HTTP/2, by Node's own client: one connection with random requests side by side, sent in pieces, broken off
// or read slowly; or one with frames that no sound client sends. What happens to one stream must not touch another.

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import type { Trust } from '../support/carriers/carrier.ts'
import { H2Carrier } from '../support/carriers/h2-carrier.ts'
import { END_HEADERS, frame, HEADERS } from '../support/http2/frames.ts'
import { MALFORMED, POST } from '../support/http2/malformed.ts'
import { RawH2 } from '../support/http2/raw-h2.ts'
import { pick, type Random, whole } from '../support/random.ts'
import { sleep, until, within } from '../support/until.ts'
import { type Drawn, drawRequest, judgeAnswer } from './random-request.ts'

const PATIENCE_MS = 20_000
/** The one that HTTP/2 begins with. */
const SMALL_WINDOW = 65_535

export interface H2Doors {
  readonly secure: number
  /** Takes HTTP/2 without TLS. */
  readonly plain: number
  readonly trust: Trust
}

/** @returns what was wrong; the tokens of requests that must not arrive twice are added to `once` */
export async function converseByH2(
  { secure, plain, trust }: H2Doors,
  name: string,
  random: Random,
  once: Set<string>,
): Promise<string[]> {
  if (random() < 0.06) return malformed(plain, random)
  // In a small window an answer has to wait for its client.
  const carrier = new H2Carrier(() => secure, trust, random() < 0.3 ? SMALL_WINDOW : undefined)
  const { session } = carrier
  try {
    const drawn = Array.from({ length: whole(1, 12, random) }, (_, i) => drawRequest(`${name}-${i}`, random))
    for (const { method, token } of drawn) if (method === 'POST') once.add(token)
    // Now and then the connection goes under them.
    const ends = random() < 0.08 ? sleep(random() * 30).then(() => session.destroy()) : undefined
    const wrong = await Promise.all(drawn.map(each => one(session, each, random, ends !== undefined)))
    return wrong.filter(each => each !== '')
  } finally {
    carrier.close()
  }
}

interface Got {
  status: number
  fields: Readonly<Record<string, unknown>>
  readonly parts: Buffer[]
  ended: boolean
}

async function one(session: ClientHttp2Session, drawn: Drawn, random: Random, mayEnd: boolean): Promise<string> {
  const { token, method, target, body, behaviour } = drawn
  const what = `${token} HTTP/2 ${method} ${behaviour}`
  const sends = method.startsWith('P')
  const length = sends && random() < 0.5 ? { 'content-length': String(body.length) } : {}
  const stream = session.request({ ':method': method, ':path': target, ...length }, { endStream: !sends })
  const got: Got = { status: 0, fields: {}, parts: [], ended: false }
  const closed = follow(stream, got)
  const leaves = random() < 0.12
  if (!leaves && random() < 0.1) {
    stream.pause()
    void sleep(random() * 300).then(() => stream.resume())
  }
  if (sends) void sendPieces(stream, body, random)
  if (leaves) {
    await Promise.race([closed, sleep(random() * 30)])
    stream.close(constants.NGHTTP2_CANCEL)
    return ''
  }
  try {
    await within(PATIENCE_MS, 'no end', closed)
  } catch (error) {
    return `${what}: ${(error as Error).message}`
  }
  if (!got.ended || stream.rstCode !== 0 || got.status === 0)
    return mayEnd || behaviour.startsWith('cut-')
      ? ''
      : `${what}: ended with code ${stream.rstCode}, status ${got.status}`
  const field = (name: string) => got.fields[name] as string | undefined
  const wrong = judgeAnswer(drawn, got.status, field, Buffer.concat(got.parts))
  return wrong === undefined ? '' : `${what}: ${wrong}`
}

/** Resolves when the stream is over, one way or the other. */
function follow(stream: ClientHttp2Stream, got: Got): Promise<void> {
  stream.on('response', fields => Object.assign(got, { status: Number(fields[':status']), fields }))
  stream.on('data', (piece: Buffer) => got.parts.push(piece))
  stream.on('end', () => {
    got.ended = true
  })
  stream.on('error', () => {})
  return new Promise(resolve => stream.on('close', () => resolve()))
}

async function sendPieces(stream: ClientHttp2Stream, body: Buffer, random: Random): Promise<void> {
  const size = Math.max(1, Math.ceil(body.length / whole(1, 6, random)))
  for (let at = 0; at < body.length; at += size) {
    if (stream.destroyed || stream.writableEnded) return
    stream.write(body.subarray(at, at + size))
    if (random() < 0.3) await sleep(random() * 5)
  }
  if (!stream.destroyed) stream.end()
}

/** The connection ends with the code that RFC 9113 asks for. */
async function malformed(port: number, random: Random): Promise<string[]> {
  const [why, bytes, , code] = pick(MALFORMED, random)
  const client = await RawH2.open(port)
  try {
    await client.send(frame(HEADERS, END_HEADERS, 1, POST), bytes)
    await until('the connection ends', () => client.ending !== 'open', { timeoutMs: PATIENCE_MS })
    const said = client.goAways.at(-1)?.code
    return said === code ? [] : [`malformed HTTP/2 (${why}): GOAWAY ${said}, not ${code}`]
  } catch (error) {
    return [`malformed HTTP/2 (${why}): ${(error as Error).message}`]
  } finally {
    client.close()
  }
}
