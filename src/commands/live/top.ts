// vigia top: pools and upstreams by what they have to do, again and again, until q; without a terminal one picture of it.

import type { StatusReport } from '../../admin/contract/status.ts'
import { ASKED } from '../words/exit-codes.ts'
import { SORTS, type Sort, topFrame, topPools } from '../words/explain/top-frame.ts'
import { hereZone } from '../words/times.ts'
import { fetchStatus, RefusedByVigia, Unreachable } from './client/admin-client.ts'
import { failed } from './operate.ts'

export interface TopOptions {
  /** Base URL of the admin listener. */
  readonly admin: string
  /** One picture, as JSON. */
  readonly json: boolean
  readonly once?: boolean
  readonly sort: Sort
  /** Seconds between two pictures. */
  readonly delay: string
}

/** Another screen than the one that was there, without a cursor; and back. */
const BEGIN = '\u001b[?1049h\u001b[?25l'
const END = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
/** Between the two looks that one picture takes: errors a second are what came in between. */
const LOOK_MS = 1000
const KEYS = 's sorts otherwise, space looks now, q quits'
const CTRL_C = '\u0003'
const COLUMNS = 80

interface Look {
  readonly report: StatusReport
  /** Monotonic, ms. */
  readonly atMs: number
}

/** Resolves with the exit code. */
export async function top(options: TopOptions): Promise<number> {
  const { admin, json, once = false, sort, delay } = options
  const delayMs = Number(delay) * 1000
  if (!(delayMs >= 200 && delayMs <= 3_600_000)) {
    console.error(`vigia: --delay ${JSON.stringify(delay)} is no number of seconds from 0.2 to 3600`)
    return ASKED.unreachable
  }
  if (json || once || process.stdout.isTTY !== true) return one(admin, json, sort)
  const screen = new Screen(sort)
  try {
    await screen.show(admin, delayMs)
  } finally {
    screen.close()
  }
  return ASKED.done
}

async function one(admin: string, json: boolean, sort: Sort): Promise<number> {
  try {
    const before = await look(admin)
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
    const now = await look(admin)
    const pools = topPools(now.report, { report: before.report, agoMs: now.atMs - before.atMs }, sort)
    const layout = { color: false, columns: COLUMNS, lines: Number.POSITIVE_INFINITY, zone: hereZone(), sort, keys: '' }
    console.log(
      json
        ? JSON.stringify({ at: new Date().toISOString(), pools }, null, 2)
        : topFrame(now.report, pools, Date.now(), layout),
    )
    return ASKED.done
  } catch (error) {
    return failed('top', error)
  }
}

async function look(admin: string): Promise<Look> {
  return { report: await fetchStatus(admin), atMs: performance.now() }
}

class Screen {
  #sort: Sort
  #before: Look | undefined
  #now: Look | undefined
  /** Why there is no newer report. */
  #problem = ''
  #isOver = false
  #wake: () => void = () => {}
  readonly #onKey = (key: Buffer) => this.#press(key.toString())
  readonly #onResize = () => this.#draw()
  readonly #onSignal = () => this.#end()

  constructor(sort: Sort) {
    this.#sort = sort
    process.stdout.write(BEGIN)
    process.stdout.on('resize', this.#onResize)
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal)
    if (process.stdin.isTTY !== true) return
    process.stdin.setRawMode(true).on('data', this.#onKey).resume()
  }

  async show(admin: string, delayMs: number): Promise<void> {
    while (!this.#isOver) {
      const startedMs = performance.now()
      try {
        const now = await look(admin)
        this.#before = this.#now
        this.#now = now
        this.#problem = ''
      } catch (error) {
        if (!(error instanceof Unreachable || error instanceof RefusedByVigia)) throw error
        this.#problem = error.message
      }
      if (this.#isOver) return
      this.#draw()
      await this.#sleep(Math.max(50, delayMs - (performance.now() - startedMs)))
    }
  }

  close(): void {
    process.stdout.off('resize', this.#onResize)
    process.off('SIGINT', this.#onSignal).off('SIGTERM', this.#onSignal)
    if (process.stdin.isTTY === true) process.stdin.setRawMode(false).off('data', this.#onKey).pause()
    process.stdout.write(END)
  }

  #press(keys: string): void {
    for (const key of keys) {
      if (key === 'q' || key === CTRL_C) return this.#end()
      if (key === ' ') this.#wake()
      if (key === 's') {
        this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length]!
        this.#draw()
      }
    }
  }

  #end(): void {
    this.#isOver = true
    this.#wake()
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #draw(): void {
    const { columns = COLUMNS, rows = 24 } = process.stdout
    const text = [this.#problem === '' ? '' : `vigia: ${this.#problem}`, this.#picture(columns, rows)]
      .filter(Boolean)
      .join('\n')
    const lines = text.split('\n').slice(0, rows - 1)
    process.stdout.write(HOME + lines.map(line => `${line}${CLEAR_LINE}\n`).join('') + CLEAR_BELOW)
  }

  #picture(columns: number, rows: number): string {
    const [before, now, sort] = [this.#before, this.#now, this.#sort]
    if (now === undefined) return ''
    const pools = topPools(now.report, before && { report: before.report, agoMs: now.atMs - before.atMs }, sort)
    const color = process.env.NO_COLOR === undefined
    const lines = this.#problem === '' ? rows : rows - 1
    return topFrame(now.report, pools, Date.now(), { color, columns, lines, zone: hereZone(), sort, keys: KEYS })
  }
}
