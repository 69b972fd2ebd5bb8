// Starts the one upstream that all proxies share: nginx where installed, else the minimal one on Node, in a process of its own.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram, type Running, start } from '../harness/process.ts'
import { scenarios } from '../scenarios/all.ts'
import { prepareNginxUpstream } from './nginx-upstream.ts'

export interface Upstream extends Running {
  readonly name: 'nginx' | 'node'
}

/** Throws where the one that was asked for is not installed. It may not accept connections yet when this returns. */
export function startUpstream(
  wanted: 'auto' | 'nginx' | 'node',
  { port, folder, core }: { readonly port: number; readonly folder: string; readonly core: number },
): Upstream {
  const nginx = wanted === 'node' ? undefined : findProgram('nginx')
  if (nginx === undefined && wanted === 'nginx')
    throw new Error('nginx is not installed: apt-get install nginx-light, or use --upstream node')
  const own = join(folder, 'upstream')
  mkdirSync(own)
  const command =
    nginx === undefined
      ? [process.execPath, fileURLToPath(new URL('./node-upstream.ts', import.meta.url)), String(port)]
      : prepareNginxUpstream(nginx, { port, folder: own, scenarios })
  return {
    name: nginx === undefined ? 'node' : 'nginx',
    ...start(command, { core, logFile: join(folder, 'upstream.log') }),
  }
}
