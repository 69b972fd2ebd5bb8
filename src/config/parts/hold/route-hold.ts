// What a route holds while its pool does not serve, and how that is carried out afterwards (its key `hold`): checked and compiled.

import type { HoldPlan } from '../../../plan/hold.ts'
import { type Contents, type NamedFile, wrongInHeaderFile } from '../../forms/named-file.ts'
import { error, type Finding, type Path, quote, warning } from '../../forms/problem.ts'
import { formatSize, parseRate, parseSize, parseSpan } from '../../forms/units.ts'
import { checkAnswer, compileAnswer } from './hold-answer.ts'
import { compileOrder, wrongInOrder } from './hold-order.ts'
import { DEFAULTS, type HoldDocument, SHORTEST_SECRET } from './hold-schema.ts'

/** A held body is in memory as a whole. */
const MOST_BODY_BYTES = 16 * 1024 ** 2
/** Nothing else of the worker moves while it is parsed. */
const MOST_PARSED_BYTES = 1024 ** 2

interface HoldingRoute {
  readonly match?: {
    readonly path?: string
    readonly method?: string | readonly string[]
    readonly clientCertificate?: unknown
  }
  readonly longPoll?: boolean
  readonly maxBody?: string | number
  readonly pool: string
  readonly hold?: HoldDocument
}

/** @param hasStore there is one beside which they can be kept @param poolOf the application of a pool */
export function* checkHolds(
  routes: readonly HoldingRoute[],
  hasStore: boolean,
  applicationOf: (pool: string) => string | undefined,
): Iterable<Finding> {
  for (const [i, route] of routes.entries()) {
    if (route.hold === undefined) continue
    const at: Path = ['routes', i, 'hold']
    if (!hasStore)
      yield error(at, 'needs a store, beside which held requests are kept: set store, such as store: vigia.db', 'key')
    yield* checkHold(route.hold, route, at)
    yield* checkRpc(route.hold, route, applicationOf(route.pool), at)
  }
}

function* checkHold(hold: HoldDocument, { match, longPoll, maxBody }: HoldingRoute, at: Path): Iterable<Finding> {
  const { during = DEFAULTS.during, paused = DEFAULTS.paused, order, answer, body, ttl } = hold
  if (longPoll === true) yield error(at, 'a long poll can’t be held: remove it', 'key')
  if (match?.clientCertificate !== undefined) {
    yield error(
      at,
      'what is held is carried out later, without the certificate by which the route is found: remove it, or move match.clientCertificate to access.clientCertificate',
      'key',
    )
  }
  if (during.length === 0 && paused === 'refuse')
    yield warning([...at, 'during'], 'holds nothing: name window, outage or queue-full, or remove hold')
  const methods: readonly string[] = hold.methods ?? DEFAULTS.methods
  const taken = match?.method === undefined ? undefined : [match.method].flat().map(each => each.toUpperCase())
  if (taken !== undefined && !methods.some(method => taken.includes(method)))
    yield warning(at, `has no effect: the route does not take ${methods.join(', ')}`, 'key')
  const bytes = parseSize(body ?? DEFAULTS.body)!
  if (bytes > MOST_BODY_BYTES)
    yield error([...at, 'body'], `is ${formatSize(bytes)}, expected at most ${formatSize(MOST_BODY_BYTES)}`)
  else if (bytes > MOST_PARSED_BYTES && order?.startsWith('json:'))
    yield error(
      [...at, 'body'],
      `is ${formatSize(bytes)}, expected at most ${formatSize(MOST_PARSED_BYTES)}: for order json each body is parsed; lower it, or order by a header`,
    )
  const most = maxBody === undefined ? 0 : parseSize(maxBody)!
  if (body !== undefined && most > 0 && bytes > most)
    yield warning([...at, 'body'], `is more than the route takes (maxBody is ${formatSize(most)})`)
  const wrong = wrongInOrder(order ?? DEFAULTS.order)
  if (wrong !== undefined) yield error([...at, 'order'], wrong)
  if (parseSpan(ttl ?? DEFAULTS.ttl)! < 1000) yield error([...at, 'ttl'], 'is shorter than 1s: nothing would be sent')
  const { first, most: longest } = { ...DEFAULTS.forward.retry, ...hold.forward?.retry }
  if (parseSpan(first)! > parseSpan(longest)!)
    yield error([...at, 'forward', 'retry', 'first'], `is longer than the longest wait (most is ${longest})`)
  if (answer !== undefined) yield* checkAnswer(answer, [...at, 'answer'])
}

/** Requests that nobody can hold without an answer that their clients understand are the ones that their writer has in mind. */
function* checkRpc(
  hold: HoldDocument,
  route: HoldingRoute,
  application: string | undefined,
  at: Path,
): Iterable<Finding> {
  if (compileAnswer(hold.answer).rpc) return
  const path = route.match?.path ?? '/'
  const isRpc = /xml-?rpc|soap/i.test(path)
  if (!isRpc && application !== 'tryton' && !(application === 'odoo' && path === '/')) return
  const what = isRpc ? `${quote(path)} takes` : `${application} takes`
  yield warning(
    at,
    `${what} XML-RPC or SOAP, whose clients take a 202 for an error: such requests are not held unless answer has a status 200 and a body of XML that they understand`,
    'key',
  )
}

export function* holdFiles(hold: HoldDocument | undefined, at: Path): Iterable<NamedFile> {
  const file = hold?.callback?.secretFile
  if (file !== undefined) yield { path: [...at, 'callback', 'secretFile'], file, wrongIn: wrongInSecret }
}

function wrongInSecret(content: string): string | undefined {
  const wrong = wrongInHeaderFile(content)
  if (wrong !== undefined) return wrong
  return content.length < SHORTEST_SECRET ? `holds less than ${SHORTEST_SECRET} characters` : undefined
}

export function compileHold(hold: HoldDocument | undefined, files: Contents): HoldPlan | undefined {
  if (hold === undefined) return undefined
  const { during, paused, methods, body, ttl, order, dedupe, answer, inDoubt } = {
    ...DEFAULTS,
    answer: undefined,
    ...hold,
  }
  const forward = { ...DEFAULTS.forward, ...hold.forward }
  const retry = { ...DEFAULTS.forward.retry, ...hold.forward?.retry }
  const most = { ...DEFAULTS.max, ...hold.max }
  const kept = { ...DEFAULTS.result, ...hold.result }
  const { rpc, ...answered } = compileAnswer(answer)
  return {
    during,
    paused,
    methods,
    bodyBytes: parseSize(body)!,
    ttlMs: parseSpan(ttl)!,
    maxRequests: most.requests,
    maxBytes: parseSize(most.bytes)!,
    order: compileOrder(order),
    dedupe,
    answer: answered,
    forward: {
      perSecond: parseRate(forward.rate)!,
      concurrency: forward.concurrency,
      afterMs: parseSpan(forward.after)!,
      retry: { attempts: retry.attempts, firstMs: parseSpan(retry.first)!, mostMs: parseSpan(retry.most)! },
    },
    result: { keepMs: parseSpan(kept.keep)!, bodyBytes: parseSize(kept.body)! },
    inDoubt,
    callback: hold.callback && {
      hosts: hold.callback.hosts.map(host => host.toLowerCase()),
      secret: files.get(hold.callback.secretFile) ?? '',
    },
    rpc,
  }
}

/** Keys of the plan whose name in the document is another one. */
export const RENAMED_IN_HOLD = {
  'hold.bodyBytes': 'hold.body',
  'hold.maxRequests': 'hold.max.requests',
  'hold.maxBytes': 'hold.max.bytes',
  'hold.forward.perSecond': 'hold.forward.rate',
  'hold.order.by': 'hold.order',
  'hold.order.name': 'hold.order',
  'hold.order.pointer': 'hold.order',
  'hold.result.bodyBytes': 'hold.result.body',
  'hold.callback.secret': 'hold.callback.secretFile',
}
