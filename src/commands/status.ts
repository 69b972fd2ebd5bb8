// vigia status: asks the admin listener of a running vigia how its upstreams are, and prints it for people or as JSON.

import type { StatusReport } from '../admin/control-view.ts'
import { fetchStatus, Unreachable } from './admin-client.ts'
import { formatStatus } from './status-table.ts'

export interface StatusOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** Print the report as it came. */
  readonly json: boolean
}

/** What the exit code of `vigia status` says. */
const STATUS_EXIT = { allAvailable: 0, somethingOut: 1, unreachable: 2 } as const

export async function status({ admin, json }: StatusOptions): Promise<number> {
  let report: StatusReport
  try {
    report = await fetchStatus(admin)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    console.error(`vigia: ${error.message}`)
    return STATUS_EXIT.unreachable
  }
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined
  console.log(json ? JSON.stringify(report, null, 2) : formatStatus(report, Date.now(), color))
  const available = report.pools.every(pool => pool.upstreams.every(upstream => upstream.state === 'available'))
  return available ? STATUS_EXIT.allAvailable : STATUS_EXIT.somethingOut
}
