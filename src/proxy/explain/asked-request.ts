// The request that a question describes, read as strictly as one that comes over a connection: its bytes are put together and parsed.

import { FAULTS, type FaultCode } from '../../http/faults.ts'
import type { RequestHead } from '../../http/heads.ts'
import { parseRequestHead } from '../../http1/request-head.ts'
import type { ListenerPlan } from '../../plan/listener.ts'
import type { Snapshot } from '../../plan/snapshot.ts'
import { parseAddress } from '../../policy/request/client-address.ts'
import type { RouteQuestion } from '../../shared/explain/route-explanation.ts'
import { type Refusal, refuse } from '../../util/refusal.ts'

export interface AskedRequest {
  readonly ok: true
  readonly listener: ListenerPlan
  readonly listenerIsMeant: boolean
  readonly scheme: 'http' | 'https'
  /** Address that the connection comes from. */
  readonly from: string
  readonly method: string
  readonly target: string
  readonly host: string
  /** Or why it is refused. */
  readonly head: RequestHead | FaultCode
}

interface AskedUrl {
  readonly scheme: 'http' | 'https' | undefined
  readonly host: string | undefined
  readonly port: number | undefined
  readonly target: string
}

const URL_FORM = /^(https?):\/\/([^/?#]*)([^#]*)/i
const PORT = /:(\d{1,5})$/
/** What would end a line, or the head: nobody can ask for that by a field. */
const BREAK = /[\r\n\0]/
/** What clients encode before they send it. */
const UNSENDABLE = /[^\x21-\x7e]+/gu

/** Refused where it can't be meant. */
export function askedRequest(question: RouteQuestion, { listeners, limits }: Snapshot): AskedRequest | Refusal {
  const { method, fields } = question
  const url = urlOf(question.url)
  if (url === undefined)
    return refuse(
      'invalid',
      `${JSON.stringify(question.url)} is no URL`,
      'give http://, https:// or a path that begins with /',
    )
  const from = parseAddress(question.from)
  if (from === undefined) return refuse('invalid', `${JSON.stringify(question.from)} is no IP address`)
  if (!/^\S+$/.test(method)) return refuse('invalid', `${JSON.stringify(method)} is no method`)
  const broken = fields.find(([name, value]) => BREAK.test(name) || BREAK.test(value))
  if (broken !== undefined) return refuse('invalid', `the field ${JSON.stringify(broken[0])} has a line break in it`)
  const chosen = listenerOf(question.listener, url, listeners)
  if (chosen === undefined) {
    const names = listeners.map(({ name }) => name).join(', ')
    return refuse('unknown', `there is no listener called ${JSON.stringify(question.listener)}`, `there is ${names}`)
  }
  const named = fields.find(([name]) => name.toLowerCase() === 'host')?.[1]
  const host = url.host ?? named ?? ''
  const hosts = url.host !== undefined && named === undefined ? [['Host', url.host] as const] : []
  const lines = [...hosts, ...fields].map(([name, value]) => `${name}: ${Buffer.from(value).toString('latin1')}\r\n`)
  const text = `${method} ${url.target} HTTP/1.1\r\n${lines.join('')}\r\n`
  const head =
    text.length > limits.headBytes
      ? 'head-too-large'
      : parseRequestHead(text, limits, { section: '', meaning: undefined })
  const scheme = chosen.listener.tls === undefined ? 'http' : 'https'
  return { ok: true, ...chosen, scheme, from, method, target: url.target, host, head }
}

export function isFault(head: RequestHead | FaultCode): head is FaultCode {
  return typeof head === 'string' && head in FAULTS
}

function urlOf(text: string): AskedUrl | undefined {
  if (text.startsWith('/') || text === '*')
    return { scheme: undefined, host: undefined, port: undefined, target: sendable(text.replace(/#.*/s, '')) }
  const [, scheme, authority = '', rest = ''] = URL_FORM.exec(text) ?? []
  if (scheme === undefined) return undefined
  const target = sendable(rest.startsWith('/') ? rest : `/${rest}`)
  const isTls = scheme.toLowerCase() === 'https'
  const port = Number(PORT.exec(authority)?.[1] ?? (isTls ? 443 : 80))
  return { scheme: isTls ? 'https' : 'http', host: authority, port, target }
}

function sendable(target: string): string {
  return target.toWellFormed().replace(UNSENDABLE, encodeURIComponent)
}

/** The one that is named, or that has the URL's port; else the first that speaks its scheme stands in, for a port may be mapped. */
function listenerOf(name: string | undefined, { scheme, port }: AskedUrl, listeners: readonly ListenerPlan[]) {
  if (name !== undefined) {
    const named = listeners.find(each => each.name === name)
    return named && { listener: named, listenerIsMeant: true }
  }
  const speaks = (each: ListenerPlan) => scheme === undefined || (each.tls !== undefined) === (scheme === 'https')
  const meant = listeners.find(each => speaks(each) && (port === undefined || each.port === port))
  const listener = meant ?? listeners.find(speaks) ?? listeners[0]
  return listener && { listener, listenerIsMeant: meant !== undefined }
}
