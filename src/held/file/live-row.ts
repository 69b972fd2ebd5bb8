// What of a held request decisions are made of, as it is read.

import type { HeldState } from '../../shared/held/messages.ts'
import { STATES } from './schema.ts'

export interface LiveRow {
  readonly seq: number
  readonly state: HeldState
  readonly route: string
  readonly key: string
  readonly dedupe: string | undefined
  readonly fingerprint: string
  readonly repeatable: boolean
  readonly receivedMs: number
  readonly expiresMs: number
  readonly attempts: number
  readonly notBeforeMs: number
  readonly bytes: number
  /** Its sender wants to be called. */
  readonly calls: boolean
}

/** Columns, in the order of `LiveValues`. */
export const LIVE = `seq, state, route, key, dedupe, fingerprint, repeatable, received_ms, expires_ms, attempts, not_before_ms, bytes,
  call_url IS NOT NULL`

export type LiveValues = readonly [
  seq: number,
  state: number,
  route: string,
  key: string,
  dedupe: string | null,
  fingerprint: string,
  repeatable: number,
  receivedMs: number,
  expiresMs: number,
  attempts: number,
  notBeforeMs: number,
  bytes: number,
  calls: number,
]

export function liveRow(values: LiveValues): LiveRow {
  return {
    seq: values[0],
    state: STATES[values[1]]!,
    route: values[2],
    key: values[3],
    dedupe: values[4] ?? undefined,
    fingerprint: values[5],
    repeatable: values[6] === 1,
    receivedMs: values[7],
    expiresMs: values[8],
    attempts: values[9],
    notBeforeMs: values[10],
    bytes: values[11],
    calls: values[12] === 1,
  }
}
