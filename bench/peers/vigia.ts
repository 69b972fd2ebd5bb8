// Peer: vigia itself, from this checkout or from another one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeFromTemplate } from '../harness/template.ts'
import { certificateIn } from './certificate.ts'
import type { Peer, Setup } from './peer.ts'

const thisCheckout = fileURLToPath(new URL('../..', import.meta.url))

/** @param folder of the checkout that is run; its configuration is that of this checkout, with no key that its case does not need */
export function vigia(name = 'vigia', folder = thisCheckout): Peer {
  return {
    name,
    title: 'all default features on (figures of the whole process: control plane and worker)',
    missing: undefined,
    version: () => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version,
    prepare: setup => [process.execPath, join(folder, 'bin/vigia.js'), 'run', '-c', writeConfig(setup)],
  }
}

function writeConfig({
  folder,
  port,
  adminPort,
  upstreamPorts,
  routes,
  workers,
  connections,
  accessLog,
  compress,
  http2,
  tls,
  cache,
}: Setup): string {
  return writeFromTemplate(new URL('vigia.yaml', import.meta.url), join(folder, 'vigia.yaml'), {
    PORT: port,
    ADMIN_PORT: adminPort,
    PROTOCOL: tls ? tlsKeys(folder) : http2 ? ', http2: true' : '',
    CACHE: cache ? ', cache: { ttl: 1h }' : '',
    WORKERS: workers,
    CONNECTIONS: connections,
    ACCESS_LOG: accessLog
      ? `{ path: "${join(folder, 'access.log')}"${accessLog === 'sampled' ? ', sample: 10%' : ''} }`
      : 'false',
    COMPRESS: compress === 'off' ? '' : `compress: { codings: [${compress}] }`,
    ROUTES: Array.from({ length: routes - 1 }, (_, i) => `  - { match: { path: /r/${i} }, pool: erp }`).join('\n'),
    UPSTREAMS: upstreamPorts.map((at, i) => `      - { name: erp-${i}, url: "http://127.0.0.1:${at}" }`).join('\n'),
  })
}

function tlsKeys(folder: string): string {
  const { certFile, keyFile } = certificateIn(folder)
  return `, tls: { certificates: [{ certFile: "${certFile}", keyFile: "${keyFile}" }], http2: false }`
}
