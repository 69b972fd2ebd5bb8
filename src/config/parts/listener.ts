// Where vigia listens for clients: each listener's name and address, and no two on one port.

import Type, { type Static } from 'typebox'
import type { ListenerPlan } from '../../plan/listener.ts'
import { ADDRESS_FORM, type Address, parseAddress } from '../forms/address.ts'
import type { NamedAuthorities } from '../forms/authority-files.ts'
import { type NamedPair, namedPairs } from '../forms/certificate-pair.ts'
import type { Otherwises } from '../forms/otherwise.ts'
import { error, type Finding, type Path, quote, repeatedNames } from '../forms/problem.ts'
import { boolean, integer, name, section, text } from '../forms/schema-blocks.ts'
import { type AdminDocument, adminAddress } from './admin.ts'
import { namedAuthorities } from './client-certificates.ts'
import type { HealthListenerDocument } from './health-listener.ts'
import { checkHsts, compileHsts, hstsSchema } from './hsts.ts'
import { checkListenerTls, compileListenerTls, listenerTlsSchema } from './listener-tls.ts'
import { checkProxySenders, compileProxySenders, proxySendersSchema } from './proxy-senders.ts'
import { checkTcpKeepAlive, compileTcpKeepAlive, tcpKeepAliveSchema } from './tcp-keep-alive.ts'

const HTTPS_PORT = 443

const listener = section(
  {
    name: name('Name of the listener, for `match.listener` and logs; unique.'),
    address: text(
      ADDRESS_FORM,
      'host:port, or :port for every IPv4 address, or [IPv6]:port; [::]:port listens on both. Port 0 takes any free one (one worker only).',
    ),
    http2: Type.Optional(
      boolean(
        'Takes HTTP/2 without TLS beside HTTP/1.1, from clients that know of it beforehand (RFC 9113 3.3), such as another proxy. Browsers speak it over TLS only.',
        false,
      ),
    ),
    proxyProtocol: Type.Optional(proxySendersSchema),
    tcpKeepAlive: Type.Optional(tcpKeepAliveSchema('a client', 'its requests and tunnels end', 'option clitcpka')),
    tls: Type.Optional(listenerTlsSchema),
    redirect: Type.Optional(
      Type.Literal('https', {
        title: 'https',
        description:
          'Answers requests that came without TLS with a redirect to https:// (308, which repeats a POST as one; browsers are told not to store it). For port 80; what a trusted proxy says has come over TLS is served. Default: they are served.',
      }),
    ),
    redirectPort: Type.Optional(
      integer(
        1,
        65_535,
        'The port that clients reach TLS on, where it is not that of the first listener with `tls`. Default: that port; where there is none, 443.',
      ),
    ),
    hsts: Type.Optional(hstsSchema),
  },
  'An address that clients connect to.',
)

export const listenersSchema = Type.Array(listener, {
  minItems: 1,
  title: 'a list with at least one listener',
  description: 'Where vigia listens for clients.',
})

type ListenerDocument = Static<typeof listener>
export type ListenersDocument = readonly ListenerDocument[]

/** What of a document says where vigia listens. */
interface Listening {
  readonly listeners: readonly ListenerDocument[]
  readonly admin?: AdminDocument
  readonly health?: HealthListenerDocument
  readonly workers?: number | 'auto'
}

/** Addresses of all listeners: their form, and no two on one port. */
export function* checkListeners({ listeners, admin, health, workers }: Listening): Iterable<Finding> {
  yield* repeatedNames(listeners, 'listeners')
  for (const [i, listener] of listeners.entries()) yield* checkListener(listener, ['listeners', i])
  const taken: { readonly address: Address; readonly by: string }[] = []
  const addresses: { readonly path: Path; readonly text: string; readonly by: string }[] = listeners.map(
    ({ name, address }, i) => ({
      path: ['listeners', i, 'address'],
      text: address,
      by: `listener ${quote(name)}`,
    }),
  )
  const ofAdmin = adminAddress(admin)
  if (ofAdmin !== undefined) addresses.push({ path: ['admin', 'address'], text: ofAdmin, by: 'the admin listener' })
  if (health !== undefined)
    addresses.push({ path: ['health', 'address'], text: health.address, by: 'the health listener' })
  for (const { path, text, by } of addresses) {
    const address = parseAddress(text)
    if ('wrong' in address) {
      yield error(path, `${quote(text)}: ${address.wrong}, expected ${ADDRESS_FORM}`)
      continue
    }
    if (address.port === 0) {
      if (path[0] !== 'admin' && workers !== 1)
        yield error(path, 'with port 0 each worker would get a port of its own: give a port, or set workers: 1')
      continue
    }
    const other = taken.find(known => overlaps(known.address, address))
    if (other) {
      const whose =
        by === 'the admin listener' && admin === undefined
          ? `the admin listener's default address ${text}`
          : quote(text)
      yield error(
        path,
        `${whose} is taken by ${other.by} already: choose another port${by === 'the admin listener' ? ', or set admin: false' : ''}`,
      )
    }
    taken.push({ address, by })
  }
}

function* checkListener(
  { http2, tcpKeepAlive, proxyProtocol, tls, redirect, redirectPort, hsts }: ListenerDocument,
  at: Path,
): Iterable<Finding> {
  yield* checkTcpKeepAlive(tcpKeepAlive, [...at, 'tcpKeepAlive'])
  yield* checkProxySenders(proxyProtocol, [...at, 'proxyProtocol'])
  if (tls) yield* checkListenerTls(tls, [...at, 'tls'])
  if (tls && http2 !== undefined)
    yield error([...at, 'http2'], 'is for connections without TLS: with tls it is tls.http2', 'key')
  if (tls && redirect !== undefined)
    yield error([...at, 'redirect'], 'what comes to a listener with tls is https already: it belongs to one without')
  if (redirectPort !== undefined && redirect === undefined)
    yield error([...at, 'redirectPort'], 'says nothing without redirect: https', 'key')
  if (hsts && !tls)
    yield error(
      [...at, 'hsts'],
      'browsers ignore it in answers without TLS (RFC 6797 8.1): it belongs to a listener with tls',
      'key',
    )
  if (hsts) yield* checkHsts(hsts, [...at, 'hsts'])
}

export function listenerPairs(listeners: ListenersDocument): NamedPair[] {
  return listeners.flatMap(({ tls }, i) => namedPairs(tls?.certificates ?? [], ['listeners', i, 'tls', 'certificates']))
}

export function listenerAuthorities(listeners: ListenersDocument): NamedAuthorities[] {
  return listeners.flatMap(({ tls }, i) =>
    tls?.clients === undefined ? [] : [namedAuthorities(tls.clients, ['listeners', i, 'tls', 'clients'])],
  )
}

/** Those that ask clients for certificates. */
export function askingListeners(listeners: ListenersDocument): string[] {
  return listeners.filter(({ tls }) => tls?.clients !== undefined).map(({ name }) => name)
}

function overlaps(a: Address, b: Address): boolean {
  return a.port === b.port && (a.host === b.host || isWildcard(a.host) || isWildcard(b.host))
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** @param listeners must have passed the checks @param resolvePath makes a path of the document absolute */
export function compileListeners(
  listeners: ListenersDocument,
  resolvePath: (path: string) => string,
): readonly ListenerPlan[] {
  const plans = listeners.map(({ name, address, http2, proxyProtocol, tcpKeepAlive, tls, hsts }) => {
    const parsed = parseAddress(address)
    if ('wrong' in parsed) throw new Error('compile was given a document that the checks refuse')
    return {
      name,
      ...parsed,
      http2: http2 || undefined,
      proxyProtocol: compileProxySenders(proxyProtocol),
      tcpKeepAliveMs: compileTcpKeepAlive(tcpKeepAlive),
      tls: tls && compileListenerTls(tls, resolvePath),
      hsts: hsts && compileHsts(hsts),
    }
  })
  const httpsPort = httpsPortOf(plans)
  return plans.map((plan, i) => {
    const { redirect, redirectPort = httpsPort } = listeners[i]!
    return { ...plan, redirectPort: redirect && redirectPort }
  })
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_LISTENERS: Otherwises = {
  'listeners[].redirectPort': ({ beside, document }) => {
    if (beside.redirect === undefined) return undefined
    const listeners = document.listeners as ListenersDocument
    const secure = listeners.findIndex(({ tls }) => tls !== undefined)
    const value = httpsPortOf(compileListeners(listeners, path => path))
    return secure === -1 ? { value, by: 'default' } : { value, by: 'derived', from: ['listeners', secure, 'address'] }
  },
}

/** Where clients reach TLS. */
function httpsPortOf(plans: readonly ListenerPlan[]): number {
  return plans.find(({ tls }) => tls)?.port ?? HTTPS_PORT
}
