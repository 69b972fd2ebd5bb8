// What the clients of a chaos run ask: kinds of requests with their bytes, and one exchange with all that came of it. A client
// never repeats anything by itself.

import { createHash } from 'node:crypto'
import { type Agent, type IncomingMessage, request } from 'node:http'
import { pickWeighted, type Random, whole } from '../support/random.ts'
import { sleep } from '../support/until.ts'
import { bodyOf } from './modes.ts'

/** How often a kind is drawn. */
const WEIGHTS = {
  get: 40,
  page: 6,
  poll: 4,
  put: 5,
  'put-large': 2,
  post: 22,
  keyed: 9,
  'keyed-undeclared': 3,
  upload: 6,
  read: 5,
} as const
export type RequestKind = keyof typeof WEIGHTS

/**
 * What vigia promises of a kind. `repeatable`: no error while an upstream is well. `once`: delivered at most once.
 * `declared`: carried out at most once and no error. `large`: idempotent, but its body is not kept for another attempt.
 */
export type Promised = 'repeatable' | 'declared' | 'large' | 'once'

export function promiseOf(kind: RequestKind | 'websocket'): Promised {
  switch (kind) {
    case 'get':
    case 'page':
    case 'poll':
    case 'put':
    case 'read':
    case 'websocket':
      return 'repeatable'
    case 'keyed':
      return 'declared'
    case 'put-large':
      return 'large'
    case 'post':
    case 'keyed-undeclared':
    case 'upload':
      return 'once'
  }
}

export interface Ask {
  readonly id: string
  readonly kind: RequestKind
  readonly method: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
  readonly chunked: boolean
  /** Pieces that the body is sent in, with pauses. */
  readonly pieces: number
  readonly answerBytes: number
}

/** One request and what its client saw. Times are epoch ms. */
export interface Seen {
  readonly id: string
  readonly kind: RequestKind | 'websocket'
  readonly startMs: number
  readonly endMs: number
  /** `cut`: a head, but not all of the body; `none`: no answer at all. */
  readonly end: 'answered' | 'cut' | 'none'
  /** 0 = none. */
  readonly status: number
  /** Of vigia's own answers; '' = it is an upstream's. */
  readonly code: string
  /** The upstream that answered. */
  readonly node: string
  /** The upstream that carried it out. */
  readonly doneBy: string
  readonly requestId: string
  readonly error: string
  /** The answer is not the one that belongs to the request: how. */
  readonly wrong: string
}

/** Nobody waits longer. */
const PATIENCE_MS = 40_000
const KIB = 1024

export function drawAsk(id: string, random: Random): Ask {
  const kind = pickWeighted(WEIGHTS, random)
  const uploads = kind === 'upload' || kind === 'put-large'
  const answerBytes = kind === 'page' ? whole(20_000, 400_000, random) : whole(10, 2_000, random)
  const chunkedAnswer = random() < 0.3 ? '&chunked' : ''
  const hold = kind === 'poll' ? `&hold=${whole(200, 1200, random)}` : ''
  const bodyBytes = uploads ? whole(100 * KIB, 3 * KIB * KIB, random) : whole(1, 8_000, random)
  const fields: Record<string, string> = {}
  if (kind === 'keyed' || kind === 'keyed-undeclared') fields['idempotency-key'] = `"key-${id}"`
  if (kind === 'read') fields['content-type'] = 'application/json'
  const chunked = random() < 0.4
  const pieces = uploads && random() < 0.3 ? whole(2, 10, random) : 1
  return {
    id,
    kind,
    method: methodOf(kind),
    target: `/${folderOf(kind)}/${id}?bytes=${answerBytes}${chunkedAnswer}${hold}`,
    fields,
    body: kind === 'get' || kind === 'page' || kind === 'poll' ? undefined : contentOf(kind, id, bodyBytes),
    chunked,
    pieces,
    answerBytes,
  }
}

/** Never rejects: what went wrong is in the result. */
export function perform(
  port: number,
  ask: Ask,
  agent: Agent,
  more: Readonly<Record<string, string>>,
  onCookie: (value: string) => void,
): Promise<Seen> {
  const startMs = Date.now()
  const { id, kind, method, target, fields, body, chunked } = ask
  const framing = body && !chunked ? { 'content-length': String(body.length) } : {}
  const coding = body && chunked ? { 'transfer-encoding': 'chunked' } : {}
  return new Promise(resolve => {
    let response: IncomingMessage | undefined
    let over = false
    const parts: Buffer[] = []
    const end = (how: Seen['end'], error = '') => {
      if (over) return
      over = true
      clearTimeout(patience)
      resolve({ id, kind, startMs, endMs: Date.now(), end: how, error, ...answerOf(ask, response, how, parts) })
    }
    const headers = { ...more, ...fields, ...framing, ...coding, accept: 'application/json' }
    const sent = request({ host: '127.0.0.1', port, method, path: target, headers, agent }, got => {
      response = got
      const cookie = got.headers['set-cookie']?.[0]
      if (cookie) onCookie(cookie.split(';', 1)[0]!)
      got.on('data', (piece: Buffer) => parts.push(piece))
      got.on('end', () => end(got.complete ? 'answered' : 'cut'))
      got.on('error', (error: NodeJS.ErrnoException) => end('cut', error.code ?? error.message))
    })
    const patience = setTimeout(() => {
      end(response ? 'cut' : 'none', 'the client waited in vain')
      sent.destroy()
    }, PATIENCE_MS)
    // An answer may come while the body is still being sent: what the socket says then does not count.
    sent.on('error', (error: NodeJS.ErrnoException) => response ?? end('none', error.code ?? error.message))
    void send(sent, ask)
  })
}

async function send(sent: ReturnType<typeof request>, { body, pieces }: Ask): Promise<void> {
  if (!body) return void sent.end()
  const size = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length; at += size) {
    if (sent.destroyed) return
    sent.write(body.subarray(at, at + size))
    if (pieces > 1) await sleep(15)
  }
  sent.end()
}

function answerOf(ask: Ask, response: IncomingMessage | undefined, end: Seen['end'], parts: readonly Buffer[]) {
  const header = (name: string) => String(response?.headers[name] ?? '')
  const status = response?.statusCode ?? 0
  const node = header('x-node')
  const body = Buffer.concat(parts)
  const own = node === '' && end === 'answered' ? ownAnswer(body) : { code: '', requestId: '' }
  const wrong = node !== '' && end === 'answered' && status === 200 ? mismatch(ask, header, body) : ''
  return {
    status,
    node,
    doneBy: header('x-done-by'),
    code: own.code,
    requestId: own.requestId || header('x-request-id'),
    wrong,
  }
}

function mismatch({ id, body, answerBytes }: Ask, header: (name: string) => string, got: Buffer): string {
  if (header('x-id') !== id) return `the answer belongs to ${header('x-id')}`
  if (!got.equals(bodyOf(id, answerBytes))) return `${got.length} bytes came instead of ${answerBytes}, or others`
  const digest = createHash('sha1')
    .update(body ?? '')
    .digest('hex')
  return header('x-digest') === digest ? '' : 'the upstream got another body than was sent'
}

function ownAnswer(body: Buffer): { code: string; requestId: string } {
  try {
    return JSON.parse(body.toString()) as { code: string; requestId: string }
  } catch {
    return { code: 'unreadable', requestId: '' }
  }
}

function methodOf(kind: RequestKind): string {
  if (kind === 'put' || kind === 'put-large') return 'PUT'
  return kind === 'get' || kind === 'page' || kind === 'poll' ? 'GET' : 'POST'
}

function folderOf(kind: RequestKind): string {
  if (kind === 'keyed' || kind === 'poll') return kind
  return kind === 'read' ? 'rpc' : 'rest'
}

function contentOf(kind: RequestKind, id: string, bytes: number): Buffer {
  if (kind !== 'read') return bodyOf(id, bytes)
  return Buffer.from(JSON.stringify({ id, method: 'model.sale.sale.search_read', params: [[], 0, 80] }))
}
