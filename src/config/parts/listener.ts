// Where vigia listens for clients: each listener's name and address, and no two on one port.

import Type, { type Static } from 'typebox'
import type { ListenerPlan } from '../../plan/listener.ts'
import { ADDRESS_FORM, type Address, parseAddress } from '../forms/address.ts'
import { error, type Finding, type Path, quote, repeatedNames } from '../forms/problem.ts'
import { boolean, name, section, text } from '../forms/schema-blocks.ts'
import { type AdminDocument, adminAddress } from './admin.ts'
import type { HealthListenerDocument } from './health-listener.ts'
import { checkProxySenders, compileProxySenders, proxySendersSchema } from './proxy-senders.ts'
import { checkTcpKeepAlive, compileTcpKeepAlive, tcpKeepAliveSchema } from './tcp-keep-alive.ts'

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
  for (const [i, { tcpKeepAlive, proxyProtocol }] of listeners.entries()) {
    yield* checkTcpKeepAlive(tcpKeepAlive, ['listeners', i, 'tcpKeepAlive'])
    yield* checkProxySenders(proxyProtocol, ['listeners', i, 'proxyProtocol'])
  }
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

function overlaps(a: Address, b: Address): boolean {
  return a.port === b.port && (a.host === b.host || isWildcard(a.host) || isWildcard(b.host))
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** @param listener must have passed the checks */
export function compileListener(listener: ListenerDocument): ListenerPlan {
  const { name, address, tcpKeepAlive, http2, proxyProtocol } = listener
  const parsed = parseAddress(address)
  if ('wrong' in parsed) throw new Error('compile was given a document that the checks refuse')
  return {
    ...{ name, ...parsed, http2 },
    proxyProtocol: compileProxySenders(proxyProtocol),
    tcpKeepAliveMs: compileTcpKeepAlive(tcpKeepAlive),
  }
}
