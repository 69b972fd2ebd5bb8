// The proxies under test, in the order in which they take turns. `direct` (no proxy) is the runner's own.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../harness/process.ts'
import { writeFromTemplate } from '../harness/template.ts'
import type { Peer, Setup } from './peer.ts'

const require = createRequire(import.meta.url)
const node = process.execPath

export const peers: readonly Peer[] = [
  {
    name: 'vigia',
    title: 'one worker, all default features on (whole process: control plane and worker)',
    missing: undefined,
    version: () => packageVersion('../../package.json'),
    prepare: setup => [node, local('../../bin/vigia.js'), 'run', '-c', writeConfig('vigia.yaml', setup)],
  },
  installed('haproxy', 'one thread, connections to the upstream reused', {
    versionArgs: ['-v'],
    command: (program, setup) => [program, '-db', '-f', writeConfig('haproxy.cfg', setup)],
  }),
  installed('nginx', 'one worker process, 128 idle connections to the upstream', {
    versionArgs: ['-v'],
    command: (program, setup) => [program, '-p', setup.folder, '-e', 'stderr', '-c', writeConfig('nginx.conf', setup)],
  }),
  installed('caddy', 'GOMAXPROCS=1, 128 idle connections to the upstream', {
    versionArgs: ['version'],
    command: (program, setup) => [
      ...['env', 'GOMAXPROCS=1', `HOME=${setup.folder}`, program],
      ...['run', '--adapter', 'caddyfile', '--config', writeConfig('Caddyfile', setup)],
    ],
  }),
  {
    name: 'undici',
    title: 'node:http server and undici pool, hand-written, streaming',
    missing: undefined,
    version: () => packageVersion('undici/package.json'),
    prepare: setup => [node, local('./undici-proxy.ts'), String(setup.port), String(setup.upstreamPort)],
  },
  {
    name: 'http-proxy',
    title: 'node-http-proxy with a keep-alive agent',
    missing: undefined,
    version: () => packageVersion('http-proxy/package.json'),
    prepare: setup => [node, local('./http-proxy.ts'), String(setup.port), String(setup.upstreamPort)],
  },
]

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

/** Writes the configuration file of that name, filled in, into the setup's folder; returns its path. */
function writeConfig(file: string, { port, adminPort, upstreamPort, folder }: Setup): string {
  const values = { PORT: port, ADMIN_PORT: adminPort, UPSTREAM_PORT: upstreamPort, FOLDER: folder }
  return writeFromTemplate(new URL(file, import.meta.url), join(folder, file), values)
}

function packageVersion(path: string): string {
  return require(path).version
}

function local(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
