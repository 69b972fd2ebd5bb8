// What the clients of a chaos run ask: kinds of requests with their bytes, drawn from the seed, and what vigia promises of each.

import { pick, pickWeighted, type Random, whole } from '../support/random.ts'
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
  asset: 8,
  /** Those of slow-readers.ts only. */
  slow: 0,
  'slow-post': 0,
} as const
export type RequestKind = keyof typeof WEIGHTS

/**
 * What vigia promises of a kind. `repeatable`: no error while an upstream is well. `once`: delivered at most once.
 * `declared`: carried out at most once and no error. `large`: idempotent, but its body is not kept for another attempt.
 * `shared`: idempotent, and its answer may be that of another request.
 */
export type Promised = 'repeatable' | 'declared' | 'large' | 'once' | 'shared'

export function promiseOf(kind: RequestKind | 'websocket'): Promised {
  switch (kind) {
    case 'get':
    case 'page':
    case 'poll':
    case 'put':
    case 'read':
    case 'slow':
    case 'websocket':
      return 'repeatable'
    case 'keyed':
      return 'declared'
    case 'put-large':
      return 'large'
    case 'asset':
      return 'shared'
    case 'post':
    case 'keyed-undeclared':
    case 'upload':
    case 'slow-post':
      return 'once'
  }
}

export interface Ask {
  /** Of an asset: not of this request alone. */
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
  /** When the client breaks it off, ms; undefined = it does not. */
  readonly leavesAfterMs: number | undefined
  /** So long it takes nothing of its answer once its head is there, ms; later, now and then, for a tenth of that. */
  readonly pausesMs?: number
}

const KIB = 1024
/** All clients ask for the same few, of sizes that are compressed, and not. */
const ASSETS = 12

export function drawAsk(id: string, random: Random): Ask {
  const kind = pickWeighted(WEIGHTS, random)
  if (kind === 'asset') return drawAsset(random)
  const uploads = kind === 'upload' || kind === 'put-large'
  const answerBytes = kind === 'page' ? whole(20_000, 400_000, random) : whole(10, 2_000, random)
  const chunkedAnswer = random() < 0.3 ? '&chunked' : ''
  const hold = kind === 'poll' ? `&hold=${whole(200, 1200, random)}` : ''
  const bodyBytes = uploads ? whole(100 * KIB, 3 * KIB * KIB, random) : whole(1, 8_000, random)
  const fields: Record<string, string> = codingOf(random)
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
    leavesAfterMs: random() < 0.04 ? random() * 60 : undefined,
  }
}

/** A small one that nothing is drawn for. */
export function plainGet(id: string): Ask {
  const answerBytes = 100
  const rest = { fields: {}, body: undefined, chunked: false, pieces: 1, leavesAfterMs: undefined }
  return { id, kind: 'get', method: 'GET', target: `/rest/${id}?bytes=${answerBytes}`, answerBytes, ...rest }
}

/** One whose client takes its time for the answer. */
export function slowAsk(id: string, answerBytes: number, random: Random): Ask {
  const [unsafe, chunked, leaves, pausesMs] = [random() < 0.3, random() < 0.3, random() < 0.15, random() * 800]
  return {
    id,
    kind: unsafe ? 'slow-post' : 'slow',
    method: unsafe ? 'POST' : 'GET',
    target: `/slow/${id}?bytes=${answerBytes}${chunked ? '&chunked' : ''}`,
    fields: {},
    body: unsafe ? bodyOf(id, 100) : undefined,
    chunked: false,
    pieces: 1,
    answerBytes,
    leavesAfterMs: leaves ? random() * 800 : undefined,
    pausesMs,
  }
}

function drawAsset(random: Random): Ask {
  const id = `asset-${whole(1, ASSETS, random)}`
  const answerBytes = Number(id.slice(6)) ** 2 * 600
  return {
    id,
    kind: 'asset',
    method: 'GET',
    target: `/assets/${id}?bytes=${answerBytes}`,
    fields: { ...codingOf(random), ...(random() < 0.1 ? { 'cache-control': 'no-cache' } : {}) },
    body: undefined,
    chunked: false,
    pieces: 1,
    answerBytes,
    leavesAfterMs: undefined,
  }
}

function codingOf(random: Random): Record<string, string> {
  const coding = pick(['', '', 'gzip', 'br', 'zstd'], random)
  return coding === '' ? {} : { 'accept-encoding': coding }
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
