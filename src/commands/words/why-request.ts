// The words of `vigia why REQUEST-ID`: what became of a request, attempt by attempt, and why. Pure text.

import type { RequestExplanation } from '../../admin/contract/explanations.ts'
import type { InDoubtEntry } from '../../admin/contract/in-doubt.ts'
import type { NoRetryReason } from '../../policy/request/retry.ts'
import type { ConsideredUpstream, RequestStory, TryStory } from '../../shared/questions.ts'
import { formatAge } from '../../util/words.ts'
import { heading, paragraph } from './paragraphs.ts'
import { localTime } from './times.ts'

/** What an end means: those of the access log, and the codes of vigia's own answers. */
const ENDS: Readonly<Record<string, string>> = {
  complete: 'It was answered, all of it.',
  upgraded: 'It became another protocol (a WebSocket, say), and went on as such.',
  'client left': 'Its client closed the connection before the answer was complete.',
  'client stalls': 'Its client took nothing of the answer for so long that it was cut off.',
  'upstream cut':
    "The upstream broke its answer off in the middle; so was the client's, since what it had could not be taken back.",
  'needs HTTP/1.1':
    'It brings a login of a connection (NTLM, Negotiate), which HTTP/2 can not carry: the client was told to come by HTTP/1.1.',
  'no-route': 'No route of the configuration matches it: vigia route METHOD URL says why.',
  'no-upstream-available': 'No upstream of its pool could take it: vigia status says who is out, and why.',
  'queue-full':
    'Every upstream was at its limit, and the queue was full: more upstreams, a higher maxConnections, or a longer queue.',
  'queue-timeout': 'It waited for a place on an upstream for as long as the queue lets it (queue.timeout).',
  overloaded: 'The circuit breaker of its pool refused it: more requests at once than it allows.',
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
  'body-too-large': 'Its body is larger than the route allows (limits.body).',
  'body-timeout': 'The rest of its body did not arrive in time (timeouts.idle).',
}

const PROOFS = {
  'not-sent': 'nothing of it had been sent',
  idempotent: 'its method may be repeated (RFC 9110 9.2.2)',
  declared: 'its route declares that it may be repeated',
} as const

const LAST: Readonly<Record<NoRetryReason, string>> = {
  'answer-begun': 'a part of an answer had gone to the client already',
  'client-gone': 'its client had left',
  attempts: "the pool's attempts were used up (retry.attempts)",
  login: 'it belongs to a login of its connection, which another connection would not have',
  'not-repeatable':
    'bytes of it had been sent, its method changes something, and nothing declares that it may be repeated: it could have been carried out twice',
  'body-gone': 'its body was longer than what is kept for another attempt (replayBytes)',
  budget: 'the retry budget of the pool was used up: too much was being repeated already',
  timeout: 'a request that timed out is not sent again, it may be what makes upstreams slow (retry.timeouts)',
  garbage: 'two upstreams have answered with something that is no HTTP: it seems to be the request',
}

export function whyRequestLines(explanation: RequestExplanation, nowMs: number, zone: string): string[] {
  const { stories, inDoubt, silentWorkers } = explanation
  const silent = silentWorkers.map(each => `Worker ${each} did not answer in time: what it knows is not here.`)
  return [
    ...stories.flatMap((story, at) => [...(at === 0 ? [] : ['']), ...storyLines(story, nowMs, zone)]),
    ...inDoubt.flatMap(each => doubtLines(each, zone)),
    ...silent,
  ]
}

function storyLines(story: RequestStory, nowMs: number, zone: string): string[] {
  const { requestId, method, host, path, atMs, status, end, totalMs, firstByteMs, queueMs, protocol, listener } = story
  const answer = status === 0 ? 'got no answer' : `was answered ${status}`
  const first = firstByteMs > 0 ? `, its first byte after ${ms(firstByteMs)}` : ''
  const queue = queueMs > 0 ? `, ${ms(queueMs)} of it in the queue` : ''
  const cached = story.cache === '' ? '' : ` The cache: ${story.cache}.`
  return [
    `${method} ${host}${path} ${answer} (${end}).`,
    ...paragraph(`${endWords(story)}${cached}`),
    ...paragraph(
      `It ended at ${localTime(atMs, zone)} (${formatAge(nowMs - atMs)} ago) after ${ms(totalMs)}${first}${queue}.`,
    ),
    ...paragraph(
      `It came from ${story.client} to listener ${listener} (${protocol}), worker ${story.worker}; id ${requestId}.`,
    ),
    ...paragraph(routeWords(story)),
    ...windowWords(story),
    ...tryLines(story),
    ...consideredLines(story.considered),
  ]
}

function endWords({ end, status }: RequestStory): string {
  if (end === 'complete' && status >= 500) return "It is the upstream's own answer: its log says why."
  return ENDS[end] ?? `It was refused as malformed: ${end}.`
}

function routeWords({ route, pool, bytesIn, bytesOut }: RequestStory): string {
  const bytes = `${bytesIn} bytes of body in, ${bytesOut} out`
  return route === '' ? `It came to no route; ${bytes}.` : `Route ${route}, pool ${pool}; ${bytes}.`
}

function windowWords({ window }: RequestStory): string[] {
  if (window === undefined) return []
  const end = window.untilMs === undefined ? 'its end is open' : `until ${new Date(window.untilMs).toISOString()}`
  return paragraph(
    `Window "${window.name}" (${end}): ${window.reason}. To end it: vigia maintenance end "${window.name}" --reason TEXT`,
  )
}

function tryLines({ tries }: RequestStory): string[] {
  if (tries.length === 0) return []
  return [
    heading(tries.length === 1 ? 'Its one attempt' : `Its ${tries.length} attempts`),
    ...tries.flatMap((each, at) => [
      `  ${at + 1}. ${tryWords(each)}`,
      ...nextWords(each, at === tries.length - 1).map(text => `     ${text}`),
    ]),
  ]
}

function tryWords({ upstream, afterMs, tookMs, reused, connectMs, bytesSent, status, failure }: TryStory): string {
  const connection = reused
    ? 'on a connection that was open'
    : connectMs > 0
      ? `connected in ${ms(connectMs)}`
      : 'never connected'
  const sent = bytesSent === 0 ? 'nothing sent' : `${bytesSent} bytes sent`
  const outcome =
    failure === ''
      ? `answered ${status}`
      : `FAILED: ${failure}${status > 0 ? ` (after an answer ${status} had begun)` : ''}`
  return `${upstream}, after ${ms(afterMs)}, for ${ms(tookMs)}: ${connection}, ${sent}; ${outcome}.`
}

function nextWords({ proof, stale, last }: TryStory, isLast: boolean): string[] {
  if (last !== '') return [`Not sent again: ${LAST[last]}.`]
  if (proof === '') return []
  if (isLast) return [`It might have been sent again (${PROOFS[proof]}), but nobody else could take it.`]
  const free = stale ? ' The upstream had closed the idle connection just then, so it costs no attempt.' : ''
  return [`Sent again, safely: ${PROOFS[proof]}.${free}`]
}

function consideredLines(considered: readonly ConsideredUpstream[] | undefined): string[] {
  if (considered === undefined) return []
  const words = considered.map(({ upstream, availability, weight, priority }) => {
    const share = weight === 0 ? ', weight 0' : ''
    return `${upstream} ${availability}${share}${priority > 0 ? `, priority ${priority}` : ''}`
  })
  return [heading('Who there was, when it ended'), ...paragraph(words.join('; '))]
}

function doubtLines(
  { at, upstream, pool, bytesSent, stage, cause, idempotencyKey, resolved, requestId }: InDoubtEntry,
  zone: string,
) {
  const key = idempotencyKey === null ? '' : `, Idempotency-Key ${idempotencyKey}`
  const settled =
    resolved === null
      ? `Nobody has settled it: vigia in-doubt resolve ${requestId} --as done|not-done --note TEXT`
      : `Settled as ${resolved.resolution} by ${resolved.by} at ${resolved.at}${resolved.note === '' ? '' : `: ${resolved.note}`}.`
  const answer = stage === 'sent' ? 'no byte of an answer was seen' : 'its answer was cut, or no HTTP'
  return [
    heading('In doubt'),
    ...paragraph(
      `Since ${localTime(at, zone)}: ${bytesSent} bytes were sent to ${pool}/${upstream}${key}, and ${answer} (${cause}).`,
    ),
    ...paragraph(settled),
  ]
}

/** `0.4 ms`, `12 ms`, `3.2 s`. */
export function ms(value: number): string {
  if (value < 10) return `${Math.round(value * 10) / 10} ms`
  return value < 1000 ? `${Math.round(value)} ms` : `${Math.round(value / 100) / 10} s`
}
