// The words of `vigia route`: what would happen to a request, step by step. Pure text.

import type { NoRetryReason, Proof } from '../../../policy/request/retry.ts'
import type {
  ExplainedAnswer,
  ExplainedPool,
  ExplainedRepetition,
  ExplainedRoute,
  Mismatch,
  RouteExplanation,
} from '../../../shared/explain/route-explanation.ts'
import { formatAge } from '../../../util/words.ts'
import { heading, paragraph } from '../paragraphs.ts'
import { endWords, LAST_WORDS, PROOF_WORDS } from './request-words.ts'

const MISMATCHES: Readonly<Record<Mismatch, string>> = {
  listeners: 'another listener',
  hosts: 'another host',
  path: 'another path',
  methods: 'another method',
  clientCertificate: 'no such certificate of the client',
}
/** More of them fill a screen, and say no more. */
const SHOWN_ROUTES = 10
const SHOWN_TYPES = 3

/** @param isOffline by a file: nothing is known of upstreams */
export function routeLines(explanation: RouteExplanation, isOffline: boolean): string[] {
  const { request, answer, route, pool } = explanation
  const { method, target, host, path, listener, listenerAddress, scheme, client, isTrusted } = request
  const believed = isTrusted ? ' (as a trusted proxy says)' : ''
  const spelled = path === undefined || path === target.replace(/\?.*/s, '') ? '' : ` Routes are matched with ${path}.`
  return [
    verdict(explanation),
    ...paragraph(`${method} ${target}, host ${host || 'not named'}, from ${client}${believed}.${spelled}`),
    ...paragraph(`It comes to listener ${listener} (${listenerAddress}, ${scheme}).${meant(request.listenerIsMeant)}`),
    ...(answer === undefined ? [] : answerLines(answer, route)),
    ...passedLines(explanation),
    ...(route === undefined
      ? []
      : [heading(`Route ${route.name}`), ...routeWords(route).flatMap(text => paragraph(text))]),
    ...(pool !== undefined && (answer === undefined || pool.situation === 'none') ? poolLines(pool, isOffline) : []),
    ...(route === undefined || answer !== undefined ? [] : repetitionLines(route.repetition)),
  ]
}

function verdict({ request, answer, route, pool }: RouteExplanation): string {
  const where = route === undefined ? '' : ` (route ${route.name}, pool ${pool?.name})`
  if (answer === undefined) {
    const waits = pool?.situation === 'no-verdict-yet' ? 'waits for the first verdict on an upstream of' : 'goes to'
    return `${request.method} ${request.path ?? request.target} ${waits} pool ${pool?.name} by route ${route?.name}.`
  }
  return `${request.method} ${request.path ?? request.target} is answered ${answer.status} by vigia itself: ${answer.code}${where}.`
}

function meant(isMeant: boolean): string {
  return isMeant ? '' : ' No listener has the port of the URL; this one stands in (--listener NAME for another).'
}

const ANSWERS: Readonly<Record<string, string>> = {
  redirect: 'The listener sends what comes without TLS to https.',
  'acme-challenge': 'It is the challenge of a certificate that is being ordered.',
  held: 'It is written to disk, and carried out once the pool serves again.',
  'last-hop': 'Max-Forwards: 0 says that it may go no further.',
}

function answerLines({ code, location, retryAfterS }: ExplainedAnswer, route: ExplainedRoute | undefined): string[] {
  if (code === 'forbidden' && route !== undefined) return paragraph(forbiddenWords(route))
  const to = location === undefined ? '' : ` Location: ${location}`
  const wait = retryAfterS === undefined ? '' : ` Retry-After: ${retryAfterS}`
  return paragraph(`${ANSWERS[code] ?? endWords(code)}${to}${wait}`)
}

function forbiddenWords({ name, forbidden, readings }: ExplainedRoute): string {
  if (forbidden === undefined)
    return readings?.tooMany === true
      ? 'Its path can be read in more ways than anybody has who means well, and a route of its pool restricts something.'
      : endWords('forbidden')
  const { route, by } = forbidden
  const whose =
    route === name
      ? `Route ${route}`
      : `Route ${route}, to which its path leads where a server reads it in another way,`
  if (by === 'path') return `${whose} lets nobody have this path (access.denyPaths).`
  if (by === 'certificate') return `${whose} wants a certificate of the client (access.clientCertificate).`
  return `${whose} does not let this address in (access.allow, access.deny).`
}

function passedLines({ passedOver, passedOverMore, route }: RouteExplanation): string[] {
  if (passedOver.length === 0) return []
  const shown = passedOver.slice(0, SHOWN_ROUTES).map(each => {
    const because = each.because.map(part => MISMATCHES[part]).join(', ')
    return `  ${each.route}: ${because || 'an earlier route takes it'}`
  })
  const more = passedOver.length - shown.length + passedOverMore
  const title = route === undefined ? 'Routes that do not take it' : 'Routes before that do not take it'
  return [heading(title), ...shown, ...(more > 0 ? [`  and ${more} more`] : [])]
}

function routeWords(route: ExplainedRoute): string[] {
  return [
    ...readingWords(route),
    ...accessWords(route),
    ...windowWords(route),
    ...limitWords(route),
    ...holdWords(route),
    ...cacheWords(route),
    ...compressionWords(route),
    ...fieldWords(route),
  ]
}

function readingWords({ readings }: ExplainedRoute): string[] {
  if (readings === undefined) return []
  if (readings.tooMany) return []
  const routes =
    readings.routes.length === 0
      ? ''
      : ` They lead to ${readings.routes.join(', ')} as well: what protects those holds, too.`
  return [
    `Servers may read its path as ${readings.paths.join(', ')}; what protects one of these protects all.${routes}`,
  ]
}

function accessWords({ access }: ExplainedRoute): string[] {
  if (access === undefined) return ['Access: everybody.']
  const parts = [
    access.allow === 0 ? '' : `only ${count(access.allow)} may`,
    access.deny === 0 ? '' : `${count(access.deny)} may not`,
    access.clientCertificate ? 'only who has a certificate that fits may' : '',
    access.denyPaths.length === 0 ? '' : `nobody may have ${access.denyPaths.join(', ')}`,
  ].filter(part => part !== '')
  return [`Access: ${parts.join('; ')}.`]
}

function count(ranges: number): string {
  return ranges === 1 ? 'one address or range' : `${ranges} addresses or ranges`
}

function windowWords({ window, passesWindow }: ExplainedRoute): string[] {
  if (window !== undefined) {
    const end = window.untilMs === undefined ? 'its end is open' : `until ${new Date(window.untilMs).toISOString()}`
    return [`Window "${window.name}" answers it (${end}): ${window.reason}.`]
  }
  return passesWindow === undefined ? [] : [`Window "${passesWindow}" is in force, but lets it through (bypass).`]
}

function limitWords({
  rateLimit,
  bodyBytes,
  gathersBody,
  timeouts,
  longPoll,
  queuePriority,
}: ExplainedRoute): string[] {
  const rate =
    rateLimit &&
    `Rate: ${rateLimit.perSecond} a second, ${rateLimit.burst} at once; ${rateLimit.waitMs === 0 ? 'this client may ask now' : `this client has to wait ${formatAge(rateLimit.waitMs)}`}.`
  const { connectMs, responseMs, idleMs } = timeouts
  const poll = longPoll ? ['It is a long poll: held open on purpose, counted apart, never queued.'] : []
  const rank = queuePriority === 0 ? [] : [`Rank ${queuePriority} in the queue: lower ones go first.`]
  return [
    ...(rate === undefined ? [] : [rate]),
    `Body: at most ${bytes(bodyBytes)}. Timeouts: connect ${seconds(connectMs)}, answer ${seconds(responseMs)}, idle ${seconds(idleMs)}.`,
    ...(gathersBody ? ['Its body is gathered before an upstream is chosen (buffer, requestBody).'] : []),
    ...poll,
    ...rank,
  ]
}

function holdWords({ hold }: ExplainedRoute): string[] {
  if (hold === undefined) return []
  if (!hold.mayBeHeld) return ['Hold: by its method, length or type it is none that is held.']
  const { order } = hold
  const by = { route: 'all of the route', client: 'its client', header: 'a header', json: 'a value of its body' }[
    order.by
  ]
  return [
    `Hold: held while there is ${hold.during.join(', ') || 'a pause'}, and behind what is held already, in the order of ${by}.`,
  ]
}

function cacheWords({ cache }: ExplainedRoute): string[] {
  if (cache === undefined) return []
  if (cache.bypassed !== undefined) return [`Cache: passed by, ${cache.bypassed}.`]
  return [
    cache.stored === 'nothing'
      ? 'Cache: nothing is stored for it.'
      : `Cache: something is stored for it (${cache.stored}).`,
  ]
}

function compressionWords({ compression }: ExplainedRoute): string[] {
  if (compression === undefined) return []
  const { coding, types, minBytes } = compression
  if (coding === undefined) return ['Compression: the client takes no coding of the route (Accept-Encoding).']
  const more = types.length > SHOWN_TYPES ? ` and ${types.length - SHOWN_TYPES} more types` : ''
  return [
    `Compression: ${coding}, where the answer is of ${types.slice(0, SHOWN_TYPES).join(', ')}${more} and has ${bytes(minBytes)} at least.`,
  ]
}

function fieldWords({ fields: { removed, set } }: ExplainedRoute): string[] {
  return [
    ...(removed.length === 0 ? [] : [`Fields that do not go up: ${removed.join(', ')}.`]),
    ...(set.length === 0 ? [] : [`Fields that vigia sets: ${set.join(', ')}.`]),
  ]
}

function poolLines(
  { name, balance, upstreams, upstreamsMore, affinity, queue, allDown, situation }: ExplainedPool,
  isOffline: boolean,
): string[] {
  const words = upstreams.map(({ upstream, availability, share, inFlight, limit, priority }) => {
    const part = availability === 'available' || share > 0 ? `, ${Math.round(share * 100)}% of new requests` : ''
    const busy = isOffline ? '' : `, ${inFlight}${limit > 0 ? ` of ${limit}` : ''} in flight`
    return `  ${upstream}: ${isOffline && availability === 'available' ? 'configured' : availability}${part}${busy}${priority > 0 ? `, priority ${priority}` : ''}`
  })
  const waits =
    queue === undefined ? '' : ` Where all are full up to ${queue.max} wait, for ${seconds(queue.timeoutMs)} each.`
  return [
    heading(`Pool ${name}: ${balance}${isOffline ? ', as if every upstream were well' : ''}`),
    ...words,
    ...(upstreamsMore > 0 ? [`  and ${upstreamsMore} more`] : []),
    ...(affinity === undefined ? [] : paragraph(affinityWords(affinity))),
    ...(waits === '' ? [] : paragraph(waits.trim())),
    ...(situation === 'none' && allDown === 'fail' ? paragraph(`Nobody is left: vigia why ${name} says why.`) : []),
  ]
}

function affinityWords({ kind, by, upstream, gone }: NonNullable<ExplainedPool['affinity']>): string {
  const what = kind === 'cookie' ? `cookie ${by}` : by === 'address' ? "the client's address" : by
  const then = gone === 'fail' ? 'while that one is gone it is answered 503' : 'while that one is gone others serve it'
  if (upstream !== undefined) return `Affinity by ${what}: it belongs to ${upstream}; ${then}.`
  return `Affinity by ${what}: it belongs to nobody yet, and stays with whoever serves it; ${then}.`
}

function repetitionLines({
  attempts,
  declared,
  mayBeDeclaredRead,
  unsent,
  broken,
  late,
  statuses,
  couldBeInDoubt,
}: ExplainedRepetition): string[] {
  const declaredWords = { keyed: 'it carries an Idempotency-Key', poll: 'it is a poll' } as const
  return [
    heading(`After a failure (at most ${attempts} attempts)`),
    ...paragraph(`Nothing was sent: ${outcome(unsent)}.`),
    ...paragraph(`It broke off after it was sent: ${outcome(broken)}.`),
    ...paragraph(`No answer in time: ${outcome(late)}.`),
    ...(statuses.length > 0 && isProof(broken)
      ? paragraph(`An answer ${statuses.join(', ')}: another upstream is asked.`)
      : []),
    ...(declared === undefined ? [] : paragraph(`Its route declares it repeatable: ${declaredWords[declared]}.`)),
    ...(mayBeDeclaredRead
      ? paragraph(
          'It may be one of the RPC reads that its route declares: its body says so, and then it is repeatable.',
        )
      : []),
    ...(couldBeInDoubt
      ? paragraph('It would be IN DOUBT then: nobody would know whether it was carried out (vigia in-doubt).')
      : []),
  ]
}

function isProof(outcome: Proof | NoRetryReason): outcome is Proof {
  return outcome in PROOF_WORDS
}

function outcome(what: Proof | NoRetryReason): string {
  return isProof(what) ? `sent again, ${PROOF_WORDS[what]}` : `not sent again, ${LAST_WORDS[what]}`
}

function seconds(value: number): string {
  return value === 0 ? 'without limit' : `${value / 1000} s`
}

function bytes(value: number): string {
  if (!Number.isFinite(value)) return 'any length'
  return value >= 1024 ** 2
    ? `${Math.round((10 * value) / 1024 ** 2) / 10} MiB`
    : value >= 1024
      ? `${Math.round(value / 1024)} KiB`
      : `${value} bytes`
}
