// Whose fault is a deadline that has passed, and what follows: the upstream's (the attempt has failed), the client's, or nobody's.

/** What an exchange waits for. */
export type ExchangePhase = 'verdict' | 'queue' | 'connect' | 'request' | 'response' | 'body' | 'over'

export interface PassedDeadline {
  readonly phase: ExchangePhase
  /** The client was waited for longer than the least rate allows (in the phases `request` and `body` only). */
  readonly tooSlow: boolean
  /** The upstream does not take the request's body as fast as it comes. */
  readonly upstreamStalls: boolean
  /** The client has not taken all of the response that was sent to it. */
  readonly clientStalls: boolean
  /** The client has closed its sending side, and for that reason it was waited for a short time only. */
  readonly halfClosed: boolean
  /** A client that does not read was given the longer time already. */
  readonly waitedForClient: boolean
}

export type DeadlineVerdict =
  | { readonly act: 'nothing' }
  /** Nobody knows an upstream that could serve. */
  | { readonly act: 'no-upstream' }
  /** No upstream had a permit for it. */
  | { readonly act: 'queue-timeout' }
  | { readonly act: 'fail-attempt'; readonly detail: string }
  /** The client stopped in the middle of its body. */
  | { readonly act: 'client-stopped-sending' }
  | { readonly act: 'client-stopped-reading' }
  /** It is there, it only reads slowly: wait as long as for any other. */
  | { readonly act: 'wait-for-client' }
  | { readonly act: 'client-gone' }

export function judgeDeadline(passed: PassedDeadline): DeadlineVerdict {
  const { phase, tooSlow, upstreamStalls, clientStalls, halfClosed, waitedForClient } = passed
  if (phase === 'over') return { act: 'nothing' }
  if (tooSlow) return { act: phase === 'body' ? 'client-stopped-reading' : 'client-stopped-sending' }
  if (phase === 'connect') return { act: 'fail-attempt', detail: 'not connected within the connect timeout' }
  if (phase === 'body' && clientStalls) {
    return { act: halfClosed && !waitedForClient ? 'wait-for-client' : 'client-stopped-reading' }
  }
  if (halfClosed) return { act: 'client-gone' }
  switch (phase) {
    case 'verdict':
      return { act: 'no-upstream' }
    case 'queue':
      return { act: 'queue-timeout' }
    case 'request':
      return upstreamStalls
        ? { act: 'fail-attempt', detail: 'the request body was not taken within the idle timeout' }
        : { act: 'client-stopped-sending' }
    case 'response':
      return { act: 'fail-attempt', detail: 'no answer within the response timeout' }
    case 'body':
      return { act: 'fail-attempt', detail: 'no byte within the idle timeout' }
  }
}
