// An upstream of a pool: its url, weight, limit and TLS; and upstreams that can never serve.

import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'
import type { UpstreamPlan } from '../../../plan/pool.ts'
import { isHostName, parseUpstreamUrl } from '../../forms/address.ts'
import { type Contents, type NamedFile, wrongInCertificates } from '../../forms/named-file.ts'
import { givenAt, type Otherwises } from '../../forms/otherwise.ts'
import { error, type Finding, type Path, quote, repeatedNames, warning } from '../../forms/problem.ts'
import { described, integer, name, section, text } from '../../forms/schema-blocks.ts'
import { maxConnectionsSchema } from './overload.ts'

const WEIGHT = 100
const PRIORITY = 0

export const upstreamSchema = section(
  {
    name: name('Name of the upstream in status, metrics and logs; unique in its pool.'),
    url: text(
      'http://HOST:PORT or https://HOST:PORT',
      'Where the upstream listens: http://host:port or https://host:port, without a path. Default port: 80 or 443. How a host name is resolved says `dns`.',
    ),
    weight: Type.Optional(
      integer(0, 1000, 'Share of new work, relative to the other upstreams of the pool. 0 = no new work.', WEIGHT),
    ),
    priority: Type.Optional(
      integer(
        0,
        100,
        '0 = the first site. Upstreams of a higher number stand by: they get requests only when no upstream of a lower number can serve, or as `spill` says.',
        PRIORITY,
      ),
    ),
    maxConnections: Type.Optional(maxConnectionsSchema),
    tls: Type.Optional(
      section(
        {
          caFile: Type.Optional(
            text(
              'a file path',
              "PEM file of the authorities that may sign the upstream's certificate, relative to the configuration file. Default: the system's.",
            ),
          ),
          serverName: Type.Optional(
            text('a host name', "Name asked for (SNI) and looked for in the certificate. Default: the url's host."),
          ),
          verify: Type.Optional(
            Type.Boolean({
              title: 'true or false',
              ...described(
                "Whether the upstream's certificate is verified. false lets anyone in between read and change the traffic.",
                true,
              ),
            }),
          ),
        },
        'TLS to the upstream; only with an https url.',
      ),
    ),
  },
  'One ERP node.',
)

type UpstreamDocument = Static<typeof upstreamSchema>

export function* checkUpstreams(upstreams: readonly UpstreamDocument[], at: Path): Iterable<Finding> {
  yield* repeatedNames(upstreams, 'upstreams', at)
  const addresses = new Map<string, string>()
  for (const [i, { name, url, tls }] of upstreams.entries()) {
    const parsed = parseUpstreamUrl(url)
    if ('wrong' in parsed) {
      yield error([...at, i, 'url'], `${parsed.wrong}, expected http://HOST:PORT or https://HOST:PORT`)
      continue
    }
    const address = `${parsed.host} ${parsed.port}`
    const twin = addresses.get(address)
    if (twin !== undefined)
      yield warning(
        [...at, i, 'url'],
        `the same address as upstream ${quote(twin)}: it gets a double share and two probes`,
      )
    addresses.set(address, twin ?? name)
    if (tls !== undefined && !parsed.tls)
      yield error([...at, i, 'tls'], 'TLS needs a url that begins with https://', 'key')
    if (tls?.serverName !== undefined && !isHostName(tls.serverName)) {
      yield error(
        [...at, i, 'tls', 'serverName'],
        `${quote(tls.serverName)} is not a host name, expected one such as erp.example.com`,
      )
    }
    if (tls?.verify === false)
      yield warning(
        [...at, i, 'tls', 'verify'],
        'the certificate is not verified: prefer caFile with your own authority',
      )
  }
  if (upstreams.every(({ weight }) => weight === 0)) {
    yield error(at, 'every upstream has weight 0: the pool could never serve a request', 'key')
  }
}

export function hasOnePriority(upstreams: readonly UpstreamDocument[]): boolean {
  const first = upstreams[0]?.priority ?? PRIORITY
  return upstreams.every(({ priority = PRIORITY }) => priority === first)
}

export function* upstreamFiles(upstreams: readonly UpstreamDocument[], at: Path): Iterable<NamedFile> {
  for (const [i, { tls }] of upstreams.entries()) {
    if (tls?.caFile !== undefined)
      yield { path: [...at, i, 'tls', 'caFile'], file: tls.caFile, wrongIn: wrongInCertificates }
  }
}

export function compileUpstream(upstream: UpstreamDocument, files: Contents): UpstreamPlan {
  const { name, url, weight, priority, maxConnections, tls } = upstream
  const parsed = parseUpstreamUrl(url)
  if ('wrong' in parsed) throw new Error('compile was given a document that the cross-checks refuse')
  const { host, port, authority } = parsed
  return {
    name,
    tls: parsed.tls
      ? {
          // SNI carries names only (RFC 6066 3).
          serverName: tls?.serverName ?? (isIP(host) === 0 ? host : undefined),
          verify: tls?.verify ?? true,
          ca: tls?.caFile === undefined ? undefined : files.get(tls.caFile),
        }
      : undefined,
    host,
    port,
    authority,
    weight: weight ?? WEIGHT,
    priority: priority ?? PRIORITY,
    maxConnections,
  }
}

/** What holds where the schema has no plain default. */
export const OTHERWISE_IN_UPSTREAM: Otherwises = {
  'pools.*.upstreams[].tls.serverName': around => {
    const at = around.at.slice(0, -1)
    const { url } = givenAt(around, at) as UpstreamDocument
    const parsed = parseUpstreamUrl(url)
    // SNI carries names only (RFC 6066 3).
    if ('wrong' in parsed || isIP(parsed.host) !== 0) return undefined
    return { value: parsed.host, by: 'derived', from: [...at, 'url'] }
  },
}
