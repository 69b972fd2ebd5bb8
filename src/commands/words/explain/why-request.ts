// The words of `vigia why REQUEST-ID`: what became of a request, attempt by attempt, and why. Pure text.

import type { RequestExplanation } from '../../../admin/contract/explanations.ts'
import type { InDoubtEntry } from '../../../admin/contract/in-doubt.ts'
import type { ConsideredUpstream, RequestStory, TryStory } from '../../../shared/explain/request-story.ts'
import { formatAge } from '../../../util/words.ts'
import { heading, paragraph } from '../paragraphs.ts'
import { localTime } from '../times.ts'
import type { ShownEntry } from './log-line.ts'
import { endWords, LAST_WORDS, ms, PROOF_WORDS } from './request-words.ts'

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
    `${method === '' ? 'A malformed request' : `${method} ${host}${path}`} ${answer} (${end}).`,
    ...paragraph(`${outcomeWords(story)}${cached}`),
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

/** What the access log has of a request. */
export interface LoggedRequest extends ShownEntry {
  readonly listener: string
  readonly protocol: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly firstByteMs: number
  readonly connectMs: number
}

/** Of a plain one the access log says all there is. */
export function loggedLines(entry: LoggedRequest, nowMs: number, zone: string): string[] {
  const { method, host, path, status, end, time, totalMs, firstByteMs, queueMs, connectMs, client, listener } = entry
  const { protocol, requestId, route, pool, upstream, bytesIn, bytesOut, attempts, proof, cache } = entry
  const atMs = Date.parse(time)
  const first = firstByteMs > 0 ? `, its first byte after ${ms(firstByteMs)}` : ''
  const queue = queueMs > 0 ? `, ${ms(queueMs)} of it in the queue` : ''
  const connect = connectMs > 0 ? `, ${ms(connectMs)} of it to connect` : ''
  const again =
    attempts > 1
      ? ` It took ${attempts} attempts${proof in PROOF_WORDS ? `: ${PROOF_WORDS[proof as keyof typeof PROOF_WORDS]}` : ''}.`
      : ''
  return [
    `${method} ${host}${path} ${status === 0 ? 'got no answer' : `was answered ${status}`} (${end}).`,
    ...paragraph(`${outcomeWords({ end, status })}${cache === '' ? '' : ` The cache: ${cache}.`}${again}`),
    ...paragraph(
      `It ended at ${localTime(time, zone)} (${formatAge(nowMs - atMs)} ago) after ${ms(totalMs)}${first}${queue}${connect}.`,
    ),
    ...paragraph(`It came from ${client} to listener ${listener} (${protocol}); id ${requestId}.`),
    ...paragraph(
      `${routeWords({ route, pool, bytesIn, bytesOut })}${upstream === '' ? ' No upstream was asked.' : ` Upstream ${upstream}.`}`,
    ),
    ...paragraph('This is what the access log says; what went wrong with a request is kept for a while only.'),
  ]
}

function outcomeWords({ end, status }: Pick<RequestStory, 'end' | 'status'>): string {
  if (end === 'complete' && status >= 500) return "It is the upstream's own answer: its log says why."
  return endWords(end)
}

function routeWords({
  route,
  pool,
  bytesIn,
  bytesOut,
}: Pick<RequestStory, 'route' | 'pool' | 'bytesIn' | 'bytesOut'>): string {
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
  if (last !== '') return [`Not sent again: ${LAST_WORDS[last]}.`]
  if (proof === '') return []
  if (isLast) return [`It might have been sent again (${PROOF_WORDS[proof]}), but nobody else could take it.`]
  const free = stale ? ' The upstream had closed the idle connection just then, so it costs no attempt.' : ''
  return [`Sent again, safely: ${PROOF_WORDS[proof]}.${free}`]
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
