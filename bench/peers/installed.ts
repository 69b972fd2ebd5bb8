// Peers that are programs of the system: HAProxy, nginx, Caddy. Skipped where they are not installed.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../harness/process.ts'
import { writeFromTemplate } from '../harness/template.ts'
import { certificateIn } from './certificate.ts'
import type { Peer, Setup } from './peer.ts'

export const haproxy = installed('haproxy', 'connections to the upstream reused', {
  versionArgs: ['-v'],
  command: (program, setup) => [program, '-db', '-f', haproxyConfig(program, setup)],
})

export const nginx = installed('nginx', '128 idle connections to the upstream', {
  versionArgs: ['-v'],
  command: (program, setup) => [program, '-p', setup.folder, '-e', 'stderr', '-c', nginxConfig(setup)],
})

export const caddy = installed('caddy', 'GOMAXPROCS as many as workers, 128 idle connections to the upstream', {
  versionArgs: ['version'],
  command: (program, setup) => [
    ...['env', `GOMAXPROCS=${setup.workers}`, `HOME=${setup.folder}`, program],
    ...['run', '--adapter', 'caddyfile', '--config', caddyConfig(setup)],
  ],
})

function haproxyConfig(program: string, { folder, upstreamPorts, routes, accessLog, ...setup }: Setup): string {
  const map = join(folder, 'routes.map')
  writeFileSync(map, prefixes(routes).join(' erp\n'))
  const metrics = `frontend metrics\n    bind 127.0.0.1:${setup.adminPort}\n    http-request use-service prometheus-exporter if { path /metrics }`
  const hasMetrics = execFileSync(program, ['-vv'], { encoding: 'utf8' }).includes('Prometheus')
  return writeFromTemplate(new URL('haproxy.cfg', import.meta.url), join(folder, 'haproxy.cfg'), {
    PORT: setup.port,
    PROTOCOL: setup.tls ? `ssl crt ${certificateIn(folder).bothFile} alpn http/1.1` : setup.http2 ? 'proto h2' : '',
    WORKERS: setup.workers,
    CONNECTIONS: setup.connections,
    ACCESS_LOG: accessLog ? 'option httplog\n    log stdout format raw local0 info' : '',
    ROUTES: routes > 1 ? `use_backend %[path,map_beg(${map},erp)]` : '',
    COMPRESSION: setup.compress === 'off' ? '' : 'compression algo gzip\n    compression type application/json',
    METRICS: hasMetrics ? metrics : '',
    UPSTREAMS: upstreamPorts.map((port, i) => `    server erp-${i} 127.0.0.1:${port} check inter 2s`).join('\n'),
  })
}

function nginxConfig({
  folder,
  upstreamPorts,
  routes,
  accessLog,
  compress,
  port,
  workers,
  connections,
  http2,
  tls,
  cache,
}: Setup): string {
  const files = tls ? certificateIn(folder) : undefined
  const log = `${join(folder, 'access.log')} combined buffer=32k flush=200ms`
  return writeFromTemplate(new URL('nginx.conf', import.meta.url), join(folder, 'nginx.conf'), {
    PORT: port,
    FOLDER: folder,
    WORKERS: workers,
    CONNECTIONS: connections + 2000,
    IDLE_CONNECTIONS: 128 * upstreamPorts.length,
    PROTOCOL: tls ? 'ssl' : http2 ? 'http2' : '',
    TLS: files
      ? `ssl_certificate ${files.certFile};\n        ssl_certificate_key ${files.keyFile};\n        ssl_protocols TLSv1.2 TLSv1.3;`
      : '',
    CACHE_PATH: cache
      ? `proxy_cache_path ${join(folder, 'cache')} keys_zone=erp:8m max_size=64m use_temp_path=off;`
      : '',
    // Its workers write the cache, into a folder that is this user's alone.
    USER: cache ? `user ${userInfo().username};` : '',
    CACHE: cache ? 'proxy_cache erp; proxy_cache_valid 200 1h;' : '',
    REUSE_PORT: workers > 1 ? 'reuseport' : '',
    ACCESS_LOG: accessLog ? log : 'off',
    GZIP: compress === 'off' ? 'off' : 'on',
    ROUTES: prefixes(routes)
      .map(prefix => `        location ${prefix} { proxy_pass http://erp; }`)
      .join('\n'),
    UPSTREAMS: upstreamPorts.map(at => `        server 127.0.0.1:${at};`).join('\n'),
  })
}

function caddyConfig({ folder, upstreamPorts, accessLog, compress, port, tls }: Setup): string {
  const files = tls ? certificateIn(folder) : undefined
  return writeFromTemplate(new URL('Caddyfile', import.meta.url), join(folder, 'Caddyfile'), {
    PORT: port,
    FOLDER: folder,
    SCHEME: tls ? 'https' : 'http',
    TLS: files ? `tls ${files.certFile} ${files.keyFile}` : '',
    ACCESS_LOG: accessLog ? `log {\n\t\toutput file ${join(folder, 'access.log')}\n\t}` : '',
    ENCODE: compress === 'off' ? '' : 'encode {\n\t\tgzip 1\n\t\tmatch header Content-Type application/json*\n\t}',
    UPSTREAMS: upstreamPorts.map(at => `127.0.0.1:${at}`).join(' '),
  })
}

/** Of all routes but the last, which is every path. */
function prefixes(routes: number): string[] {
  return Array.from({ length: routes - 1 }, (_, i) => `/r/${i}/`)
}

interface Program {
  readonly versionArgs: readonly string[]
  readonly command: (program: string, setup: Setup) => string[]
}

function installed(name: string, title: string, { versionArgs, command }: Program): Peer {
  const program = findProgram(name)
  return {
    name,
    title,
    missing: program === undefined ? 'not installed' : undefined,
    version: () => {
      // nginx writes its version to stderr.
      const line = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', program ?? name, ...versionArgs], { encoding: 'utf8' })
      return /\d+\.\d+\.\d+/.exec(line)?.[0] ?? line.trim()
    },
    prepare: setup => command(program ?? name, setup),
  }
}
