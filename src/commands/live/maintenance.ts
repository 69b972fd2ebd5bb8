// vigia maintenance list, add, end, uncancel, extend, confirm, remove: asks a running vigia about its windows, or for one.

import type { OccurrenceReport, WindowReport } from '../../admin/contract/maintenance.ts'
import { ASKED } from '../words/exit-codes.ts'
import { upcomingLine, windowLine, windowLines } from '../words/maintenance-lines.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, sendChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface AskOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** Print what vigia answers. */
  readonly json: boolean
}

export interface ListOptions extends AskOptions {
  /** Only what takes place within so many days. */
  readonly days?: string
}

export interface OrderOptions extends AskOptions {
  readonly reason: string
  readonly by?: string
  readonly force?: boolean
  readonly next?: boolean
  readonly duration?: string
}

/** As the configuration calls them. */
export interface AddOptions extends AskOptions {
  readonly by?: string
  readonly pool?: string
  readonly upstream?: string
  readonly route?: string
  readonly everything?: boolean
  readonly freeze?: boolean
  readonly start: string
  readonly duration?: string
  readonly end?: string
  readonly timeZone: string
  readonly repeat?: string
  readonly except?: readonly string[]
  readonly reason?: string
  readonly behaviour?: string
  readonly lead?: string
  readonly overrun?: string
  readonly onlyWhenHealthy?: boolean
  readonly bypassAddress?: readonly string[]
}

/** Each resolves with the exit code. */
export async function listWindows({ admin, json, days }: ListOptions): Promise<number> {
  if (days !== undefined && !/^\d{1,4}$/.test(days)) {
    console.error(`vigia: --days wants a whole number, not ${JSON.stringify(days)}`)
    return ASKED.unreachable
  }
  try {
    const now = Date.now()
    if (days !== undefined) {
      const answer = (await fetchJson(admin, `/maintenance/upcoming?days=${days}`)) as Upcoming
      const lines = answer.occurrences.map(each => upcomingLine(each, now))
      print(answer, json, lines.length === 0 ? [`Nothing is planned within ${days} days.`] : lines)
    } else {
      const answer = (await fetchJson(admin, '/maintenance')) as { windows: readonly WindowReport[] }
      const lines = answer.windows.flatMap(window => windowLines(window, now))
      print(answer, json, lines.length === 0 ? ['No maintenance is planned.'] : lines)
    }
    return ASKED.done
  } catch (error) {
    return failed('maintenance list', error)
  }
}

export function addWindow(name: string, options: AddOptions): Promise<number> {
  const { admin, json, bypassAddress, by = userName(), ...window } = options
  const bypass = bypassAddress === undefined ? {} : { bypass: { addresses: bypassAddress } }
  return change(`maintenance add ${name}`, { admin, json }, 'POST', '/maintenance', { name, ...window, ...bypass, by })
}

export type OrderVerb = 'end' | 'uncancel' | 'extend' | 'confirm' | 'remove'

export function orderWindow(verb: OrderVerb, name: string, options: OrderOptions): Promise<number> {
  const { admin, json, reason, by = userName(), force, next, duration } = options
  const path = `/maintenance/${encodeURIComponent(name)}`
  const body = { reason, by, duration, ...(force === true ? { force } : {}), ...(next === true ? { next } : {}) }
  const what = `maintenance ${verb} ${name}`
  if (verb === 'remove') return change(what, { admin, json }, 'DELETE', path, body)
  return change(what, { admin, json }, 'POST', `${path}/${verb}`, body)
}

interface Upcoming {
  readonly occurrences: readonly OccurrenceReport[]
}

async function change(
  what: string,
  { admin, json }: AskOptions,
  method: 'POST' | 'DELETE',
  path: string,
  body: object,
): Promise<number> {
  try {
    const answer = (await sendChange(admin, method, path, body)) as {
      window: WindowReport
      warnings: readonly string[]
    }
    for (const warning of answer.warnings) console.error(`warning: ${warning}`)
    const line = method === 'DELETE' ? `window ${answer.window.name} is removed` : windowLine(answer.window, Date.now())
    print(answer, json, [line])
    return ASKED.done
  } catch (error) {
    return failed(what, error)
  }
}

function print(answer: object, json: boolean, lines: readonly string[]): void {
  console.log(json ? JSON.stringify(answer, null, 2) : lines.join('\n'))
}
