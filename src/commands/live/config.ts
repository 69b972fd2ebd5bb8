// vigia config: shows, checks and applies configurations of a running vigia, tells what was applied before, and goes back.

import { readFileSync } from 'node:fs'
import type { AppliedReport, ApplyReport, CheckReport, DiffReport } from '../../admin/contract/configurations.ts'
import type { Rows } from '../../admin/contract/history.ts'
import { ASKED } from '../words/exit-codes.ts'
import { printable } from '../words/text.ts'
import { hereZone, localTimeWithOffset } from '../words/times.ts'
import { userName } from '../words/user-name.ts'
import { queryText } from './audit.ts'
import { fetchJson, fetchYaml, RefusedByVigia, sendChange } from './client/admin-client.ts'
import { failed } from './operate.ts'

interface Options {
  /** Base URL of the admin listener. */
  readonly admin: string
  readonly json: boolean
}

export interface ApplyOptions extends Options {
  readonly reason: string
  /** Also into the configuration file. */
  readonly write?: boolean
  readonly unrecorded?: boolean
  readonly override?: boolean
  readonly by?: string
}

/** Longer than vigia waits for its workers. */
const TIMEOUT_MS = 40_000

/** @param id in the history; undefined = what is in use */
export function showConfig(id: string | undefined, { admin, json }: Options): Promise<number> {
  return answering('config show', async () => {
    const text = await fetchYaml(admin, id === undefined ? '/config' : `/config/history/${encodeURIComponent(id)}`)
    console.log(json ? JSON.stringify({ text }, null, 2) : text.trimEnd())
  })
}

/** Exit code 1 where it can't be used. */
export function checkConfig(file: string, { admin, json }: Options): Promise<number> {
  return answering('config check', async () => {
    const report = (await sendChange(admin, 'POST', '/config/check', { text: textOf(file) })) as CheckReport
    if (json) console.log(JSON.stringify(report, null, 2))
    else for (const line of checkLines(file, report)) console.log(printable(line))
    return report.valid ? ASKED.done : ASKED.refused
  })
}

export function applyConfig(file: string, { admin, json, by = userName(), ...order }: ApplyOptions): Promise<number> {
  return answering('config apply', async () => {
    const body = { text: textOf(file), by, ...order }
    tellApplied((await sendChange(admin, 'POST', '/config/apply', body, TIMEOUT_MS)) as ApplyReport, json)
  })
}

export function rollBackConfig(id: string, { admin, json, by = userName(), ...order }: ApplyOptions): Promise<number> {
  return answering('config rollback', async () => {
    if (!/^\d{1,15}$/.test(id))
      throw new RefusedByVigia(`${JSON.stringify(id)} is no id: vigia config history lists them`)
    const body = { to: Number(id), by, ...order }
    tellApplied((await sendChange(admin, 'POST', '/config/rollback', body, TIMEOUT_MS)) as ApplyReport, json)
  })
}

export function listConfigs({ admin, json, limit }: Options & { readonly limit: string }): Promise<number> {
  return answering('config history', async () => {
    const page = (await fetchJson(admin, `/config/history?${queryText({ limit })}`)) as Rows<AppliedReport>
    if (json) return void console.log(JSON.stringify(page, null, 2))
    if (page.rows.length === 0) return void console.log('nothing was applied yet')
    for (const { id, at, actor, source, summary } of [...page.rows].reverse())
      console.log(printable(`${id}  ${localTimeWithOffset(at, hereZone())}  by ${actor} (${source}): ${summary}`))
  })
}

/** @param from, to ids in the history; undefined = what is in use */
export function diffConfigs(from: string, to: string | undefined, { admin, json }: Options): Promise<number> {
  return answering('config diff', async () => {
    const diff = (await fetchJson(admin, `/config/diff?${queryText({ from, to })}`)) as DiffReport
    if (json) console.log(JSON.stringify(diff, null, 2))
    else for (const line of diffLines(diff)) console.log(printable(line))
  })
}

async function answering(what: string, ask: () => Promise<unknown>): Promise<number> {
  try {
    const code = await ask()
    return typeof code === 'number' ? code : ASKED.done
  } catch (error) {
    return failed(what, error)
  }
}

/** `-` = standard input. */
function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new RefusedByVigia(`${file} can't be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function checkLines(file: string, { valid, problems, diff }: CheckReport): string[] {
  const lines = problems.map(({ severity, file: included, line, column, path, message }) => {
    const place = `${included ?? file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}`
    return `${place}${path === '' ? '' : `${path}: `}${message}`
  })
  return valid && diff !== null ? [...lines, ...diffLines(diff)] : [...lines, `${file} can't be used`]
}

function diffLines({ changes, total }: DiffReport): string[] {
  if (total === 0) return ['no difference']
  const rest = total - changes.length
  const head = `${total} ${total === 1 ? 'change' : 'changes'}`
  return [head, ...changes.map(change => `  ${change}`), ...(rest > 0 ? [`  and ${rest} more`] : [])]
}

function tellApplied({ outcome, note, ...report }: ApplyReport, json: boolean): void {
  if (json) return console.log(JSON.stringify({ outcome, note, ...report }, null, 2))
  if (outcome.result === 'refused') return
  console.log(
    outcome.result === 'applied'
      ? `revision ${outcome.revision} is in use`
      : `nothing to apply: revision ${outcome.revision} says the same`,
  )
  if (outcome.result === 'applied') for (const line of diffLines(outcome)) console.log(printable(line))
  console.log(note)
}
