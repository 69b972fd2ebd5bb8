// vigia logs: where the access log is, then what of it is wanted (logs/).

import { existsSync } from 'node:fs'
import type { AccessLogReport } from '../admin/contract/status.ts'
import { logs as print, type LogsOptions as Selection } from './logs/logs.ts'
import { ASKED } from './words/exit-codes.ts'

export interface LogsOptions extends Omit<Selection, 'file'> {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** The configuration that says where it is, in the place of the vigia that runs. */
  readonly config?: string
}

/** @param file undefined = it is found out @returns the exit code */
export async function logs(file: string | undefined, { admin, config, ...selection }: LogsOptions): Promise<number> {
  const found = file === undefined ? await whereIsIt(admin, config) : { file }
  if ('file' in found) return print({ ...selection, file: found.file })
  console.error(`vigia: ${found.problem}`)
  return ASKED.unreachable
}

async function whereIsIt(
  admin: string,
  config: string | undefined,
): Promise<{ readonly file: string } | { readonly problem: string }> {
  const log = config === undefined ? await ofRunning(admin) : await ofFile(config)
  if (typeof log === 'string') return { problem: log }
  if (!log.enabled) return { problem: 'the access log is off (configuration key accessLog)' }
  if (log.destination === 'stdout')
    return {
      problem:
        'the access log goes to standard output, so whoever runs vigia has it: journalctl -u vigia -o cat | vigia logs -',
    }
  if (config === undefined && !existsSync(log.destination))
    return {
      problem: `vigia writes its access log to ${log.destination}, which is not on this machine: vigia logs FILE`,
    }
  return { file: log.destination }
}

async function ofRunning(admin: string): Promise<AccessLogReport | string> {
  const { fetchStatus, RefusedByVigia, Unreachable } = await import('./live/client/admin-client.ts')
  try {
    return (await fetchStatus(admin)).accessLog
  } catch (error) {
    if (!(error instanceof RefusedByVigia || error instanceof Unreachable)) throw error
    return `${error.message} Without one: vigia logs FILE, or -c CONFIGURATION`
  }
}

async function ofFile(config: string): Promise<AccessLogReport | string> {
  const { loadConfig } = await import('../config/read/load.ts')
  const { formatProblem } = await import('../config/forms/problem.ts')
  const loaded = loadConfig(config, process.env, 1, 'start')
  if (!loaded.ok) return loaded.problems.map(formatProblem).join('\n')
  const { enabled, destination, sampling } = loaded.snapshot.accessLog
  return { enabled, destination, sampled: sampling !== undefined }
}
