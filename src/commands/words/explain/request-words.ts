// How a request ends, and why it is sent again or not, in words for people.

import { FAULTS, type FaultCode } from '../../../http/faults.ts'
import type { NoRetryReason } from '../../../policy/request/retry.ts'

/** What an end means: those of the access log, and the codes of vigia's own answers. */
const END_WORDS: Readonly<Record<string, string>> = {
  complete: 'It was answered, all of it.',
  upgraded: 'It became another protocol (a WebSocket, say), and went on as such.',
  'client left': 'Its client closed the connection before the answer was complete.',
  'client stalls': 'Its client took nothing of the answer for so long that it was cut off.',
  'upstream cut':
    "The upstream broke its answer off in the middle; so was the client's, since what it had could not be taken back.",
  'buffer lost':
    'What its client had not taken yet was lost with its file: the log says why, and the client saw a cut.',
  'needs HTTP/1.1':
    'It brings a login of a connection (NTLM, Negotiate), which HTTP/2 can not carry: the client was told to come by HTTP/1.1.',
  'no-route': 'No route of the configuration matches it: vigia route METHOD URL says why.',
  'no-upstream-available': 'No upstream of its pool could take it: vigia status says who is out, and why.',
  'queue-full':
    'Every upstream was at its limit, and the queue was full: more upstreams, a higher maxConnections, or a longer queue.',
  'queue-timeout': 'It waited for a place on an upstream for as long as the queue lets it (queue.timeout).',
  overloaded: 'The circuit breaker of its pool refused it: more requests at once than it allows (circuitBreaker).',
  'out-of-resources': 'Vigia itself had run out of descriptors, ports or memory: vigia doctor says of what.',
  'rate-limited': 'Its client has asked more often than the route allows (rateLimit).',
  forbidden: "The route forbids it: the client's address, or the path (access).",
  'loop-detected': 'It came back to vigia from its own upstream: an upstream url leads to vigia itself.',
  'connect-failed': 'No connection to the upstream came to be.',
  'connect-timeout': 'No connection to the upstream came to be in time (timeouts.connect).',
  'upstream-reset': 'The upstream closed the connection before it had answered.',
  'upstream-timeout': 'The upstream did not answer in time (timeouts.response).',
  'bad-upstream-response': "What the upstream answered is no valid HTTP: vigia's log says what is wrong with it.",
  'not-cached': 'The client wanted only what is stored (only-if-cached), and there is nothing.',
  'in-doubt': 'Nobody knows whether it was carried out: it had been sent, is not repeatable, and no answer came.',
  'internal-error': 'A bug of vigia: its log has a line with this request id.',
  stopping: 'Vigia was being stopped, and its time was up.',
  maintenance: 'A maintenance window answered it.',
  'body-too-large': 'Its body is larger than the route allows (maxBody, limits.body).',
  'length-required':
    'It says no length, its upstreams need one (requestBody), and it was too long to be gathered for that.',
  'body-timeout': 'The rest of its body did not arrive in time (timeouts.idle).',
}

/** How a request may end; faults aside, of which not all are there. */
export const ENDS = Object.keys(END_WORDS)

/** Why another attempt is provably safe. */
export const PROOF_WORDS = {
  'not-sent': 'nothing of it had been sent',
  idempotent: 'its method may be repeated (RFC 9110 9.2.2)',
  declared: 'its route declares that it may be repeated',
  refused: 'it was refused for want of a length (411), and was sent again with one',
} as const

/** Why no attempt follows. */
export const LAST_WORDS: Readonly<Record<NoRetryReason, string>> = {
  'answer-begun': 'a part of an answer had gone to the client already',
  'client-gone': 'its client had left',
  attempts: "the pool's attempts were used up (retry.attempts)",
  login: 'it belongs to a login of its connection, which another connection would not have',
  'not-repeatable':
    'bytes of it had been sent, its method changes something, and nothing declares that it may be repeated: it could have been carried out twice',
  'body-gone': 'its body was longer than what is kept for another attempt (retry.replay of the route)',
  budget: 'the retry budget of the pool was used up: too much was being repeated already',
  timeout: 'a request that timed out is not sent again, it may be what makes upstreams slow (retry.timeouts)',
  garbage: 'two upstreams have answered with something that is no HTTP: it seems to be the request',
}

/** @param end as in the access log */
export function endWords(end: string): string {
  return END_WORDS[end] ?? FAULTS[end as FaultCode]?.message ?? `It ended so: ${end}.`
}

/** `0.4 ms`, `12 ms`, `3.2 s`. */
export function ms(value: number): string {
  if (value < 10) return `${Math.round(value * 10) / 10} ms`
  return value < 1000 ? `${Math.round(value)} ms` : `${Math.round(value / 100) / 10} s`
}
