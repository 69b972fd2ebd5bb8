// vigia status: asks the admin listener of a running vigia how its upstreams are, and prints it for people or as JSON.

import type { StatusReport } from '../admin/control-view.ts'
import { formatStatus } from './status-table.ts'

export interface StatusOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** Print the report as it came. */
  readonly json: boolean
}

const TIMEOUT_MS = 5000

/** What the exit code of `vigia status` says. */
const STATUS_EXIT = { allAvailable: 0, somethingOut: 1, unreachable: 2 } as const

export async function status({ admin, json }: StatusOptions): Promise<number> {
  let report: StatusReport
  try {
    report = await fetchStatus(admin)
  } catch (error) {
    console.error(
      `vigia: no status from ${admin}: ${explain(error)}. Is vigia running, and is this its admin address (--admin URL)?`,
    )
    return STATUS_EXIT.unreachable
  }
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  console.log(json ? JSON.stringify(report, null, 2) : formatStatus(report, Date.now(), color))
  const available = report.pools.every(pool => pool.upstreams.every(upstream => upstream.state === 'available'))
  return available ? STATUS_EXIT.allAvailable : STATUS_EXIT.somethingOut
}

async function fetchStatus(admin: string): Promise<StatusReport> {
  const base = admin.includes('://') ? admin : `http://${admin}`
  const response = await fetch(new URL('/status', base), { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  const report = (await response.json()) as StatusReport
  if (!Array.isArray(report.pools)) throw new Error('what answered there is not vigia')
  return report
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`
  const { cause } = error
  const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
  if (code === 'ECONNREFUSED') return 'connection refused'
  return cause instanceof Error ? cause.message || (code ?? error.message) : error.message
}
