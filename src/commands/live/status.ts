// vigia status: asks the admin listener of a running vigia how its upstreams are, and prints it for people or as JSON; with --watch
// again and again, until it is ended.

import type { StatusReport } from '../../admin/contract/status.ts'
import { formatStatus } from '../words/status-table.ts'
import { hereZone, localTimeWithOffset } from '../words/times.ts'
import { fetchStatus, RefusedByVigia, Unreachable } from './client/admin-client.ts'

export interface StatusOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** Print the report as it came. */
  readonly json: boolean
  readonly watch?: boolean
}

/** What the exit code of `vigia status` says. */
const STATUS_EXIT = { allAvailable: 0, somethingOut: 1, unreachable: 2 } as const
const WATCH_MS = 2000
/** To the upper left, and nothing below: what is there is overwritten, so nothing flickers. */
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

export async function status({ admin, json, watch = false }: StatusOptions): Promise<number> {
  if (watch) return follow(admin, json)
  try {
    const report = await fetchStatus(admin)
    console.log(json ? JSON.stringify(report, null, 2) : table(report))
    const available = report.pools.every(pool => pool.upstreams.every(upstream => upstream.state === 'available'))
    return available ? STATUS_EXIT.allAvailable : STATUS_EXIT.somethingOut
  } catch (error) {
    console.error(`vigia: ${wordsFor(error)}`)
    return STATUS_EXIT.unreachable
  }
}

/** Where nobody answers it says so and goes on: that is what one watches for. With --json one report a line. */
async function follow(admin: string, json: boolean): Promise<number> {
  for (;;) {
    const started = performance.now()
    try {
      const report = await fetchStatus(admin)
      if (json) console.log(JSON.stringify(report))
      else show(`${admin}\n${table(report)}`)
    } catch (error) {
      const line = `${localTimeWithOffset(Date.now(), hereZone())}  vigia: ${wordsFor(error)}`
      if (json) console.error(line)
      else show(line)
    }
    await new Promise(resolve => setTimeout(resolve, Math.max(0, WATCH_MS - (performance.now() - started))))
  }
}

function show(text: string): void {
  if (process.stdout.isTTY !== true) return console.log(`${text}\n`)
  process.stdout.write(`${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_LINE}\n${CLEAR_BELOW}`)
}

function table(report: StatusReport): string {
  const isTerminal = process.stdout.isTTY === true
  const color = isTerminal && process.env.NO_COLOR === undefined
  return formatStatus(report, Date.now(), { color, columns: isTerminal ? process.stdout.columns : undefined })
}

function wordsFor(error: unknown): string {
  if (error instanceof Unreachable || error instanceof RefusedByVigia) return error.message
  throw error
}
