// What workers and the thread of held requests say to each other, on a port of their own: nothing of it passes control. Bytes are
// transferred, never copied. A worker that has gone without a word has closed its port: what it was sending is then judged as after a
// crash.

import type { HoldReason } from '../../plan/hold.ts'

/** A request as it is kept, and as it is carried out: what the client sent, before anything of it was rewritten. */
export interface KeptRequest {
  readonly route: string
  /** Names and values in their order, one after the other: `[name, value, name, value]`. */
  readonly fields: readonly string[]
  readonly method: string
  /** Origin-form. */
  readonly target: string
  readonly host: string | undefined
  readonly scheme: 'http' | 'https'
  /** Name of the listener that took it. */
  readonly listener: string
  /** Address of the connection's other end, and of the client as far as it is believed. */
  readonly peer: string
  readonly client: string
  /** The id in logs; each forwarding of it has the same. */
  readonly requestId: string
  readonly body: Uint8Array
}

/** What makes it one of a series, or the same as another. Hashes are of 16 bytes or more: two that are equal are the same. */
export interface HeldIdentity {
  /** Of the route and what `order` names: requests of one key are carried out in order. */
  readonly key: string
  /** For people: the value that the key was made of, bounded; '' = the route's. */
  readonly keyText: string
  /** What `dedupe` compares; undefined = it has none. */
  readonly dedupe: string | undefined
  /** Of method, target and body, '' where there is no `dedupe`: another one with the same `dedupe` is a conflict. */
  readonly fingerprint: string
  /** Sending it again is proven safe: an idempotent method, a read, a key that its route honours. */
  readonly repeatable: boolean
}

export interface HoldRequest {
  /** The worker's own. */
  readonly number: number
  readonly request: KeptRequest
  readonly identity: HeldIdentity
  readonly reason: HoldReason
  /** Epoch ms. */
  readonly receivedMs: number
  readonly callback: string | undefined
  /** It could be sent at once, but may be the repeat of one that was held: if it is none, it is refused as `new`. */
  readonly onlyAsRepeat: boolean
}

/** Why it was not held: the client is answered as it would be without `hold`, `conflict` apart. */
export type HoldRefusal = 'full' | 'disk' | 'conflict' | 'closed' | 'new'

export interface HeldReceipt {
  /** Unguessable: 128 random bits, base64url. */
  readonly id: string
  /** It is one that is held, or was carried out, already. */
  readonly isRepeat: boolean
  /** How many of its key go before it. */
  readonly ahead: number
  /** When it is likely to be carried out, epoch ms; undefined = nobody knows. */
  readonly expectedMs: number | undefined
}

/** How a forwarding ended. */
export type ForwardOutcome =
  /** The upstream's answer, whatever its status. `isWhole`: false where the body was cut at its limit or by its upstream. */
  | {
      readonly type: 'answered'
      readonly upstream: string
      readonly status: number
      readonly fields: readonly string[]
      readonly body: Uint8Array
      readonly isWhole: boolean
    }
  /** Nothing of it was carried out, for sure. @see `code` an AnswerCode */
  | { readonly type: 'not-sent'; readonly code: string; readonly detail: string }
  /** Nobody knows. */
  | { readonly type: 'in-doubt'; readonly upstream: string; readonly cause: string; readonly bytesSent: number }

/** Each list is what has come up since the last message: one a turn of the loop. */
export type WorkerToHeld =
  | { readonly type: 'hold'; readonly requests: readonly HoldRequest[] }
  | {
      readonly type: 'forwarded'
      readonly outcomes: readonly { readonly seq: number; readonly outcome: ForwardOutcome }[]
    }
  /** Somebody asks what became of it. */
  | { readonly type: 'look-up'; readonly number: number; readonly id: string }

export type HeldToWorker =
  /** They are on the disk. */
  | { readonly type: 'held'; readonly receipts: readonly ({ readonly number: number } & HeldReceipt)[] }
  | { readonly type: 'refused'; readonly refusals: readonly { readonly number: number; readonly why: HoldRefusal }[] }
  /** Carry them out; that they are being sent is on the disk. Each `forwarded` is answered for. */
  | { readonly type: 'forward'; readonly requests: readonly ForwardRequest[] }
  | { readonly type: 'found'; readonly number: number; readonly found: HeldView | undefined }

export interface ForwardRequest {
  /** Place in the order of all held requests. */
  readonly seq: number
  readonly id: string
  readonly request: KeptRequest
  /** Epoch ms. */
  readonly sinceMs: number
  /** 1 = the first. */
  readonly attempt: number
  /** Of the answer, kept. */
  readonly resultBytes: number
}

/** What a sender may know of a request by its id, and nothing more. */
export interface HeldView {
  readonly state: HeldState
  /** How many of its key go before it. */
  readonly ahead: number
  readonly receivedMs: number
  /** When it is likely to be carried out, epoch ms; undefined = nobody knows. */
  readonly expectedMs: number | undefined
  /** Once it is answered. */
  readonly result:
    | {
        readonly status: number
        readonly fields: readonly string[]
        readonly body: Uint8Array
        readonly isWhole: boolean
        readonly atMs: number
      }
    | undefined
}

/**
 * waiting: not sent, or proven not carried out. sending: it is on its way. answered: its upstream's answer is kept. in-doubt: it was on
 * its way, nobody knows. dead: it could not be delivered. dropped: a person has said so.
 */
export type HeldState = 'waiting' | 'sending' | 'answered' | 'in-doubt' | 'dead' | 'dropped'
