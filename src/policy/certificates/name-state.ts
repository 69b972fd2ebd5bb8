// What is known of one name that gets its certificate by ACME, and when the next order for it begins.

import { type OrderFailure, retryInMs } from './order-tries.ts'
import { type RenewalWindow, renewalMs, type Validity } from './renewal.ts'

/** All instants in epoch ms. */
export interface NameState {
  /** Undefined = there is no certificate. */
  readonly held: HeldCertificate | undefined
  /** Failed orders in a row. */
  readonly failures: number
  /** Of the last one; undefined = it did not fail. */
  readonly failure: FailedOrder | undefined
  /** Not before. */
  readonly retryAtMs: number
  /** Somebody has asked for it: it begins at once. */
  readonly isWanted: boolean
}

export interface HeldCertificate extends Validity {
  /** Of the CA that has signed it. */
  readonly directory: string
  /** When the CA would like it renewed; undefined = it has not said. */
  readonly window: RenewalWindow | undefined
  /** When the CA is asked for that again. */
  readonly askAtMs: number
  /** Where within the time for a renewal it is renewed, in [0, 1). */
  readonly random01: number
}

export interface FailedOrder extends OrderFailure {
  /** One line. */
  readonly reason: string
  readonly atMs: number
}

/**
 * So old a certificate gets before it is replaced, a part of its lifetime and at most a day: where a clock is wrong, or a CA gives none
 * but such as are nearly over, each new one is due at once.
 */
const LEAST_AGE = 0.1
const LEAST_AGE_MS = 86_400_000

export const NEW_NAME: NameState = {
  held: undefined,
  failures: 0,
  failure: undefined,
  retryAtMs: 0,
  isWanted: false,
}

/** It was issued just now. @param random01 uniform in [0, 1) */
export function afterIssue(
  validity: Validity & { readonly directory: string },
  nowMs: number,
  random01: number,
): NameState {
  const lifetimeMs = Math.max(0, validity.notAfterMs - validity.notBeforeMs)
  const state = withCertificate(validity, nowMs, random01)
  return { ...state, retryAtMs: nowMs + Math.min(lifetimeMs * LEAST_AGE, LEAST_AGE_MS) }
}

/** @param random01 uniform in [0, 1) */
export function withCertificate(
  validity: Validity & { readonly directory: string },
  nowMs: number,
  random01: number,
): NameState {
  const { notBeforeMs, notAfterMs, directory } = validity
  return { ...NEW_NAME, held: { notBeforeMs, notAfterMs, directory, window: undefined, askAtMs: nowMs, random01 } }
}

/** @param random01 uniform in [0, 1) */
export function afterFailure(state: NameState, failure: FailedOrder, random01: number): NameState {
  const failures = state.failures + 1
  const leftMs = state.held === undefined ? undefined : state.held.notAfterMs - failure.atMs
  const retryAtMs = failure.atMs + retryInMs(failure, failures, leftMs, random01)
  return { ...state, failures, failure, retryAtMs, isWanted: false }
}

/** The CA was asked when to renew. @param random01 uniform in [0, 1): counts where its window is another one than before */
export function afterAdvice(
  state: NameState,
  window: RenewalWindow | undefined,
  askAtMs: number,
  random01: number,
): NameState {
  const { held } = state
  if (held === undefined) return state
  // RFC 9773 4.3.3: no answer changes nothing.
  if (window === undefined) return { ...state, held: { ...held, askAtMs } }
  const isSame = held.window?.startMs === window.startMs && held.window.endMs === window.endMs
  return { ...state, held: { ...held, window, askAtMs, random01: isSame ? held.random01 : random01 } }
}

/** Something has changed that may have made the last orders fail: the next try begins anew. */
export function withFreshTries(state: NameState): NameState {
  return { ...state, failures: 0, retryAtMs: 0 }
}

/** The wall clock was set: a pause takes as long as before. Certificates count by the clock itself. */
export function withClockMoved(state: NameState, byMs: number): NameState {
  const { failure, retryAtMs } = state
  if (failure === undefined) return state
  return { ...state, retryAtMs: retryAtMs + byMs, failure: { ...failure, atMs: failure.atMs + byMs } }
}

/** When the next order begins. @param directory of the CA that it is to come from now */
export function nextOrderMs({ held, retryAtMs, isWanted }: NameState, directory: string): number {
  if (isWanted) return 0
  if (held === undefined || held.directory !== directory) return retryAtMs
  return Math.max(retryAtMs, renewalMs(held, held.window, held.random01))
}
