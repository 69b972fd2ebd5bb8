// The smallest right configuration for what people have said. Pure.

import { Document, isMap, isScalar, isSeq, type Node, visit } from 'yaml'
import { formatConfig } from '../../config/shown/format.ts'
import { type NodeAddress, urlOf } from './nodes.ts'
import { type Erp, profileOf } from './profiles.ts'

export interface Wanted {
  readonly erp: Erp
  readonly nodes: readonly NodeAddress[]
  /** Stand by. */
  readonly secondSite: readonly NodeAddress[]
  /** What users type; '' = whatever they do. */
  readonly host: string
  /** A secret for what is signed, such as cookies; used where the ERP needs one. */
  readonly secret: string
  /** It is the file of the packaged service, which may write below /var only, and listen on port 80. */
  readonly isService: boolean
}

const LONGEST_ON_A_LINE = 100

/** @param schema where editors find the schema */
export function configurationFor(wanted: Wanted, schema: string): string {
  const { erp, host, isService } = wanted
  const { title, pools, routes, onNodes } = profileOf(erp)
  const parts = [
    `# yaml-language-server: $schema=${schema}`,
    `# ${title}. On the nodes: ${onNodes.join('; ')}.`,
    '# After a change: vigia check -c FILE. All keys: vigia.yaml(5), config/examples/complete.yaml; more for this ERP: config/examples.',
    '',
    text({ listeners: [{ name: 'web', address: `:${portOf(wanted)}` }] }),
    '# At the edge alone, with a certificate: listeners with tls, and acme (config/examples/https.yaml).',
    '',
    text({ routes: routes.map(route => routeOf(route, host)) }),
    text({ pools: Object.fromEntries(pools.map((pool, i) => [pool.name, poolOf(wanted, pool, i === 0)])) }),
    '# vigia status, drain, why ... ask here; for people elsewhere it takes tokens (vigia token) and tls.',
    text({ admin: { address: '127.0.0.1:9900' } }),
    '# What is to be known after a restart: who was taken out, what is in doubt, who did what.',
    text({ store: isService ? '/var/lib/vigia/vigia.db' : './vigia.db' }),
    ...(isService ? [text({ accessLog: { path: '/var/log/vigia/access.log' } })] : []),
  ]
  // As `vigia fmt` writes it.
  const formatted = formatConfig(Buffer.from(parts.join('\n').replace(/\n{3,}/g, '\n\n')), 'vigia.yaml')
  if (!formatted.ok) throw new Error(formatted.problems[0]!.message)
  return formatted.text
}

/** Where users come in. */
export function portOf({ isService }: Pick<Wanted, 'isService'>): number {
  return isService ? 80 : 8080
}

/** What fits into a line stands on one, as people write it. */
function text(value: unknown): string {
  const document = new Document(value)
  visit(document, {
    Collection(_, node, path) {
      // The document, and its mapping of one key.
      if (path.length > 2 && fitsOnLine(node)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 140 })
}

function fitsOnLine(node: Node): boolean {
  if (isSeq(node) && !node.items.every(item => isScalar(item))) return false
  return (isMap(node) || isSeq(node)) && JSON.stringify(node.toJSON()).length <= LONGEST_ON_A_LINE
}

function routeOf(
  { pool, path, keys }: ReturnType<typeof profileOf>['routes'][number],
  host: string,
): Readonly<Record<string, unknown>> {
  const match = { ...(host === '' ? {} : { host }), ...(path === undefined ? {} : { path }) }
  return { ...(Object.keys(match).length === 0 ? {} : { match }), pool, ...keys }
}

function poolOf(
  { erp, nodes, secondSite, host, secret }: Wanted,
  { name, port, keys }: ReturnType<typeof profileOf>['pools'][number],
  isFirst: boolean,
): Readonly<Record<string, unknown>> {
  const upstream = (node: NodeAddress, i: number, prefix: string, more: object) => ({
    name: `${prefix}-${i + 1}`,
    // The port that was said is that of the first pool.
    url: urlOf(isFirst ? node : { ...node, port: undefined }, port),
    ...more,
  })
  const upstreams = [
    ...nodes.map((node, i) => upstream(node, i, name, {})),
    ...secondSite.map((node, i) => upstream(node, i, 'second-site', { priority: 1 })),
  ]
  const { health, affinity } = keys
  const signed = affinity === undefined ? {} : { affinity: { ...affinity, keys: [secret] } }
  const withHost =
    profileOf(erp).wantsHost && host !== '' && typeof health === 'object' && health !== null
      ? { health: { ...health, host } }
      : {}
  return { ...keys, ...withHost, ...signed, upstreams }
}
