// One exchange of a chaos run with all that came of it. A client never repeats anything by itself.

import { createHash } from 'node:crypto'
import type { Carried, Carrier, ProtocolName } from '../support/carriers/carrier.ts'
import { decodedBytes } from '../support/decoded.ts'
import { sleep } from '../support/until.ts'
import type { Ask, RequestKind } from './asks.ts'
import { bodyOf } from './modes.ts'

/** One request and what its client saw. Times are epoch ms. */
export interface Seen {
  readonly id: string
  readonly kind: RequestKind | 'websocket'
  readonly protocol: ProtocolName
  readonly startMs: number
  readonly endMs: number
  /** `cut`: a head, but not all of the body; `none`: no answer at all; `unsent`: vigia said that it did not take it; `left`: the client went. */
  readonly end: 'answered' | 'cut' | 'none' | 'unsent' | 'left'
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
/** A slow client takes so much between two pauses. */
const SIP_BYTES = 262_144

interface Got {
  status: number
  field: (name: string) => string
  readonly parts: Buffer[]
}

/** Never rejects: what went wrong is in the result. */
export function perform(
  carrier: Carrier,
  ask: Ask,
  more: Readonly<Record<string, string>>,
  onCookie: (value: string) => void,
): Promise<Seen> {
  const startMs = Date.now()
  const { id, kind, method, target, body, chunked, leavesAfterMs, pausesMs = 0 } = ask
  return new Promise(resolve => {
    const got: Got = { status: 0, field: () => '', parts: [] }
    let sipped = 0
    const end = (how: Seen['end'], error = '') => {
      clearTimeout(patience)
      clearTimeout(leaving)
      const protocol = carrier.name
      resolve({ id, kind, protocol, startMs, endMs: Date.now(), end: how, error, ...answerOf(ask, got, how) })
    }
    const leave = (how: Seen['end'], error: string) => {
      if (carried.over) return
      carried.leave()
      end(how, error)
    }
    const pause = (ms: number) => {
      if (ms === 0) return
      carried.pause()
      setTimeout(() => carried.resume(), ms)
    }
    const fields = { ...more, ...ask.fields, accept: 'application/json' }
    const length = body && !chunked ? body.length : undefined
    const carried = carrier.begin(
      { method, target, fields, body: body !== undefined, length },
      {
        onHead(status, field) {
          Object.assign(got, { status, field })
          const cookie = field('set-cookie')
          if (cookie) onCookie(cookie.split(';', 1)[0]!)
          pause(pausesMs)
        },
        onData(piece) {
          got.parts.push(piece)
          sipped += piece.length
          if (pausesMs === 0 || sipped < SIP_BYTES) return
          sipped = 0
          pause(pausesMs / 10)
        },
        onEnd(how, error) {
          if (how === 'unsent') end('unsent', error)
          else end(how === 'whole' ? 'answered' : got.status > 0 ? 'cut' : 'none', error)
        },
      },
    )
    const patience = setTimeout(() => leave(got.status > 0 ? 'cut' : 'none', 'the client waited in vain'), PATIENCE_MS)
    const leaving = leavesAfterMs === undefined ? undefined : setTimeout(() => leave('left', ''), leavesAfterMs)
    void send(carried, ask)
  })
}

async function send(carried: Carried, { body, pieces }: Ask): Promise<void> {
  if (!body) return carried.end()
  const size = Math.ceil(body.length / pieces)
  for (let at = 0; at < body.length; at += size) {
    carried.write(body.subarray(at, at + size))
    if (pieces > 1) await sleep(15)
  }
  carried.end()
}

function answerOf(ask: Ask, { status, field, parts }: Got, end: Seen['end']) {
  const node = field('x-node')
  const isWhole = end === 'answered'
  const { body, wrong: undecodable } = isWhole
    ? decode(Buffer.concat(parts), field)
    : { body: Buffer.alloc(0), wrong: '' }
  const own = node === '' && isWhole ? ownAnswer(body) : { code: '', requestId: '' }
  const wrong = undecodable || (node !== '' && isWhole && status === 200 ? mismatch(ask, field, body) : '')
  return {
    status,
    node,
    doneBy: field('x-done-by'),
    code: own.code,
    requestId: own.requestId || field('x-request-id'),
    wrong,
  }
}

function decode(bytes: Buffer, field: (name: string) => string): { body: Buffer; wrong: string } {
  try {
    return { body: decodedBytes(bytes, field('content-encoding')), wrong: '' }
  } catch (error) {
    return { body: bytes, wrong: `${field('content-encoding')} that is none: ${(error as Error).message}` }
  }
}

function mismatch({ id, body, answerBytes }: Ask, field: (name: string) => string, got: Buffer): string {
  if (field('x-id') !== id) return `the answer belongs to ${field('x-id')}`
  if (!got.equals(bodyOf(id, answerBytes))) return `${got.length} bytes came instead of ${answerBytes}, or others`
  const digest = createHash('sha1')
    .update(body ?? '')
    .digest('hex')
  return field('x-digest') === digest ? '' : 'the upstream got another body than was sent'
}

function ownAnswer(body: Buffer): { code: string; requestId: string } {
  try {
    return JSON.parse(body.toString()) as { code: string; requestId: string }
  } catch {
    return { code: 'unreadable', requestId: '' }
  }
}
