// Starts the upstreams that all proxies share, each in a process of its own: `static` is nginx where installed, else the minimal one
// on Node; `streaming` is always on Node.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, type Running, start } from '../harness/process.ts'
import { scenarios } from '../scenarios/all.ts'
import { prepareNginxUpstream } from './nginx-upstream.ts'

export interface StaticUpstream extends Running {
  readonly name: 'nginx' | 'node'
}

/**
 * Throws where the one that was asked for is not installed. It may not accept connections yet when this returns.
 * @param ports each is an upstream of its own to a proxy
 */
export function startStaticUpstream(
  wanted: 'auto' | 'nginx' | 'node',
  { ports, folder, cores }: { readonly ports: readonly number[]; readonly folder: string; readonly cores: string },
): StaticUpstream {
  const nginx = wanted === 'node' ? undefined : findProgram('nginx')
  if (nginx === undefined && wanted === 'nginx')
    throw new Error('nginx is not installed: apt-get install nginx-light, or use --upstream node')
  const own = join(folder, 'upstream')
  mkdirSync(own)
  const command =
    nginx === undefined
      ? onNode('./node-upstream.ts', ports)
      : prepareNginxUpstream(nginx, { ports, folder: own, scenarios: scenarios.filter(isStatic) })
  return {
    name: nginx === undefined ? 'node' : 'nginx',
    ...start(command, { cores, logFile: join(folder, 'static-upstream.log') }),
  }
}

export function startStreamingUpstream(options: { port: number; folder: string; cores: string }): Running {
  const logFile = join(options.folder, 'streaming-upstream.log')
  return start(onNode('./streaming-upstream.ts', [options.port]), { cores: options.cores, logFile })
}

function isStatic({ upstream }: { readonly upstream: string }): boolean {
  return upstream === 'static'
}

function onNode(file: string, ports: readonly number[]): string[] {
  return [process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...ports.map(String)]
}
