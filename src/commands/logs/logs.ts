// vigia logs: prints what of the access log is wanted: of its file, the rotated ones included, or of standard input; with --follow also
// what is written from now on. Which file that is, says an option, a configuration, or the vigia that runs.

import type { Readable } from 'node:stream'
import { momentOf, WHAT_MOMENTS_ARE } from '../../config/forms/units.ts'
import { iso } from '../../util/words.ts'
import { ASKED } from '../words/exit-codes.ts'
import { logLine } from '../words/explain/log-line.ts'
import { hereZone } from '../words/times.ts'
import { type LogEntry, parseEntry } from './entry.ts'
import { type Filter, parseFilter } from './filter.ts'
import { follow as followFile } from './follow.ts'
import { endOfLines, linesOf, logFiles, openLog } from './log-files.ts'
import { Output } from './output.ts'

export interface LogsOptions {
  /** Where the log is; `-` = standard input. */
  readonly file: string
  /** The lines as they are. */
  readonly json: boolean
  readonly follow: boolean
  readonly filter: readonly string[]
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** Only the last so many. */
  readonly tail?: string | undefined
}

/** What a follower sees of what came before, where it does not say. */
const TAIL_OF_FOLLOWER = 10

interface Wanted extends Filter {
  /** ISO 8601, UTC: texts are compared. */
  readonly from: string
  readonly to: string
  /** Most lines; Infinity = all. */
  readonly last: number
}

/** Resolves with the exit code: 0 something was found, 1 nothing, 2 wrong usage, or it can't be read. */
export async function logs(options: LogsOptions, input: Readable = process.stdin): Promise<number> {
  const wanted = wantedOf(options)
  if (typeof wanted === 'string') return complain(wanted)
  const { file, json, follow } = options
  const zone = hereZone()
  const output = new Output()
  const print = (line: string, entry: LogEntry) => output.print(json ? line : logLine(entry, zone))
  const selection = new Selection(wanted, print)
  try {
    if (file === '-') {
      for await (const lines of linesOf(input)) await selection.take(lines, output)
      await selection.end(output)
    } else if (follow) await followed(file, selection, output)
    else {
      const missing = await readAll(file, selection, output)
      if (missing !== undefined) return complain(missing)
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EACCES' ? 'not allowed: it is for its owner, and root' : (code ?? message)
    return complain(`the access log ${file} can't be read: ${why}`)
  } finally {
    output.close()
  }
  return selection.found > 0 ? ASKED.done : ASKED.refused
}

/** @param end of the newest file, bytes @returns what is wrong, one line */
async function readAll(path: string, selection: Selection, output: Output, end?: number): Promise<string | undefined> {
  const files = await logFiles(path)
  if (files.length === 0) return `there is no access log ${path}`
  for (const each of files) {
    if (output.isClosed) return undefined
    // Its last line is older.
    if (iso(each.changedMs) < selection.wanted.from) continue
    for await (const lines of linesOf(openLog(each.path, each.path === path ? end : undefined))) {
      if (!(await selection.take(lines, output))) return undefined
    }
  }
  await selection.end(output)
  return undefined
}

/** Until it is ended, or nobody reads any more. */
async function followed(path: string, selection: Selection, output: Output): Promise<void> {
  const ending = new AbortController()
  output.onClosed(() => ending.abort())
  const end = await endOfLines(path)
  await readAll(path, selection, output, end)
  selection.goOn()
  for await (const lines of followFile(path, end, ending.signal)) await selection.take(lines, output)
}

class Selection {
  readonly wanted: Wanted
  readonly #print: (line: string, entry: LogEntry) => void
  /** The last that fit, where only so many are wanted. */
  #kept: (readonly [string, LogEntry])[] = []
  #isFollowing = false
  found = 0

  constructor(wanted: Wanted, print: (line: string, entry: LogEntry) => void) {
    this.wanted = wanted
    this.#print = print
  }

  /** @returns false = nothing that follows can fit, or nobody reads any more */
  async take(lines: readonly string[], output: Output): Promise<boolean> {
    const { needles, from, to, last, fits } = this.wanted
    for (const line of lines) {
      if (needles.some(needle => !line.includes(needle))) continue
      const entry = parseEntry(line)
      if (entry === undefined || entry.time < from || entry.time >= to || !fits(entry)) continue
      this.found += 1
      if (last === Number.POSITIVE_INFINITY || this.#isFollowing) this.#print(line, entry)
      else {
        this.#kept.push([line, entry])
        if (this.#kept.length > 2 * last) this.#kept = this.#kept.slice(-last)
      }
    }
    await output.flush()
    return !output.isClosed
  }

  async end(output: Output): Promise<void> {
    const { last } = this.wanted
    if (last > 0) for (const [line, entry] of this.#kept.slice(-last)) this.#print(line, entry)
    this.#kept = []
    await output.flush()
  }

  /** From now on each line is printed as it comes. */
  goOn(): void {
    this.#isFollowing = true
  }
}

function wantedOf({ filter, since, until, tail, follow }: LogsOptions): Wanted | string {
  const parsed = parseFilter(filter)
  if (typeof parsed === 'string') return parsed
  const nowMs = Date.now()
  const from = since === undefined ? 0 : momentOf(since, nowMs)
  if (from === undefined) return `--since ${JSON.stringify(since)} is ${WHAT_MOMENTS_ARE}`
  const to = until === undefined ? undefined : momentOf(until, nowMs)
  if (until !== undefined && to === undefined) return `--until ${JSON.stringify(until)} is ${WHAT_MOMENTS_ARE}`
  if (tail !== undefined && !/^\d{1,7}$/.test(tail)) return `--tail ${JSON.stringify(tail)} is no number of lines`
  const fallback = follow && since === undefined ? TAIL_OF_FOLLOWER : Number.POSITIVE_INFINITY
  const last = tail === undefined ? fallback : Number(tail)
  return { ...parsed, from: iso(from), to: to === undefined ? '9999' : iso(to), last }
}

function complain(what: string): number {
  console.error(`vigia: ${what}`)
  return ASKED.unreachable
}
