// vigia held: lists held requests, shows one, sends them again, drops them, settles one that is in doubt, exports all of them.

import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { HeldContentReport, HeldDetailReport, HeldDoneReport, HeldRows } from '../../admin/contract/held.ts'
import { ASKED } from '../words/exit-codes.ts'
import { contentLines, detailLines, rowLines } from '../words/held-lines.ts'
import { userName } from '../words/user-name.ts'
import { fetchJson, openStream, postChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

interface Asking {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

interface Which {
  readonly route?: string | undefined
  readonly state?: string | undefined
  readonly key?: string | undefined
}

export interface HeldListOptions extends Asking, Which {
  readonly limit: string
  readonly cursor?: string
}

export interface HeldShowOptions extends Asking {
  readonly content: boolean
  readonly reason?: string
  readonly by?: string
}

export interface HeldOrderOptions extends Asking, Which {
  readonly reason: string
  /** All that `route`, `state` and `key` name, in the place of ids. */
  readonly all?: boolean
  readonly ttl?: string
  readonly at?: string
  readonly by?: string
  readonly unrecorded?: boolean
}

export interface HeldSettleOptions extends Asking {
  readonly as: 'done' | 'not-done'
  readonly note: string
  readonly by?: string
  readonly unrecorded?: boolean
}

export interface HeldExportOptions extends Which {
  readonly admin: string
  readonly format: 'csv' | 'ndjson'
  readonly output?: string
}

/** Most ids that the admin API takes at once. */
const CHUNK = 1000

/** Resolves with the exit code. */
export async function heldList({ admin, json, limit, cursor, ...which }: HeldListOptions): Promise<number> {
  try {
    const page = (await fetchJson(admin, `/held?${queryOf({ ...which, limit, cursor })}`)) as HeldRows
    if (json) console.log(JSON.stringify(page, null, 2))
    else for (const line of rowLines(page, Date.now())) console.log(line)
    return ASKED.done
  } catch (error) {
    return failed('held list', error)
  }
}

/** Resolves with the exit code. */
export async function heldShow(id: string, options: HeldShowOptions): Promise<number> {
  const { admin, json, content, reason, by = userName() } = options
  try {
    const path = `/held/${encodeURIComponent(id)}`
    if (!content) {
      const detail = (await fetchJson(admin, path)) as HeldDetailReport
      console.log(json ? JSON.stringify(detail, null, 2) : detailLines(detail, Date.now()).join('\n'))
      return ASKED.done
    }
    if (reason === undefined) {
      console.error('vigia: held show --content needs --reason: that it was read is audited')
      return ASKED.unreachable
    }
    const whole = (await postChange(admin, `${path}/content`, { reason, by })) as HeldContentReport
    console.log(json ? JSON.stringify(whole, null, 2) : contentLines(whole, Date.now()).join('\n'))
    return ASKED.done
  } catch (error) {
    return failed(`held show ${id}`, error)
  }
}

/** Resolves with the exit code; where it is 0, it is done for all of them. */
export async function heldOrder(
  verb: 'retry' | 'drop',
  ids: readonly string[],
  options: HeldOrderOptions,
): Promise<number> {
  const { admin, json, all = false, route, state, key, reason, ttl, at, by = userName(), unrecorded } = options
  const which = { route, state, key }
  if (all === ids.length > 0 || (all && route === undefined && state === undefined && key === undefined)) {
    console.error(`vigia: held ${verb} takes ids, or --all with --route, --state or --key`)
    return ASKED.unreachable
  }
  try {
    const chosen = all ? await idsOf(admin, which) : ids
    const body = {
      reason,
      by,
      ...(ttl !== undefined && { ttl }),
      ...(at !== undefined && { at }),
      ...(unrecorded && { unrecorded }),
    }
    const done: HeldDoneReport[] = []
    for (let from = 0; from < chosen.length; from += CHUNK) {
      const part = { ...body, ids: chosen.slice(from, from + CHUNK) }
      done.push((await postChange(admin, `/held/${verb}`, part)) as HeldDoneReport)
    }
    const came = { done: done.flatMap(each => each.done), left: done.flatMap(each => each.left) }
    return told(came, json, verb === 'retry' ? 'to be sent again' : 'dropped')
  } catch (error) {
    return failed(`held ${verb}`, error)
  }
}

/** Resolves with the exit code; where it is 0, it is settled. */
export async function heldSettle(id: string, options: HeldSettleOptions): Promise<number> {
  const { admin, json, as, note, by = userName(), unrecorded } = options
  try {
    const body = { id, carriedOut: as === 'done', reason: note, by, ...(unrecorded && { unrecorded }) }
    const came = (await postChange(admin, '/held/settle', body)) as HeldDoneReport
    return told(came, json, as === 'done' ? 'settled: it was carried out' : 'settled: it goes again')
  } catch (error) {
    return failed(`held settle ${id}`, error)
  }
}

/** Resolves with the exit code; where it is 0, all are written. */
export async function heldExport({ admin, format, output, ...which }: HeldExportOptions): Promise<number> {
  try {
    const from = await openStream(
      admin,
      `/held/export?${queryOf({ ...which, format })}`,
      {},
      new AbortController().signal,
    )
    if (output === undefined) for await (const chunk of from) process.stdout.write(chunk)
    else await pipeline(from, createWriteStream(output, { mode: 0o600 }))
    return ASKED.done
  } catch (error) {
    const isOfFile = (error as NodeJS.ErrnoException).syscall === 'open'
    const isCut = (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    if (!isOfFile && !isCut) return failed('held export', error)
    const why = isCut ? 'vigia ended it before its end: what came is not all' : (error as Error).message
    console.error(`vigia: held export: ${why}`)
    return ASKED.refused
  }
}

function told({ done, left }: HeldDoneReport, json: boolean, what: string): number {
  if (json) console.log(JSON.stringify({ done, left }, null, 2))
  else {
    console.log(`${done.length === 1 ? done[0] : `${done.length} held requests`} ${what}`)
    for (const { id, why } of left) console.error(`vigia: ${id} was left as it is: ${why}`)
  }
  return left.length === 0 ? ASKED.done : ASKED.refused
}

async function idsOf(admin: string, which: Which): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = (await fetchJson(admin, `/held?${queryOf({ ...which, limit: String(CHUNK), cursor })}`)) as HeldRows
    ids.push(...page.rows.map(({ id }) => id))
    cursor = page.next === null ? undefined : String(page.next)
  } while (cursor !== undefined)
  return ids
}

function queryOf(values: Readonly<Record<string, string | undefined>>): URLSearchParams {
  return new URLSearchParams(Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined))
}
